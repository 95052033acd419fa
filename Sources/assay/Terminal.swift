import Glibc
import JSON
import Platform

// Everything that the program writes for people goes through here, so that nothing in a dataset, a reply, a definition or
// a plugin's message can give orders to a terminal.

/// Writes a line to standard error.
func printError(_ line: String) {
    // A message that cannot be written changes nothing.
    _ = write(line.visible + "\n", to: STDERR_FILENO)
}

/// Writes results to standard output.
func printOutput(_ text: String) throws {
    if let failure = write(text.visible, to: STDOUT_FILENO) {
        throw Failure("standard output: the results could not be written: \(systemMessage(failure))")
    }
}

/// The line of a terminal's standard error that is drawn again and again.
enum ProgressLine {
    /// Draws it; on a file or pipe, writes another line.
    static func draw(_ line: String, onTerminal isTerminal: Bool) {
        _ = write(isTerminal ? erasing + line.visible : line.visible + "\n", to: STDERR_FILENO)
    }

    static func erase() { _ = write(erasing, to: STDERR_FILENO) }

    private static let erasing = "\r\u{1B}[K"
}

/// Writes a text to its end. Returns the system's error where that fails.
private func write(_ text: String, to descriptor: Int32) -> Int32? {
    var text = text
    return text.withUTF8 { writeAll(UnsafeRawBufferPointer($0), to: descriptor) ? nil : errno }
}
