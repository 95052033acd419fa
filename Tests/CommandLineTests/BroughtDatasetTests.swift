import FakeModel
import Glibc
import JSON
import NIOHTTP1
import Testing

/// The datasets in the folder Data.
private let dataFolder = #filePath.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/Data"

@Suite("Datasets are read as people bring them")
struct BroughtDatasetTests {
    /// The scores of a run over a dataset of the folder Data, and the run's result.
    private func score(
        _ dataset: String, _ arguments: [String], function: String = "basic::subset_of"
    ) throws -> (scores: [JSONValue?], result: CommandResult) {
        let folder = try TemporaryFolder()
        let result = try folder.command(
            ["score", "\(dataFolder)/\(dataset)", "--fn", function, "-o", "out.jsonl"] + arguments
        ).run()
        guard result.ending == .status(0) || result.ending == .status(3) else { return ([], result) }
        let lines = try folder.read("out.jsonl").split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        return (lines.map { $0["scores"]?[function]?["score"] }, result)
    }

    private let right = JSONValue(1.0)
    private let wrong = JSONValue(0.0)

    @Test(
        "tables with other separators, encodings and columns without names",
        arguments: [
            ("semicolons.csv", []), ("semicolons.csv", ["--delimiter", "semicolon"]), ("utf16.csv", []),
            ("cp1252.csv", ["--encoding", "windows-1252"]), ("cp1252.csv", ["--encoding", "latin1", "--with-input"]),
            ("unnamed_columns.csv", []), ("unnamed_columns.csv", ["--with-input"]), ("lines_called.json", []),
        ])
    func tables(name: String, arguments: [String]) throws {
        let (scores, result) = try score(name, arguments)
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(!scores.isEmpty && scores.allSatisfy { $0 == right })
    }

    @Test("a delimiter that was found is said, and one that is said is not")
    func foundDelimiter() throws {
        #expect(try score("semicolons.csv", []).result.errors.contains("separated by semicolons, not commas"))
        #expect(try score("semicolons.csv", ["--delimiter", ";"]).result.errors == "")
        let wrong = try score("semicolons.csv", ["--delimiter", "comma"]).result
        #expect(wrong.ending == .status(1))
        #expect(wrong.errors.contains("input_query;generated_answer;expected_answer"))
    }

    @Test("a row in another encoding costs itself only, and says which option to try")
    func otherEncoding() throws {
        let (scores, result) = try score("cp1252.csv", [])
        #expect(result.ending == .status(3))
        #expect(scores == [right, .null])
        let folder = try TemporaryFolder()
        _ = try folder.assay("score", "\(dataFolder)/cp1252.csv", "--fn", "basic::subset_of", "-o", "out.jsonl")
        #expect(try folder.read("out.jsonl").contains("try --encoding windows-1252"))
    }

    @Test("a table without a header has numbered columns, or those that are named")
    func noHeader() throws {
        let mapping = ["--map", "generated_answer=column_2", "--map", "expected_answer=column_4"]
        #expect(try score("no_header.csv", ["--no-header"] + mapping).scores == [wrong, wrong, wrong])
        let names = ["--columns", "question,A,B,C,D,answer"]
        let mapped = ["--map", "generated_answer=answer", "--map", "expected_answer=answer"]
        #expect(try score("no_header.csv", names + mapped).scores == [right, right, right])
        let few = try score("no_header.csv", ["--columns", "a,b"] + mapping).result
        #expect(few.errors.contains("the first row has 6 cells, but --columns names 2"))
    }

    @Test("NaN in a column that nobody asks for costs no score, and is written as null")
    func notANumber() throws {
        for arguments in [[], ["--with-input"]] {
            let (scores, result) = try score("nan.jsonl", arguments)
            #expect(result.ending == .status(0), "\(result.errors)")
            #expect(scores == [right, right])
            #expect(result.errors.contains("1 value that JSON does not have") == !arguments.isEmpty)
        }
    }

    @Test("places within columns are mapped by their paths")
    func paths() throws {
        let turns = ["--map", "generated_answer=choices[0].turns[0]", "--map", "expected_answer=/choices/0/turns/0"]
        #expect(try score("nested_turns.jsonl", turns).scores == [right])
        #expect(
            try score("nested_messages.jsonl", ["--map", "generated_answer=messages[-1].content"]).scores == [right])
        let first = ["--map", "generated_answer=messages[0].content"]
        #expect(try score("nested_messages.jsonl", first).scores == [wrong])
        let filtered = try score(
            "nested_messages.jsonl",
            ["--map", "generated_answer=messages[-1].content", "--where", "messages[1].role=assistant"])
        #expect(filtered.scores == [right])
    }

    @Test(
        "a path that no row has stops the run, with what is there",
        arguments: [
            ("choices[0].turn", "\"choices[0]\" is an object with the members \"index\", \"turns\""),
            ("choices[0].turns[2]", "\"choices[0].turns\" is an array of 2 elements"),
            ("choices[0", "As a path, \"choices[0\" is not valid: character 10: a ] is missing here"),
            ("choice[0]", "The columns are \"question_id\", \"model_id\", \"choices\"."),
        ])
    func missingPaths(path: String, message: String) throws {
        let mapping = ["--map", "generated_answer=\(path)", "--map", "expected_answer=model_id"]
        let result = try score("nested_turns.jsonl", mapping).result
        #expect(result.ending == .status(1))
        #expect(result.errors.contains(message), "\(result.errors)")
    }

    @Test("a row that does not go as far as a path says how far it goes, and the others are scored")
    func shortRows() throws {
        let folder = try TemporaryFolder([
            "rows.jsonl": """
            {"resps": [["18"]], "expected_answer": "18"}
            {"resps": [[]], "expected_answer": "18"}
            {"resps": [null], "expected_answer": "18"}
            {"resps": [["18"]], "resps[0][0]": "literal", "expected_answer": "18"}

            """
        ])
        let result = try folder.assay(
            "score", "rows.jsonl", "--fn", "basic::subset_of", "--map", "generated_answer=resps[0][0]", "-o",
            "out.jsonl")
        #expect(result.ending == .status(3))
        let output = try folder.read("out.jsonl").split(separator: "\n")
        #expect(output[0].contains("\"score\": 1.0"))
        #expect(output[1].contains(#"(from \"resps[0][0]\"): \"resps[0]\" is an array of 0 elements"#))
        #expect(output[2].contains(#"\"resps[0]\" is null"#))
        #expect(output[3].contains("\"score\": 0.0"))
    }

    @Test("lists as Python prints them are lists where lists are read")
    func pythonLists() throws {
        let server = try FakeModelServer(.answer { $0.prompt?.contains("B. Vienna") == true ? "B" : "none" })
        let folder = try TemporaryFolder([
            "benchmark.json": """
            {"scoring_functions": ["basic::equality"], "metadata": {"generation": {
             "prompt_template": "{question}\\n{choices}", "choices_column": "choices", "map": {"expected_answer": "answer"}}}}
            """
        ])
        let result = try folder.command([
            "evaluate", "\(dataFolder)/python_lists.csv", "--benchmark", "benchmark.json", "--model", "fake",
            "--model-url",
            server.url, "--no-cache", "-o", "out.jsonl",
        ]).run()
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(try folder.read("out.jsonl").contains("\"score\": 1.0"))
        let docvqa = try TemporaryFolder([
            "rows.csv": "generated_answer,expected_answer\nVienna,\"['Graz', 'vienna']\"\n",
            "rows.jsonl": #"{"generated_answer": "Vienna", "expected_answer": ["Graz", "vienna"]}"# + "\n",
        ])
        for name in ["rows.csv", "rows.jsonl"] {
            let result = try docvqa.assay("score", name, "--fn", "basic::docvqa", "--format", "json")
            #expect(result.ending == .status(0), "\(result.errors)")
            #expect(result.output.contains("\"num_correct\": 1"))
        }
    }

    @Test("evaluate reads NaN, and paths in --map, as score does")
    func evaluated() throws {
        let server = try FakeModelServer(.answer { _ in "4" })
        let folder = try TemporaryFolder([
            "rows.jsonl": #"{"chat": [{"content": "2+2?"}], "gold": {"text": ["4"]}, "difficulty": NaN}"# + "\n"
        ])
        let result = try folder.command([
            "evaluate", "rows.jsonl", "--fn", "basic::equality", "--map", "question=chat[0].content", "--map",
            "expected_answer=gold.text[0]", "--model", "fake", "--model-url", server.url, "--no-cache", "-o",
            "out.jsonl",
        ]).run()
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(result.errors.contains("1 value that JSON does not have"))
        let line = try JSONValue(parsing: folder.read("out.jsonl"))
        #expect(line["difficulty"] == .null && line["scores"]?["basic::equality"]?["score"] == JSONValue(1.0))
        #expect(server.totals.answered == 1)
        let missing = try folder.command([
            "evaluate", "rows.jsonl", "--fn", "basic::equality", "--map", "question=chat[1].content", "--map",
            "expected_answer=gold.text[0]", "--model", "fake", "--model-url", server.url, "--no-cache",
        ]).run()
        #expect(missing.ending == .status(1))
        #expect(missing.errors.contains("\"chat\" is an array of 1 element"), "\(missing.errors)")
    }

    @Test("standard input and names that say nothing have their format said")
    func inputFormat() throws {
        let folder = try TemporaryFolder(["rows.txt": "generated_answer;expected_answer\nIt is 18;18\n"])
        let table = try folder.read("rows.txt")
        for (name, input) in [("rows.txt", ""), ("-", table)] {
            let result = try folder.assay(
                "score", name, "--fn", "basic::subset_of", "--input-format", "csv", "--format", "json", input: input)
            #expect(result.ending == .status(0), "\(result.errors)")
            #expect(result.output.contains("\"num_correct\": 1"))
        }
        let result = try folder.assay("score", "-", "--fn", "basic::subset_of", "--delimiter", "tab")
        #expect(result.errors.contains("--input-format csv"))
        let unsaid = try folder.assay("score", "-", "--fn", "basic::subset_of", input: table)
        #expect(unsaid.errors.contains("standard input was read as JSON Lines"), "\(unsaid.errors)")
    }
}

@Suite("Rows of two datasets are joined by a key")
struct JoinTests {
    private func folder() throws -> TemporaryFolder {
        try TemporaryFolder([
            "batch.jsonl": """
            {"custom_id": "a", "response": {"body": {"choices": [{"message": {"content": "It is 4"}}]}}}
            {"custom_id": "b", "response": {"body": {"choices": [{"message": {"content": "It is 7"}}]}}}
            {"custom_id": "z", "response": {"body": {"choices": [{"message": {"content": "It is 7"}}]}}}
            {"response": {"body": {"choices": [{"message": {"content": "It is 7"}}]}}}

            """,
            "gold.csv": "id,gold,subject\na,4,x\nb,6,y\nc,8,y\n",
            "twice.csv": "id,gold\na,4\nb,6\na,5\n",
            "nested.jsonl": """
            {"meta": {"key": 1}, "expected_answer": "4"}
            not a row
            {"meta": {}, "expected_answer": "9"}

            """,
            "answers.jsonl": #"{"n": "1", "generated_answer": "4", "meta": "own"}"# + "\n",
        ])
    }

    private let content = "generated_answer=response.body.choices[0].message.content"

    @Test("an output of OpenAI's batches is scored with the gold answers of another file")
    func batch() throws {
        let folder = try folder()
        let result = try folder.assay(
            "score", "batch.jsonl", "--join", "gold.csv", "--on", "custom_id=id", "--map", content, "--map",
            "expected_answer=gold", "--fn", "basic::subset_of", "-o", "out.jsonl", "--with-input")
        #expect(result.ending == .status(3), "\(result.errors)")
        let lines = try folder.read("out.jsonl").split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        let scores = lines.map { $0["scores"]?["basic::subset_of"] }
        #expect(scores[0]?["score"] == JSONValue(1.0) && scores[1]?["score"] == JSONValue(0.0))
        #expect(lines[0]["subject"] == "x" && lines[0]["gold"] == "4" && lines[0]["id"] == "a")
        #expect(scores[2]?["outcome"] == "input_error")
        #expect(scores[2]?["message"] == "no row of gold.csv has the \"id\" \"z\"; its first is \"a\"")
        #expect(
            scores[3]?["message"]
                == "the row has no \"custom_id\" to join gold.csv by: the row has the columns \"response\"")
        #expect(result.errors.contains("1 of 3 rows of gold.csv do not match any row of batch.jsonl"))
    }

    @Test("only rows that --where lets through are looked at, and columns of both files serve")
    func filtered() throws {
        let folder = try folder()
        let result = try folder.assay(
            "score", "batch.jsonl", "--join", "gold.csv", "--on", "custom_id=id", "--map", content, "--map",
            "expected_answer=gold", "--fn", "basic::subset_of", "--where", "subject=y", "--format", "json")
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(result.output.contains("\"num_total\": 1"))
    }

    @Test("a key that is there twice stops the run, with both rows")
    func twice() throws {
        let folder = try folder()
        let result = try folder.assay(
            "score", "batch.jsonl", "--join", "twice.csv", "--on", "custom_id=id", "--map", content, "--map",
            "expected_answer=gold", "--fn", "basic::subset_of")
        #expect(result.ending == .status(1))
        #expect(result.errors.contains("twice.csv: rows 1 and 3 have the same \"id\", \"a\""), "\(result.errors)")
    }

    @Test("keys may be paths; numbers and texts that look the same are the same; the dataset's own columns go first")
    func nestedKeys() throws {
        let folder = try folder()
        let result = try folder.assay(
            "score", "answers.jsonl", "--join", "nested.jsonl", "--on", "n=meta.key", "--fn", "basic::equality", "-o",
            "out.jsonl", "--with-input")
        #expect(result.ending == .status(0), "\(result.errors)")
        let line = try JSONValue(parsing: folder.read("out.jsonl"))
        #expect(line["meta"] == "own" && line["joined.meta"] == ["key": 1])
        #expect(result.errors.contains("2 rows are left out of the join; the first one: row 2"), "\(result.errors)")
        #expect(result.errors.contains("\"meta\" is in answers.jsonl and in nested.jsonl"))
    }

    @Test("where no row has a partner, the run says why before it begins")
    func noPartners() throws {
        let folder = try folder()
        let result = try folder.assay(
            "score", "answers.jsonl", "--join", "gold.csv", "--on", "n=id", "--map", "expected_answer=gold", "--fn",
            "basic::equality")
        #expect(result.ending == .status(1))
        #expect(result.errors.contains("no row of gold.csv has the \"id\" \"1\""), "\(result.errors)")
    }

    @Test("evaluate asks nothing for rows without a partner")
    func evaluated() throws {
        let server = try FakeModelServer(.answer { _ in "4" })
        let folder = try TemporaryFolder([
            "questions.jsonl": "{\"id\": 1, \"question\": \"2+2?\"}\n{\"id\": 2, \"question\": \"3+3?\"}\n",
            "gold.csv": "id,answer\n1,4\n",
        ])
        let result = try folder.command([
            "evaluate", "questions.jsonl", "--join", "gold.csv", "--on", "id", "--fn", "basic::subset_of", "--model",
            "fake",
            "--model-url", server.url, "--no-cache", "-o", "out.jsonl",
        ]).run()
        #expect(result.ending == .status(3), "\(result.errors)")
        #expect(server.totals.answered == 1)
        let output = try folder.read("out.jsonl")
        #expect(output.contains("\"score\": 1.0") && output.contains("no row of gold.csv has the"))
    }
}

@Suite("Datasets of the Hugging Face Hub are named on the command line")
struct HuggingFaceTests {
    /// A datasets server with 250 rows, which answers in the shapes of the real one.
    private static func server() async throws -> FakeWeb {
        let refusals = Mutex429()
        return try await FakeWeb { head in
            let parts = head.uri.split(separator: "?")
            guard parts.count == 2 else { return FakeWeb.Page(status: 404) }
            var query: [String: String] = [:]
            for pair in parts[1].split(separator: "&") {
                let sides = pair.split(separator: "=", maxSplits: 1)
                query[String(sides[0])] = sides.count > 1 ? String(sides[1]) : ""
            }
            if query["dataset"] != "o%2Fn" {
                return FakeWeb.Page(status: 404, body: "{\"error\": \"The dataset does not exist.\"}")
            }
            if parts[0] == "/splits" {
                return FakeWeb.Page(
                    body: "{\"splits\": [{\"dataset\": \"o/n\", \"config\": \"default\", \"split\": \"test\"}]}")
            }
            if refusals.isFirst { return FakeWeb.Page(status: 429, headers: [("Retry-After", "0")]) }
            let offset = Int(query["offset"] ?? "") ?? 0
            let length = min(100, Int(query["length"] ?? "") ?? 0)
            let rows = (offset..<max(offset, min(offset + length, 250))).map {
                "{\"row_idx\": \($0), \"row\": {\"generated_answer\": \"\($0)\", \"expected_answer\": \"\($0)\", "
                    + "\"label\": \($0 % 2)}, \"truncated_cells\": []}"
            }
            return FakeWeb.Page(
                body: """
                    {"features": [{"feature_idx": 0, "name": "generated_answer", "type": {"dtype": "string", "_type": "Value"}},
                     {"feature_idx": 2, "name": "label", "type": {"names": ["even", "odd"], "_type": "ClassLabel"}},
                     {"feature_idx": 3, "name": "picture", "type": {"_type": "Image"}}],
                     "rows": [\(rows.joined(separator: ", "))], "num_rows_total": 250, "num_rows_per_page": 100, "partial": false}
                    """)
        }
    }

    private final class Mutex429: @unchecked Sendable {
        // Each handler runs on its connection's loop, and requests come one after the other.
        private var count = 0
        var isFirst: Bool {
            count += 1
            return count == 1
        }
    }

    @Test(
        "splits and slices give their rows, after a refusal for a moment",
        arguments: [
            ("hf://datasets/o/n?split=test", 250), ("huggingface://o/n", 250), ("hf://o/n?split=test[:30]", 30),
            ("hf://datasets/o/n?split=test[90%25:]&name=default", 25), ("hf://o/n?split=test[:10%]", 25),
            ("hf://datasets/o/n?split=test[120:-100]", 30),
            ("hf://datasets/o/n?split=test[-7:]", 7),
        ])
    func rows(uri: String, count: Int) async throws {
        let web = try await Self.server()
        let folder = try TemporaryFolder()
        let result = try folder.assay(
            "score", uri, "--huggingface-url", web.url, "--fn", "basic::equality", "--format", "json")
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(result.output.contains("\"num_correct\": \(count)"), "\(result.output)")
        #expect(result.errors.contains("class labels are numbers in \"label\""))
        #expect(result.errors.contains("\"picture\" contains addresses of files, which expire"))
        try await web.stop()
    }

    @Test("with --limit, only the pages that are needed are asked for")
    func limit() async throws {
        let web = try await Self.server()
        let folder = try TemporaryFolder()
        let result = try folder.assay(
            "score", "hf://o/n?split=test&name=default", "--huggingface-url", web.url, "--fn", "basic::equality",
            "--limit",
            "10", "--jobs", "1", "--format", "json")
        #expect(result.output.contains("\"num_correct\": 10"), "\(result.errors)")
        // One was refused, and asked for again.
        #expect(web.requests.count == 2)
        try await web.stop()
    }

    @Test("class labels have their names where that is asked for, and HF_ENDPOINT is not heeded then")
    func labels() async throws {
        let web = try await Self.server()
        let folder = try TemporaryFolder()
        let result = try folder.assay(
            "score", "hf://o/n?split=test&labels=text", "--huggingface-url", web.url, "--fn", "basic::equality",
            "--where", "label=odd", "--format", "json", setup: "export HF_TOKEN=secret")
        #expect(result.output.contains("\"num_correct\": 125"), "\(result.errors)")
        #expect(web.requests.allSatisfy { $0.headers.first(name: "authorization") == "Bearer secret" })
        try await web.stop()
    }

    @Test(
        "an address that cannot be read says why",
        arguments: [
            ("hf://o/n?split=train", "has no split for this address"),
            ("hf://o/other?split=test", "The dataset does not exist"),
            ("hf://o/n?data_files=x", "data_files cannot be read"), ("hf://o/n?x=1", "the parameter \"x\" is unknown"),
            ("hf://o/n?revision=v1", "only has the revision main"), ("hf://o/n@v1", "only has the revision main"),
            ("hf://datasets/o/n/data/file.parquet", "single files of a dataset cannot be read"),
            ("hf://o/n?split=test[-9223372036854775808%25:]", "is not a number of rows or a percentage"),
            ("hf://o/n?split=test[5]", "a slice such as test[:100]"), ("hf://o/n?split=train%2Btest", "several splits"),
            ("hf://", "expected hf://datasets/OWNER/NAME"), ("hf://o/n?labels=x", "expected text or ids"),
        ])
    func faults(uri: String, message: String) async throws {
        let web = try await Self.server()
        let folder = try TemporaryFolder()
        let result = try folder.assay("score", uri, "--huggingface-url", web.url, "--fn", "basic::equality")
        #expect(result.ending == .status(1))
        #expect(result.errors.contains(message), "\(result.errors)")
        try await web.stop()
    }
}
