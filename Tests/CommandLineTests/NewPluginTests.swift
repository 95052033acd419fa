import FakeModel
import Glibc
import JSON
import Testing

@Suite("assay plugins new begins a plugin that builds and scores")
struct NewPluginTests {
    typealias Kind = String
    static let kinds: [Kind] = ["scorer", "judge"]

    @Test("in C", .enabled(if: Tool.isThere("cc"), "there is no C compiler"), arguments: kinds)
    func c(kind: Kind) throws { try buildAndScore("c", kind) }

    @Test("in C++", .enabled(if: Tool.isThere("c++"), "there is no C++ compiler"), arguments: kinds)
    func cpp(kind: Kind) throws { try buildAndScore("cpp", kind) }

    @Test("in Rust", .enabled(if: Tool.isThere("cargo"), "there is no cargo"), arguments: kinds)
    func rust(kind: Kind) throws { try buildAndScore("rust", kind) }

    @Test("in Swift", .enabled(if: Tool.isThere("swift"), "there is no swift"), arguments: kinds)
    func swift(kind: Kind) throws { try buildAndScore("swift", kind) }

    private func buildAndScore(_ language: String, _ kind: Kind) throws {
        let folder = try TemporaryFolder()
        let new = try folder.assay("plugins", "new", "word-limit", "--language", language, "--kind", kind)
        #expect(new.ending == .status(0), "\(new.errors)")
        #expect(new.output.hasPrefix("Created word-limit."))
        try Tool.make(in: "\(folder.path)/word-limit")
        let test = try Tool.make("test", in: "\(folder.path)/word-limit")
        #expect(test.output.contains("expected.\n"))
        #expect(try Tool.exports(of: "\(folder.path)/word-limit/word-limit.so") == ["assay_plugin_entry"])
        if kind == "judge" { try judge(folder) } else { try score(folder) }
    }

    private func score(_ folder: TemporaryFolder) throws {
        let words = (0..<1_000).map { Array(repeating: "word", count: 1 + $0 % 10).joined(separator: " ") }
        try folder.write(words.map { "{\"generated_answer\": \"\($0)\"}\n" }.joined(), to: "rows.jsonl")
        let result = try folder.assay(
            "score", "rows.jsonl", "--plugin-dir", "word-limit", "--fn-dir", "word-limit/functions", "--fn",
            "word-limit::score", "--output", "out.jsonl")
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(try result.rows("scored", of: "word-limit::score") == 1_000)
        #expect(result.output.contains("\"words_per_answer\": 5.5"), "\(result.output)")
        for (row, line) in lines(of: try folder.read("out.jsonl")).enumerated() {
            let count = 1 + row % 10
            let expected: JSONValue = ["score": JSONValue(min(1, 5 / Double(count))), "words": JSONValue(count)]
            #expect(try JSONValue(parsing: line)["scores"]?["word-limit::score"] == expected)
        }
        let refused = try folder.assay(
            "score", "rows.jsonl", "--plugin-dir", "word-limit", "--fn-dir", "word-limit/functions", "--fn",
            #"word-limit::score={"most": 1}"#)
        #expect(refused.ending == .status(1))
        #expect(
            refused.errors.contains("/most: unknown parameter; expected max_words"), "\(refused.errors)")
    }

    private func judge(_ folder: TemporaryFolder) throws {
        let answers = (0..<1_000).map { "{\"generated_answer\": \"answer \($0)\"}\n" }
        try folder.write(answers.joined(), to: "rows.jsonl")
        let server = try FakeModelServer(
            .answer { request in
                guard let prompt = request.prompt, prompt.hasPrefix("Is this answer polite?\n\nAnswer: answer ") else {
                    return "an unexpected prompt"
                }
                return prompt.contains("7\n") ? "Yes." : prompt.contains("3\n") ? "Well." : "no"
            })
        let result = try folder.assay(
            "score", "rows.jsonl", "--plugin-dir", "word-limit", "--fn-dir", "word-limit/functions", "--fn",
            "word-limit::score", "--judge-model", "fake", "--model-url", server.url, "--no-cache", "--output",
            "out.jsonl")
        #expect(result.ending == .status(3), "\(result.errors)")
        #expect(try result.rows("unparsed", of: "word-limit::score") == 100)
        #expect(try result.rows("scored", of: "word-limit::score") == 900)
        let verdicts = lines(of: try folder.read("out.jsonl"))
        #expect(verdicts[7].contains(#"{"score": 1.0, "judge_feedback": "Yes."}"#), "\(verdicts[7])")
        #expect(verdicts[8].contains(#"{"score": 0.0, "judge_feedback": "no"}"#), "\(verdicts[8])")
    }

    @Test(
        "an exception or a panic costs its row the score, and no other",
        arguments: [
            (
                "cpp", "c++", "scorer.cpp", "const double share", "if (words == 3) throw std::string(\"three\");",
                "an exception that is not a std::exception"
            ),
            (
                "cpp", "c++", "scorer.cpp", "const double share", "if (words == 3) std::string().at(words);",
                "basic_string::at: __n (which is 3) >= this->size() (which is 0)"
            ),
            (
                "rust", "cargo", "src/lib.rs", "call.give_number", "assert!(words != 3, \"{words} words\");",
                "the scorer panicked: 3 words"
            ),
        ])
    func barrier(
        language: String, compiler: String, source: String, place: String, fault: String, message: String
    ) throws {
        guard Tool.isThere(compiler) else { return print("\(language) is left out: there is no \(compiler)") }
        let folder = try TemporaryFolder(["rows.jsonl": ""])
        #expect(try folder.assay("plugins", "new", "broken", "--language", language).ending == .status(0))
        let text = try folder.read("broken/\(source)")
        let index = try #require(text.firstRange(of: place)).lowerBound
        try folder.write("\(text[..<index])\(fault)\n\(text[index...])", to: "broken/\(source)")
        try Tool.make(in: "\(folder.path)/broken")
        let rows = ["one", "two words", "has three words", "more than three words"]
        try folder.write(rows.map { "{\"generated_answer\": \"\($0)\"}\n" }.joined(), to: "rows.jsonl")
        let result = try folder.assay(
            "score", "rows.jsonl", "--plugin-dir", "broken", "--fn-dir", "broken/functions", "--fn", "broken::score",
            "--output", "out.jsonl")
        #expect(result.ending == .status(3), "\(result.errors)")
        #expect(try result.rows("scored", of: "broken::score") == 3)
        let failed = try JSONValue(parsing: lines(of: try folder.read("out.jsonl"))[2])["scores"]?["broken::score"]
        #expect(failed == ["score": .null, "outcome": "scorer_error", "message": .string(message)])
    }

    @Test(
        "a name in another style is offered in the right one",
        arguments: [
            ("json_fields", "json-fields"), ("JsonFields", "json-fields"), ("Json Fields", "json-fields"),
            ("JSON", "json"), ("9lives", "lives"), ("-x-", "x"), ("f1_score", "f1-score"), ("BLEUScore4", "bleuscore4"),
        ])
    func nearNames(name: String, near: String) throws {
        let result = try TemporaryFolder().assay("plugins", "new", "--language", "c", "--output", "x", "--", name)
        #expect(result.ending == .status(64))
        #expect(result.errors.contains("; did you mean \(near)?"), "\(result.errors)")
    }

    @Test("nothing that is there is overwritten")
    func existing() throws {
        let folder = try TemporaryFolder(["mine/scorer.c": "mine"])
        for options in [["mine"], ["other", "--output", "mine"]] {
            let result = try folder.command(["plugins", "new"] + options + ["--language", "c"]).run()
            #expect(result.ending == .status(1))
            #expect(
                result.errors
                    == "Error: mine already exists, and nothing in it was changed; name another folder with --output\n")
        }
        #expect(try folder.read("mine/scorer.c") == "mine")
    }

    @Test(
        "a name that could be none of a file, an id and a package is refused",
        arguments: [
            "", "-x", "x-", "Word", "a b", "a/b", "..", "é", "9x", String(repeating: "x", count: 65),
        ])
    func names(name: String) throws {
        let folder = try TemporaryFolder()
        let result = try folder.assay("plugins", "new", "--language", "c", "--output", "x", "--", name)
        #expect(result.ending == .status(64))
        #expect(result.errors.contains("is not a valid plugin name: expected up to 64 lower-case letters"))
        #expect(folder.size(of: "x/scorer.c") == 0)
    }
}

/// Compilers and the like.
enum Tool {
    static func isThere(_ name: String) -> Bool {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        return path.split(separator: ":").contains { access("\($0)/\(name)", X_OK) == 0 }
    }

    /// Runs make with the executable as it was built.
    @discardableResult
    static func make(_ arguments: String..., in folder: String) throws -> CommandResult {
        var command = Command(arguments: arguments + ["ASSAY=\(Command.builtFolder)/assay"], folder: folder)
        command.executable = "make"
        command.patience = .seconds(600)
        let result = try command.run()
        try #require(result.ending == .status(0), "make \(arguments): \(result.output)\n\(result.errors)")
        return result
    }

    /// The symbols that a shared object shows to others.
    static func exports(of path: String) throws -> [String] {
        var command = Command(arguments: ["-D", "--defined-only", "--extern-only", "-f", "posix", path], folder: "/")
        command.executable = "nm"
        return lines(of: try command.run().output).compactMap { $0.split(separator: " ").first.map(String.init) }
    }
}
