import FakeModel
import Glibc
import JSON
import Testing

@Suite("assay client")
struct ClientCommandTests {
    private static let rows = """
        {"input_query": "1+1", "generated_answer": "It is 2.", "expected_answer": "2"}
        {"input_query": "2+2", "generated_answer": "It is 5.", "expected_answer": "4"}

        """

    private func client(_ folder: TemporaryFolder, _ words: [String], _ serving: Serving, setup: String = "") throws
        -> CommandResult
    {
        try folder.command(["client"] + words + ["--url", serving.url], setup: setup).run()
    }

    @Test("rows of a file are scored on the server as they are here, and nothing of them stays there")
    func scoring() async throws {
        let folder = try TemporaryFolder([
            "rows.jsonl": Self.rows, "table.csv": "generated_answer,expected_answer\nIt is 2.,2\n",
            "incomplete.jsonl": Self.rows
                + "{\"input_query\": \"3+3\", \"generated_answer\": null, \"expected_answer\": \"6\"}\n",
        ])
        let serving = try Serving(folder)
        let there = try client(
            folder, ["score", "rows.jsonl", "--fn", "basic::subset_of", "--output", "out.jsonl"], serving)
        #expect(there.ending == .status(0), "\(there.errors)")
        let here = try folder.command(["score", "rows.jsonl", "--fn", "basic::subset_of"]).run()
        #expect(try JSONValue(parsing: there.output)["results"] == JSONValue(parsing: here.output)["results"])
        let lines = try folder.read("out.jsonl").split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        #expect(lines.map { $0["scores"]?["basic::subset_of"]?["score"] } == [JSONValue(1.0), JSONValue(0.0)])
        #expect(lines[0]["input_query"] == "1+1")
        let table = try client(
            folder, ["score", "table.csv", "--fn", "basic::subset_of", "--format", "table"], serving)
        #expect(
            table.output.contains("1 of 1 rows scored") && table.output.contains("accuracy  1.0"), "\(table.output)")
        let incomplete = try client(folder, ["score", "incomplete.jsonl", "--fn", "basic::subset_of"], serving)
        #expect(incomplete.ending == .status(3), "\(incomplete.errors)")
        let datasets = try await serving.get("/v1/datasets")
        #expect(datasets["data"] == [])
    }

    @Test("a benchmark is run as a job, followed, listed and deleted")
    func benchmarks() async throws {
        let model = try FakeModelServer(.answer { ($0.prompt ?? "").hasSuffix("1+1") ? "2" : "5" })
        let folder = try TemporaryFolder(["rows.jsonl": Self.rows])
        let serving = try Serving(folder, ["--model-url", model.url])
        for words in [
            ["datasets", "register", "sums", "rows.jsonl"],
            ["benchmarks", "register", "maths", "--dataset", "sums", "--fn", "basic::equality"],
        ] {
            let result = try client(folder, words, serving)
            #expect(result.ending == .status(0), "\(words): \(result.errors)")
        }
        let run = try client(
            folder,
            [
                "run-benchmark", "maths", "--model", "fake", "--sampling", "{\"max_tokens\": 16}", "--system-message",
                "Add.",
                "--output", "answers.jsonl", "--format", "table",
            ], serving)
        #expect(run.ending == .status(0), "\(run.errors)")
        #expect(run.output.contains("2 of 2 rows answered") && run.output.contains("accuracy  0.5"), "\(run.output)")
        #expect(model.requests.last?.body.contains("Add.") ?? false)
        #expect(try folder.read("answers.jsonl").contains("\"generated_answer\""))
        let list = try client(folder, ["jobs", "list", "maths", "--format", "table"], serving)
        #expect(list.output.contains("completed") && list.output.contains("fake"), "\(list.output)")
        let id = String(list.output.prefix { $0 != " " })
        #expect(run.errors.contains(id))
        let again = try client(folder, ["jobs", "follow", "maths", id], serving)
        #expect(try JSONValue(parsing: again.output)["scores"]?["basic::equality"]?["rows"]?["scored"] == 2)
        #expect(try client(folder, ["jobs", "delete", "maths", id], serving).ending == .status(0))
        let gone = try client(folder, ["jobs", "show", "maths", id], serving)
        #expect(gone.ending == .status(1) && gone.errors.contains("there is no job"), "\(gone.errors)")
    }

    @Test("an interrupted client leaves the job running, and says how to follow it")
    func interruption() async throws {
        let model = try FakeModelServer(.answer("2").delayed(by: .milliseconds(400)))
        let folder = try TemporaryFolder(["rows.jsonl": Self.rows])
        let serving = try Serving(folder, ["--model-url", model.url, "--max-concurrency", "1"])
        _ = try client(folder, ["datasets", "register", "sums", "rows.jsonl"], serving)
        _ = try client(
            folder, ["benchmarks", "register", "my maths", "--dataset", "sums", "--fn", "basic::equality"], serving)
        let words = ["client", "run-benchmark", "my maths", "--model", "fake", "--url", serving.url]
        let running = try RunningCommand(folder.command(words))
        try running.wait { running.errorText.contains("assay: job ") && running.errorText.hasSuffix("\n") }
        running.send(SIGINT)
        let result = try running.finish()
        #expect(result.ending == .status(130))
        let advice = try #require(
            result.errors.split(separator: "follow it with: assay ").last?.split(separator: "\n").first)
        #expect(advice.hasPrefix("client jobs follow 'my maths' "), "\(result.errors)")
        let id = String(try #require(advice.split(separator: " ").dropFirst(5).first))
        let followed = try client(folder, ["jobs", "follow", "my maths", id], serving)
        #expect(followed.ending == .status(0), "\(followed.errors)")
    }

    @Test("functions, models and the server are listed; what cannot be reached, or asked, is said in a sentence")
    func lists() async throws {
        let folder = try TemporaryFolder(["token": "0123456789abcdef"])
        let serving = try Serving(folder, ["--auth-token-file", "token"])
        let key = ["--api-key-env", "MY_TOKEN"]
        let setup = "export MY_TOKEN=0123456789abcdef"
        let functions = try client(folder, ["functions", "--format", "table"] + key, serving, setup: setup)
        #expect(functions.output.contains("basic::equality  "), "\(functions.errors)")
        let shown = try client(folder, ["functions", "show", "basic::equality"] + key, serving, setup: setup)
        #expect(try JSONValue(parsing: shown.output)["identifier"] == "basic::equality")
        #expect(try client(folder, ["models"] + key, serving, setup: setup).ending == .status(0))
        #expect(try client(folder, ["info", "--format", "table"], serving).output.contains("OK"))
        let refused = try client(folder, ["functions"], serving)
        #expect(refused.ending == .status(1) && refused.errors.contains("--api-key-env"), "\(refused.errors)")
        let unset = try client(folder, ["functions"] + key, serving)
        #expect(unset.ending == .status(1) && unset.errors.contains("MY_TOKEN is not set"), "\(unset.errors)")
        let nobody = try folder.command(["client", "info", "--url", "http://127.0.0.1:1"]).run()
        #expect(
            nobody.ending == .status(1) && nobody.errors.contains("the connection was refused"), "\(nobody.errors)")
        let page = try folder.command(["client", "functions", "--url", serving.url + "/login"]).run()
        #expect(page.ending == .status(1), "\(page.errors)")
        let nonsense = try folder.command(["client", "info", "--url", "h:1"]).run()
        #expect(nonsense.ending == .status(64) && nonsense.errors.contains("--url"))
    }
}
