import Glibc
import Testing

@Suite("What is shown while a run is under way")
struct TerminalTests {
    @Test("a terminal shows a progress bar, which is gone at the end")
    func progressBar() throws {
        let folder = try TemporaryFolder(["rows.jsonl": InterruptionTests.manyRows])
        let terminal = try Terminal()
        let held = try HeldUpRun(folder, [], setup: "exec 2>'\(terminal.path)'")
        try held.running.wait { terminal.text.contains("rows/s") }
        #expect(terminal.text.contains("░ "))
        #expect(terminal.text.contains(" %  "))
        let (result, output) = try held.letGo()
        #expect(result.ending == .status(0))
        #expect(countOfGoodLines(output) == 100_000)
        #expect(terminal.text.hasSuffix("\r\u{1B}[K"))
        #expect(!terminal.text.contains("\n"))
    }

    @Test("a terminal is not told about progress where nobody wants it", arguments: ["--no-progress", "--quiet"])
    func noProgressBar(option: String) throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows])
        let terminal = try Terminal()
        let result = try folder.assay(
            "score", "rows.jsonl", "--fn", "basic::subset_of", option, setup: "exec 2>'\(terminal.path)'")
        #expect(result.ending == .status(0))
        #expect(terminal.text == "")
    }

    @Test("--progress writes plain lines to a file or pipe")
    func plainProgress() throws {
        let folder = try TemporaryFolder()
        let running = try RunningCommand(
            folder.command(["score", "-", "--fn", "basic::subset_of", "--progress", "--format", "table"]))
        try running.feed(Array(threeRows.utf8))
        try running.wait { running.errorText.contains("\n") }
        let result = try running.finish()
        #expect(result.ending == .status(0))
        #expect(lines(of: result.errors).allSatisfy { $0.contains(" rows  ") && $0.contains(" rows/s") })
        #expect(!result.errors.contains("\r") && !result.errors.contains("\u{1B}"))
        #expect(result.output == threeRowsTable)
    }

    @Test("results go to a terminal as a table")
    func tableOnTerminal() throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows])
        let terminal = try Terminal()
        let result = try folder.assay(
            "score", "rows.jsonl", "--fn", "basic::subset_of", setup: "exec >'\(terminal.path)'")
        #expect(result.ending == .status(0))
        #expect(lines(of: terminal.text.filter { $0 != "\r" }.replacingLineEnds) == lines(of: threeRowsTable))
    }

    @Test("rows that are written to a terminal give it no orders")
    func rowsOnTerminal() throws {
        let row = "{\"generated_answer\": \"x\u{9B}31m\u{202E}y\", \"expected_answer\": \"x\"}\n"
        let folder = try TemporaryFolder(["rows.jsonl": row])
        let terminal = try Terminal()
        let result = try folder.assay(
            "score", "rows.jsonl", "--fn", "basic::subset_of", "--with-input", "--output", terminal.path)
        #expect(result.ending == .status(0), "\(result.errors)")
        let text = terminal.text
        #expect(text.contains("x\\u009b31m\\u202ey"), "\(text)")
        #expect(!text.unicodeScalars.contains("\u{9B}") && !text.unicodeScalars.contains("\u{202E}"))
    }
}

extension String {
    /// With the line ends of a file where a terminal has its own.
    fileprivate var replacingLineEnds: String { String(map { $0 == "\r\n" ? "\n" : $0 }) }
}

/// A terminal without a screen.
private final class Terminal {
    /// The device that a process writes to.
    let path: String
    private let screen: Int32
    /// Keeps the device open when no process has it.
    private let device: Int32
    private var bytes: [UInt8] = []

    init() throws {
        var (screen, device): (Int32, Int32) = (-1, -1)
        var name = [CChar](repeating: 0, count: 128)
        try #require(openpty(&screen, &device, &name, nil, nil) == 0)
        (self.screen, self.device) = (screen, device)
        path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        for descriptor in [screen, device] { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(screen, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(device)
        close(screen)
    }

    /// All that was written to it so far.
    var text: String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = read(screen, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
