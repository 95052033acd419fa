import Glibc
import JSON
import Platform

// All output of the program goes through these functions, so that control characters in a dataset, a reply, a definition or
// a plugin's message never reach a terminal.

/// Writes a line to standard error.
func printError(_ line: String) {
    // A message that cannot be written is dropped.
    _ = write(line.visible + "\n", to: STDERR_FILENO)
}

/// Writes results to standard output.
func printOutput(_ text: String) throws {
    if let failure = write(text.visible, to: STDOUT_FILENO) {
        throw Failure("standard output: the results could not be written: \(systemMessage(failure))")
    }
}

/// The number of columns of the terminal that standard output is; nil if it is something else.
func terminalWidth() -> Int? {
    var size = winsize()
    guard isatty(STDOUT_FILENO) == 1, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
        return nil
    }
    return Int(size.ws_col)
}

/// The line on standard error that is redrawn on a terminal.
enum ProgressLine {
    /// Redraws the line; on a file or pipe, writes another line.
    static func draw(_ line: String, onTerminal isTerminal: Bool) {
        _ = write(isTerminal ? erasing + line.visible : line.visible + "\n", to: STDERR_FILENO)
    }

    static func erase() { _ = write(erasing, to: STDERR_FILENO) }

    private static let erasing = "\r\u{1B}[K"
}

/// Writes a text completely. Returns the system's error if that fails.
private func write(_ text: String, to descriptor: Int32) -> Int32? {
    var text = text
    return text.withUTF8 { writeAll(UnsafeRawBufferPointer($0), to: descriptor) ? nil : errno }
}
