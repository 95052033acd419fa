import FakeModel
import Glibc
import Testing

@Suite("Where output lines go")
struct OutputFileTests {
    private static let old = "what took hours\n"

    @Test("a run that has reached its end replaces the file, and keeps its permissions and the link to it")
    func finished() throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows, "results/old.jsonl": Self.old])
        chmod("\(folder.path)/results/old.jsonl", 0o600)
        try folder.link("out.jsonl", to: "results/old.jsonl")
        let result = try folder.assay("score", "rows.jsonl", "--fn", "basic::subset_of", "-o", "out.jsonl")
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(try folder.read("results/old.jsonl") == threeLines)
        #expect(try folder.read("out.jsonl") == threeLines)
        #expect(access("\(folder.path)/results/old.jsonl.partial", F_OK) != 0)
        var status = stat()
        stat("\(folder.path)/results/old.jsonl", &status)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test("with the model's server gone, the results of the earlier run stay")
    func goneServer() throws {
        let judging = try Judging(rows: 300, .answer { _ in "Total rating: 7" })
        #expect(try judging.score().ending == .status(0))
        let first = try judging.folder.read("out.jsonl")
        let again = try judging.folder.command([
            "score", "rows.jsonl", "--fn-dir", "functions", "--fn", "test::rating", "--model-url",
            "http://127.0.0.1:9/v1", "--no-cache", "--max-retries", "0", "--output", "out.jsonl",
        ]).run()
        #expect(again.ending != .status(0), "\(again.errors)")
        #expect(again.errors.contains("out.jsonl.partial"))
        #expect(try judging.folder.read("out.jsonl") == first)
    }

    @Test("a run that is interrupted leaves the earlier results, and its own lines beside them")
    func interrupted() throws {
        let folder = try TemporaryFolder(["out.jsonl": Self.old])
        let running = try RunningCommand(
            folder.command(["score", "-", "--fn", "basic::subset_of", "--output", "out.jsonl"]))
        try running.feed(Array(InterruptionTests.manyRows.utf8))
        try running.wait { running.unreadInput == 0 && folder.size(of: "out.jsonl.partial") > 0 }
        running.send(SIGINT)
        let result = try running.finish(closingInput: false)
        #expect(result.ending == .status(130))
        #expect(result.errors.contains("out.jsonl.partial\n"))
        #expect(try folder.read("out.jsonl") == Self.old)
        #expect(countOfGoodLines(try folder.read("out.jsonl.partial")) == 100_000)
    }

    @Test("a run that cannot start leaves what an earlier one left unfinished")
    func unfinishedBefore() throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows, "out.jsonl.partial": Self.old])
        let result = try folder.assay(
            "score", "rows.jsonl", "--fn", "basic::subset_of", "--where", "x=1", "-o", "out.jsonl")
        #expect(result.ending == .status(1))
        #expect(try folder.read("out.jsonl.partial") == Self.old)
        #expect(access("\(folder.path)/out.jsonl", F_OK) != 0)
    }

    @Test(
        "a name that says that the file is something else is refused", arguments: ["a.csv", "a.parquet", "b.jsonl.gz"])
    func foreignNames(name: String) throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows])
        let result = try folder.assay("score", "rows.jsonl", "--fn", "basic::subset_of", "-o", name)
        #expect(result.ending == .status(64))
        #expect(result.errors.contains("the output is JSON Lines"))
        #expect(access("\(folder.path)/\(name)", F_OK) != 0)
    }

    @Test("standard output takes lines and results one after the other, also where it is a file")
    func standardOutput() throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows])
        let result = try folder.assay(
            "score", "rows.jsonl", "--fn", "basic::subset_of", "-o", "/dev/stdout", "--format", "table",
            setup: "exec >all.txt")
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(try folder.read("all.txt") == threeLines + threeRowsTable)
    }

    @Test("the dataset is not overwritten by the lines of an unfinished run either")
    func partialIsDataset() throws {
        let folder = try TemporaryFolder(["out.jsonl.partial": threeRows])
        try folder.link("rows.jsonl", to: "out.jsonl.partial")
        let result = try folder.assay("score", "rows.jsonl", "--fn", "basic::subset_of", "-o", "out.jsonl")
        #expect(result.ending == .status(1))
        #expect(result.errors.contains("would overwrite the dataset"))
        #expect(try folder.read("out.jsonl.partial") == threeRows)
    }

    @Test("two runs do not write to one file")
    func twoRuns() throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows])
        let running = try RunningCommand(folder.command(["score", "-", "--fn", "basic::subset_of", "-o", "out.jsonl"]))
        try running.wait { access("\(folder.path)/out.jsonl.partial", F_OK) == 0 }
        let other = try folder.assay("score", "rows.jsonl", "--fn", "basic::subset_of", "-o", "out.jsonl")
        #expect(other.ending == .status(1))
        #expect(other.errors.contains("another run is writing to it"))
        try running.feed(Array(threeRows.utf8))
        #expect(try running.finish().ending == .status(0))
        #expect(try folder.read("out.jsonl") == threeLines)
    }

    @Test("lines of a judged run are in the file as its rows are done, long before its end")
    func linesAppear() throws {
        let judging = try Judging(
            rows: 2000,
            .choosing { request in
                (request.prompt ?? "").contains("number 1999")
                    ? .stall(.beforeHead) : .answer { _ in "Total rating: 7" }
            })
        let running = try RunningCommand(judging.command(["--progress", "--max-concurrency", "8"]))
        try running.wait { judging.folder.size(of: "out.jsonl.partial") > 100_000 && running.errorText.contains(" % ") }
        // One row is not answered, so it is not done.
        #expect(!running.errorText.contains("100 %"))
        #expect(running.errorText.contains(" model replies"))
        running.send(SIGKILL)
        _ = try running.finish()
    }
}

@Suite("Pipes that nobody has the other end of")
struct PipeTests {
    @Test(
        "the first signal ends every wait",
        arguments: [
            (["in.jsonl", "--fn", "basic::equality"], SIGINT), (["in.jsonl", "--fn", "basic::equality"], SIGTERM),
            (["rows.jsonl", "--fn", "basic::equality", "--output", "out"], SIGINT),
            (["rows.jsonl", "--fn", "basic::equality=options"], SIGTERM),
        ])
    func waits(arguments: [String], signal: Int32) throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows])
        for name in ["in.jsonl", "out", "options"] { try folder.makePipe(name) }
        let running = try RunningCommand(folder.command(["score"] + arguments))
        // Nothing shows that it waits; half a second is long enough to begin to.
        usleep(500_000)
        #expect(running.isRunning)
        running.send(signal)
        #expect(try running.finish(closingInput: false).ending == .status(130))
    }

    @Test("a configuration that is a pipe is refused at once")
    func configuration() throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows, "functions/judge.json": ratingJudge])
        try folder.makePipe("models.json")
        let result = try folder.assay(
            "score", "rows.jsonl", "--fn-dir", "functions", "--fn", "test::rating", "--config", "models.json")
        #expect(result.ending == .status(1))
        #expect(result.errors.contains("models.json"))
    }

    @Test("rows are read from a pipe that somebody writes to later")
    func laterWriter() throws {
        let folder = try TemporaryFolder()
        try folder.makePipe("in.jsonl")
        let running = try RunningCommand(
            folder.command(["score", "in.jsonl", "--fn", "basic::subset_of", "--format", "table"]))
        usleep(300_000)
        try folder.write(threeRows, to: "in.jsonl")
        let result = try running.finish()
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(result.output == threeRowsTable)
    }
}
