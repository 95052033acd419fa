import Glibc
import Testing

@Suite("A run that is stopped keeps what was done")
struct InterruptionTests {
    /// More rows than are in work at any time, so that a run that is held up has not read them all.
    static let manyRows = String(repeating: goodRow, count: 100_000)

    @Test("on standard input that never ends", arguments: [SIGINT, SIGTERM])
    func endlessInput(signal: Int32) throws {
        let folder = try TemporaryFolder()
        let running = try RunningCommand(
            folder.command(["score", "-", "--fn", "basic::subset_of", "--output", "out.jsonl"]))
        try running.feed(Array(Self.manyRows.utf8))
        try running.wait { running.unreadInput == 0 && folder.size(of: "out.jsonl.partial") > 0 }
        running.send(signal)
        let result = try running.finish(closingInput: false)
        #expect(result.ending == .status(130))
        #expect(result.errors.hasPrefix("assay: stopping "))
        #expect(
            result.errors.hasSuffix(
                "assay: interrupted; the results cover only the completed rows, which are in out.jsonl.partial\n"
            ))
        #expect(folder.size(of: "out.jsonl") == 0)
        // All that had been read, it has scored.
        #expect(countOfGoodLines(try folder.read("out.jsonl.partial")) == 100_000)
        #expect(result.output.contains("\"total\": 100000,"))
    }

    @Test("on standard input in the middle of a row: that is not a row without a score")
    func middleOfRow() throws {
        let folder = try TemporaryFolder()
        let running = try RunningCommand(
            folder.command(["score", "-", "--fn", "basic::subset_of", "--output", "out.jsonl"]))
        try running.feed(Array((Self.manyRows + goodRow.prefix(30)).utf8))
        try running.wait { running.unreadInput == 0 && folder.size(of: "out.jsonl.partial") > 0 }
        running.send(SIGINT)
        let result = try running.finish(closingInput: false)
        #expect(result.ending == .status(130))
        #expect(countOfGoodLines(try folder.read("out.jsonl.partial")) == 100_000)
        #expect(result.output.contains("\"input_error\": 0,"))
    }

    @Test("on standard input that has given a few rows only: they have been read, and are scored")
    func fewRows() throws {
        let folder = try TemporaryFolder()
        let running = try RunningCommand(
            folder.command(["score", "-", "--fn", "basic::subset_of", "--output", "out.jsonl"]))
        try running.feed(Array(String(repeating: goodRow, count: 3).utf8))
        try running.wait { running.unreadInput == 0 }
        running.send(SIGINT)
        let result = try running.finish(closingInput: false)
        #expect(result.ending == .status(130))
        #expect(countOfGoodLines(try folder.read("out.jsonl.partial")) == 3)
        #expect(result.output.contains("\"total\": 3,"))
    }

    @Test("on a file in the middle", arguments: [SIGINT, SIGTERM], ["1", "2"])
    func bigFile(signal: Int32, jobs: String) throws {
        let folder = try TemporaryFolder(["rows.jsonl": Self.manyRows])
        let held = try HeldUpRun(folder, ["--jobs", jobs])
        held.running.send(signal)
        try held.running.wait { held.running.errorText.contains("assay: stopping") }
        let (result, output) = try held.letGo()
        #expect(result.ending == .status(130))
        let count = countOfGoodLines(output)
        #expect((1..<100_000).contains(count))
        #expect(result.output.contains("\"total\": \(count),"))
        #expect(result.output.contains("\"num_correct\": \(count),"))
    }

    @Test("a second signal ends it at once")
    func secondSignal() throws {
        let folder = try TemporaryFolder(["rows.jsonl": Self.manyRows])
        let held = try HeldUpRun(folder, [])
        held.running.send(SIGINT)
        try held.running.wait { held.running.errorText.contains("assay: stopping") }
        // One that comes at once, as from a terminal and from `timeout`, is the first again.
        held.running.send(SIGINT)
        usleep(700_000)
        #expect(held.running.isRunning)
        held.running.send(SIGINT)
        // Nobody reads its output, so it can end in no other way.
        #expect(try held.running.finish(closingInput: false).ending == .status(130))
    }

    @Test("a kill leaves whole lines, but perhaps the last")
    func kill() throws {
        let folder = try TemporaryFolder()
        let running = try RunningCommand(
            folder.command(["score", "-", "--fn", "basic::subset_of", "--output", "out.jsonl"]))
        try running.feed(Array(Self.manyRows.utf8))
        try running.wait { folder.size(of: "out.jsonl.partial") > 0 }
        running.send(SIGKILL)
        #expect(try running.finish(closingInput: false).ending == .signal(SIGKILL))
        #expect(countOfGoodLines(try folder.read("out.jsonl.partial"), mayBreakOff: true) > 0)
    }
}

/// A run on `rows.jsonl` that cannot go on, since its output is a pipe that nobody reads.
final class HeldUpRun {
    let running: RunningCommand
    private let reader: Int32

    init(_ folder: TemporaryFolder, _ options: [String], setup: String = "") throws {
        try folder.makePipe("out")
        reader = open("\(folder.path)/out", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        try #require(reader >= 0)
        running = try RunningCommand(
            folder.command(["score", "rows.jsonl", "--fn", "basic::subset_of", "-o", "out"] + options, setup: setup))
        let reader = self.reader
        try running.wait {
            var count: Int32 = 0
            return ioctl(reader, UInt(FIONREAD), &count) == 0 && count > 0
        }
    }

    deinit {
        close(reader)
    }

    /// Reads its output until it ends.
    func letGo() throws -> (result: CommandResult, output: String) {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        try running.wait {
            while true {
                let count = read(reader, &buffer, buffer.count)
                // 0 is the end; less is that there is nothing now.
                if count <= 0 { return count == 0 }
                bytes += buffer[..<count]
            }
        }
        return (try running.finish(), String(decoding: bytes, as: UTF8.self))
    }
}
