import FakeModel
import JSON
import Testing

@Suite("The example plugins build, pass their tests, and export nothing but their entry")
struct ExamplePluginTests {
    private static let examples =
        #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined() + "/Examples/Plugins"

    @Test(
        "make test",
        arguments: [
            ("keyword-coverage", "cc"), ("corpus-f1", "cc"), ("edit-similarity", "c++"), ("tool-call-match", "cargo"),
            ("yes-no-judge", "cc"), ("two-question-judge", "swift"),
        ])
    func example(name: String, compiler: String) throws {
        guard Tool.isThere(compiler) else { return print("\(name) is left out: there is no \(compiler)") }
        let folder = try TemporaryFolder()
        try Tool.make("test", "BUILD=\(folder.path)/build", in: "\(Self.examples)/\(name)")
        #expect(try Tool.exports(of: "\(folder.path)/build/\(name).so") == ["assay_plugin_entry"])
    }

    @Test("a judge in C and the built-in judge say the same of every row")
    func sameAsBuiltIn() throws {
        let folder = try TemporaryFolder()
        try Tool.make("BUILD=\(folder.path)/build", in: "\(Self.examples)/yes-no-judge")
        let answers: [JSONValue] = [
            "It is so.", "", "Total: {x} \"quoted\"\n\t\u{1}", "😀 é", 18, JSONValue(1.5), true, ["a", 1],
            ["key": .null], .null,
        ]
        let rows = (0..<400).map { index -> String in
            var row: JSONObject = [
                "input_query": .string("question \(index)"), "expected_answer": answers[(index / 7) % 10],
                "generated_answer": answers[index % 10],
            ]
            if index % 41 == 40 { row["input_query"] = nil }
            return JSONValue.object(row).text + "\n"
        }
        try folder.write(rows.joined(), to: "rows.jsonl")
        let replies = [
            "yes", "No", " YES!\n", "no.", "**Yes**", "yes and no", "", "   ", "nope", "Yes, it is.", "1", "n-o",
            "“no”", "oui",
            "y e s", "nein 😀", "No\u{0}", "ſo yeſ",
        ]
        let server = try FakeModelServer(
            .answer { request in
                replies[request.body.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFFFF } % replies.count]
            })
        func verdicts(_ function: String) throws -> [JSONValue] {
            let result = try folder.assay(
                "score", "rows.jsonl", "--plugin-dir", "build", "--fn-dir", "\(Self.examples)/yes-no-judge/functions",
                "--fn", function, "--judge-model", "fake", "--model-url", server.url, "--cache", "cache",
                "--max-retries", "0", "--output",
                "out.jsonl")
            #expect(result.ending == .status(3), "\(result.errors)")
            return try lines(of: try folder.read("out.jsonl")).map { line in
                var verdict = try #require(JSONValue(parsing: line)["scores"]?[function]?.object)
                // Each says in its own words why a reply says nothing.
                if verdict["outcome"] == "unparsed" { verdict["message"] = nil }
                return .object(verdict)
            }
        }
        let own = try verdicts("example::yes_no")
        #expect(Set(own.compactMap { $0["score"]?.text }) == ["true", "false", "null"])
        #expect(try verdicts("example::yes_no_builtin") == own)
        // The requests are the same, so the second judge found all answers in the cache.
        #expect(server.totals.requests == Set(server.requests.map(\.body)).count)
    }
}
