import FakeModel
import JSON
import Testing

@Suite("assay evaluate --samples asks each row several times")
struct SampleTests {
    /// Rows of which the first two are equal, and a model that counts what it is asked.
    private func evaluate(_ arguments: [String], rows: Int = 3) throws -> (
        result: CommandResult, lines: [JSONValue], server: FakeModelServer, folder: TemporaryFolder
    ) {
        let questions = (0..<rows).map {
            #"{"question": "Number \#(max(1, $0))?", "answer": "reply 1", "sample": "own"}"#
        }
        let folder = try TemporaryFolder(["rows.jsonl": questions.joined(separator: "\n") + "\n"])
        let server = try FakeModelServer(.answer { "reply \($0.number % 2)" })
        let result = try folder.command(
            [
                "evaluate", "rows.jsonl", "--model", "fake", "--model-url", server.url, "--cache", "cache", "--fn",
                "basic::equality", "-o", "out.jsonl",
            ] + arguments
        ).run()
        return (result, try lines(of: folder.read("out.jsonl")).map { try JSONValue(parsing: $0) }, server, folder)
    }

    private static let warm = ["--sampling", #"{"temperature": 0.7}"#]

    @Test("each sample is a request and a line of its own, with the row's number, and all are aggregated")
    func samples() throws {
        let (result, lines, server, folder) = try evaluate(["--samples", "4"] + Self.warm)
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(lines.map { $0["row"] } == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2])
        #expect(lines.map { $0["sample"] } == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3])
        #expect(try result.rows("total", of: "basic::equality") == 12)
        #expect(try result.value("generation", "samples") == 4)
        // Samples of a row resemble one another, so that errors and intervals are by row.
        let results = try result.value("results", "basic::equality")
        #expect(results["samples"]?["questions"] == 3)
        #expect(results["samples"]?["least"] == 4 && results["samples"]?["most"] == 4)
        #expect(results["samples"]?["pass_at_k"]?.object?.keys == ["1", "2", "4"])
        #expect(results["interval"]?["accuracy"]?["clusters"] == 3)
        // Equal rows share the answers to each of their samples.
        #expect(server.totals.requests == 8)
        #expect(!result.errors.contains("temperature"))
        let again = try folder.command(
            [
                "evaluate", "rows.jsonl", "--model", "fake", "--model-url", server.url, "--cache", "cache", "--fn",
                "basic::equality", "-o", "again.jsonl", "--samples", "4",
            ] + Self.warm
        ).run()
        #expect(again.ending == .status(0))
        #expect(server.totals.requests == 8)
        #expect(try folder.read("again.jsonl") == folder.read("out.jsonl"))
    }

    @Test("more samples later ask for the new ones only, and the first is that of a run without")
    func moreSamples() throws {
        let (_, first, server, folder) = try evaluate(Self.warm)
        #expect(first.allSatisfy { $0["sample"] == "own" })
        #expect(server.totals.requests == 2)
        let more = try folder.command(
            [
                "evaluate", "rows.jsonl", "--model", "fake", "--model-url", server.url, "--cache", "cache", "--fn",
                "basic::equality", "-o", "more.jsonl", "--samples", "3",
            ] + Self.warm
        ).run()
        #expect(more.ending == .status(0), "\(more.errors)")
        #expect(server.totals.requests == 6)
    }

    @Test("--limit and --where count rows, and --by tells them apart")
    func limits() throws {
        let (result, lines, _, _) = try evaluate(
            ["--samples", "2", "--limit", "2", "--where", "question!=Number 9?", "--by", "question"] + Self.warm)
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(lines.map { $0["row"] } == [0, 0, 1, 1])
        #expect(try result.value("results", "basic::equality", "by")["question"]?.array?.count == 1)
    }

    @Test("at temperature 0 it warns")
    func temperatureZero() throws {
        let (result, _, _, _) = try evaluate(["--samples", "2"])
        #expect(result.errors.contains("at temperature 0, most models answer all 2 samples of a row identically"))
    }

    @Test("the column that is read as the expected answer is named")
    func expectedAnswer() throws {
        let (result, _, _, _) = try evaluate([])
        #expect(result.errors.contains("expected_answer is read from the column \"answer\""))
        let (mapped, _, _, _) = try evaluate(["--map", "expected_answer=answer"])
        #expect(!mapped.errors.contains("expected_answer is read from"))
    }
}
