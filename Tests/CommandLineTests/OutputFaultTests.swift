import Glibc
import Testing

@Suite("Results that cannot be written")
struct OutputFaultTests {
    @Test("a full disk ends the run with a message")
    func fullDisk() throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows])
        let result = try folder.assay("score", "rows.jsonl", "--fn", "basic::subset_of", "--output", "/dev/full")
        #expect(result.ending == .status(1))
        #expect(result.errors.hasPrefix("Error: /dev/full: could not be written completely: No space left on device"))
        // None is.
        #expect(!result.errors.contains("the completed rows are in"))
    }

    @Test("a file that may not grow on ends on a whole line", arguments: ["1", "2"])
    func fileSizeLimit(jobs: String) throws {
        let folder = try TemporaryFolder(["rows.jsonl": String(repeating: goodRow, count: 20_000)])
        let result = try folder.assay(
            "score", "rows.jsonl", "--fn", "basic::subset_of", "--output", "out.jsonl", "--jobs", jobs,
            setup: "ulimit -f 1000; trap '' XFSZ")
        #expect(result.ending == .status(1))
        #expect(result.errors.hasPrefix("Error: out.jsonl: could not be written completely: File too large"))
        let count = countOfGoodLines(try folder.read("out.jsonl.partial"))
        #expect((1..<20_000).contains(count))
        // A number of rows that the message names is that of the rows that are there.
        let numbers = result.errors.split { !$0.isNumber && $0 != "," }.compactMap { Int($0.filter(\.isNumber)) }
        #expect(numbers.allSatisfy { $0 == count })
    }

    @Test(
        "results that cannot be written to standard output are a failure, and the rows are kept",
        arguments: [
            ("exec >/dev/full", "No space left on device"), ("exec >&-", "Bad file descriptor"),
        ])
    func standardOutput(setup: String, reason: String) throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows])
        let result = try folder.assay(
            "score", "rows.jsonl", "--fn", "basic::subset_of", "-o", "out.jsonl", setup: setup)
        #expect(result.ending == .status(1))
        #expect(result.errors == "Error: standard output: the results could not be written: \(reason)\n")
        #expect(try folder.read("out.jsonl") == threeLines)
    }

    @Test("a reader that has gone away is a failure with a message")
    func closedPipe() throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows])
        var command = folder.command(["score", "rows.jsonl", "--fn", "basic::subset_of", "-o", "out.jsonl"])
        command.closesOutput = true
        let result = try command.run()
        #expect(result.ending == .status(1))
        #expect(result.errors == "Error: standard output: the results could not be written: Broken pipe\n")
        #expect(try folder.read("out.jsonl") == threeLines)
    }

    @Test(
        "descriptors that are closed at the start do no harm",
        arguments: [
            ("exec <&-", Ending.status(0)), ("exec 2>&-", .status(0)), ("exec >&- 2>&-", .status(1)),
            ("exec <&- >&- 2>&-", .status(1)), ("exec <&- 2>&-", .status(0)),
        ])
    func closedDescriptors(setup: String, ending: Ending) throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows])
        let result = try folder.assay(
            "score", "rows.jsonl", "--fn", "basic::subset_of", "-o", "out.jsonl", "--format", "table", setup: setup)
        #expect(result.ending == ending)
        #expect(result.output == (ending == .status(0) ? threeRowsTable : ""))
        #expect(try folder.read("out.jsonl") == threeLines)
    }

    @Test("closed standard input is no dataset")
    func closedInput() throws {
        let folder = try TemporaryFolder()
        let result = try folder.assay("score", "-", "--fn", "basic::subset_of", "-o", "out.jsonl", setup: "exec <&-")
        #expect(result.ending == .status(1))
        #expect(result.errors.hasPrefix("Error: standard input: cannot be read: "))
    }

    @Test("messages never end up in the output, also where standard error is closed")
    func closedStandardError() throws {
        let folder = try TemporaryFolder()
        let running = try RunningCommand(
            folder.command(["score", "-", "--fn", "basic::subset_of", "-o", "out.jsonl"], setup: "exec 2>&-"))
        try running.feed(Array(String(repeating: goodRow, count: 20_000).utf8))
        try running.wait { running.unreadInput == 0 && folder.size(of: "out.jsonl.partial") > 0 }
        // What is said of an interruption would be written now.
        running.send(SIGINT)
        #expect(try running.finish(closingInput: false).ending == .status(130))
        #expect(countOfGoodLines(try folder.read("out.jsonl.partial")) > 0)
    }

    @Test(
        "the dataset is not overwritten by its own output",
        arguments: [
            ("rows.jsonl", "rows.jsonl"), ("rows.jsonl", "./rows.jsonl"), ("rows.jsonl", "link.jsonl"),
            ("link.jsonl", "rows.jsonl"), ("-", "rows.jsonl"),
        ])
    func sameFile(dataset: String, output: String) throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows])
        try folder.link("link.jsonl", to: "rows.jsonl")
        let result = try folder.assay(
            "score", dataset, "--fn", "basic::subset_of", "--output", output, setup: "exec <rows.jsonl")
        #expect(result.ending == .status(1))
        #expect(result.errors.hasPrefix("Error: \(output): the output would overwrite the dataset"))
        #expect(try folder.read("rows.jsonl") == threeRows)
    }
}
