import AssayServer
import FakeModel
import JSON
import Testing

@Suite("The pages")
struct PageTests {
    /// Texts that mean something to a browser, or look like something else.
    static let hostile = [
        "<script>document.title = 'ran'</script>", "\u{600}<script>document.title = 'ran'</script>",
        "\"\u{301} onmouseover=\"ran()", "'\u{200D} onmouseover='ran()", "'><img src=x onerror=ran()>", "<\u{301}b>",
        "\u{0}\u{7}\u{9B}", "\u{202E}turned", "{{style}}{{{style}}}", "</style></title></textarea><svg onload=ran()>",
        "<!--", "&lt;b&gt;&\u{301}", "\r\n<b>",
    ]

    static func register(_ rows: [JSONValue], as id: String, _ server: TestServer) async throws {
        let body: JSONValue = [
            "dataset_id": .string(id), "purpose": "eval/question-answer",
            "source": ["type": "rows", "rows": .array(rows)],
        ]
        #expect(try await server.post("/v1/datasets", body).status == 200)
    }

    /// Scores a dataset, and returns the path of the result.
    static func score(
        _ id: String, _ server: TestServer, functions: JSONValue = ["basic::equality": nil], saved: Bool = true
    ) async throws -> String {
        let body: JSONValue = [
            "dataset_id": .string(id), "scoring_functions": functions, "save_results_dataset": .bool(saved),
        ]
        #expect(try await server.post("/v1/scoring/score-batch", body).status == 200)
        let list = try await server.get("/results").body
        let link = try #require(list.split(separator: "<a href=\"./results/").dropFirst().first)
        return "/results/" + link.prefix { $0 != "\"" }
    }

    @Test("they say what there is, also where that is nothing")
    func overview() async throws {
        try await TestServer.run { server async throws in
            let empty = try await server.get("/")
            #expect(empty.status == 200 && empty.header("content-type") == "text/html; charset=utf-8")
            #expect(empty.body.contains("Nothing has been scored yet") && empty.body.contains("basic::equality"))
            try await Self.register([["generated_answer": "a", "expected_answer": "a"]], as: "a/d é", server)
            _ = try await server.post(
                "/v1/eval/benchmarks",
                ["benchmark_id": "my-benchmark", "dataset_id": "a/d é", "scoring_functions": ["basic::docvqa"]])
            let result = try await Self.score("a/d é", server)
            let page = try await server.get("/").body
            for text in [
                "a/d é", "href=\"./datasets/a%2Fd%20%C3%A9\"", "href=\".\(result)\"", "my-benchmark", "basic::docvqa",
                "accuracy <strong>1</strong>", "results of a/d é", "<title>Overview – Assay</title>",
            ] {
                #expect(page.contains(text), "\(text)")
            }
            for path in ["/results", "/datasets", "/benchmarks", "/functions", "/datasets/a%2Fd%20%C3%A9"] {
                #expect(try await server.get(path).status == 200, "\(path)")
            }
            let missing = try await server.get("/results/nope")
            #expect(missing.status == 404 && missing.body.contains("<h1>Not found</h1>"))
        }
    }

    @Test("long lists come in parts")
    func lists() async throws {
        try await TestServer.run { server async throws in
            for number in 100..<320 {
                let body: JSONValue = [
                    "benchmark_id": .string("b\(number)"), "dataset_id": "d",
                    "scoring_functions": .array((0..<9).map { .string("f\($0)") }),
                ]
                _ = try await server.post("/v1/eval/benchmarks", body)
            }
            let overview = try await server.get("/").body
            #expect(overview.contains("220") && overview.contains("b107") && !overview.contains("b108"))
            let second = try await server.get("/benchmarks?from=100").body
            #expect(second.contains("101 to 200 of 220") && second.contains("and 3 more"))
            #expect(second.contains(">b200<") && !second.contains(">b199<") && !second.contains(">b300<"))
            #expect(second.contains("/benchmarks?from=0\"") && second.contains("/benchmarks?from=200\""))
            #expect(try await server.get("/benchmarks?from=99999").body.contains("220 to 220 of 220"))
            #expect(try await server.get("/benchmarks?from=x").status == 400)
        }
    }

    @Test("a result says how the scores lie, and counts rows without one")
    func distribution() async throws {
        try await TestServer.run { server async throws in
            var rows = (0..<100).map { index -> JSONValue in
                ["generated_answer": .string("\(index % 4)"), "expected_answer": "0"]
            }
            for index in 0..<7 { rows[10 * index] = ["generated_answer": "0"] }
            try await Self.register(rows, as: "d", server)
            let result = try await Self.score("d", server)
            let page = try await server.get(result).body
            for text in [
                "100 rows, 7 without a score", "<title>Result of d, 20", "input error</bdi></a></th>",
                "of 93 scored rows", "<td class=\"number\">100</td><td class=\"number\">100 %</td>",
                "<td class=\"number\">7</td><td class=\"number\">7.0 %</td>", "</title>\n<desc",
                "?outcome=input_error#rows", "?score=0#rows",
            ] {
                #expect(page.contains(text), "\(text)")
            }
            #expect(page.split(separator: "<rect").count == 4)
            let unsaved = try await server.get(try await Self.score("d", server, saved: false)).body
            #expect(unsaved.contains("The rows were not kept") && !unsaved.contains("#rows\""))
            #expect(unsaved.contains("100 rows, 7 without a score"))
        }
    }

    @Test("a judge's feedback stands beside the answer, and texts are scores, too")
    func feedback() async throws {
        let feedback = "It is <b>right</b>.\n\u{600}<script>ran()</script>\nGrade: A"
        let fake = try FakeModelServer(.answer { ($0.prompt ?? "").contains("good") ? feedback : "no grade" })
        defer { fake.stop() }
        try await TestServer.run(modelURL: fake.url) { server async throws in
            let rows: [JSONValue] = ["good", "bad", "good too"].map {
                ["input_query": "q", "generated_answer": .string($0), "expected_answer": "e"]
            }
            try await Self.register(rows, as: "d", server)
            let function: JSONValue = [
                "judge_model": "m", "prompt_template": "{generated_answer}", "judge_score_regexes": ["Grade: ([AB])"],
                "aggregation_functions": ["categorical_count"],
            ]
            let result = try await Self.score("d", server, functions: ["llm-as-judge::base": function])
            let page = try await server.get(result).body
            #expect(page.contains("It is &lt;b&gt;right&lt;/b&gt;.") && !hasMarkup(page, "<script"))
            #expect(page.contains("llm-as-judge::base: judge feedback") && page.contains("?score=A#rows"))
            let missing = try await server.get(result + "?outcome=unparsed").body
            #expect(
                missing.contains(">bad<") && !missing.contains(">good<") && missing.contains("reason without a score"))
        }
    }

    @Test("nothing in a row, an identifier or a query gets out of its place")
    func escaping() async throws {
        try await TestServer.run { server async throws in
            let rows = Self.hostile.map { text -> JSONValue in
                .object([
                    "generated_answer": .string(text), "expected_answer": "x", text: .string(text),
                    "list": [.string(text)],
                ])
            }
            for id in Self.hostile.filter({ $0.utf8.allSatisfy { $0 >= 0x20 } }) {
                try await Self.register(rows, as: id, server)
                _ = try await server.post(
                    "/v1/eval/benchmarks",
                    ["benchmark_id": .string(id), "dataset_id": .string(id), "scoring_functions": [.string(id)]])
                _ = try await server.post(
                    "/v1/scoring-functions",
                    [
                        "scoring_fn_id": .string(id), "provider_id": "basic", "provider_scoring_fn_id": "equality",
                        "return_type": ["type": "number"], "description": .string(id),
                        "params": ["type": "basic", "aggregation_functions": ["accuracy"]],
                    ])
                let path = try await Self.score(id, server, functions: .object([id: nil, "basic::equality": nil]))
                var query = path + "?function=basic%3A%3Aequality"
                for text in Self.hostile { query += "&score=\(encoded(text))&least=\(encoded(text))" }
                for path in [path, query, path + "?row=2", "/datasets/\(encoded(id))"] {
                    let page = try await server.get(path)
                    #expect(page.status == 200, "\(path)")
                    check(page.body, path)
                }
                // No template is made of what is shown.
                #expect(try await server.get(path + "?row=8").body.contains("{{style}}{{{style}}}"))
            }
            for path in ["/", "/results", "/datasets", "/benchmarks", "/functions", "/results/\(encoded("<b>"))"] {
                check(try await server.get(path).body, path)
            }
        }
    }

    private func check(_ page: String, _ path: String) {
        // What a form gives back has to be what it was, and is not shown.
        let page = page.replacing("value=\"\u{202E}turned\"", with: "")
        for text in [
            "<script", "<img", "<b>", "<svg onload", "\"\u{301} onmouseover", "'\u{200D} onmouseover", "<!--", "\u{0}",
            "\u{202E}", "\u{9B}",
        ] {
            #expect(!hasMarkup(page, text), "\(text) in \(path)")
        }
        // The frame's own parts are there once.
        for text in ["<style>", "</style>", "<title>", "</head>", "<main ", "</main>", "</html>"] {
            let count = text == "<title>" ? page.split(separator: "<head>").last?.split(separator: text).count : nil
            #expect(count.map { $0 >= 2 } ?? (pieces(page, text) == 2), "\(text) in \(path)")
        }
    }

    @Test("a row of any size is shown in part, and whole by itself")
    func sizes() async throws {
        try await TestServer.run { server async throws in
            var wide: JSONObject = ["generated_answer": "w", "expected_answer": "w"]
            for column in 0..<5_000 { wide["column \(column)"] = .init(column) }
            let deep = String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
            let rows: [JSONValue] = [
                ["generated_answer": .string(String(repeating: "long ", count: 200_000)), "expected_answer": "x"],
                .object(wide),
                ["generated_answer": "d", "expected_answer": "d", "deep": try JSONValue(parsing: deep)],
                ["generated_answer": .string(String(repeating: "\n", count: 5_000)), "expected_answer": "x"],
            ]
            try await Self.register(rows, as: "d", server)
            let result = try await Self.score("d", server)
            let page = try await server.get(result).body
            #expect(page.utf8.count < 100_000)
            #expect(page.contains("1 MB in total") && page.contains("and 4,972 columns more"))
            let whole = try await server.get(result + "?row=0").body
            #expect(whole.utf8.count > 1_000_000 && !whole.contains("in total."))
            #expect(try await server.get(result + "?row=1").body.contains("column 4999"))
            #expect(try await server.get("/datasets/d?row=2").body.contains(deep))
            #expect(
                try await server.get(result + "?row=9").body.contains("Row 9 does not exist; the dataset has 4 rows."))
        }
    }

    @Test("a dataset that was removed is missed by nobody")
    func removal() async throws {
        try await TestServer.run { server async throws in
            try await Self.register([["generated_answer": "a", "expected_answer": "a"]], as: "d", server)
            let result = try await Self.score("d", server)
            let datasets = try await server.get("/v1/datasets").json["data"]?.array ?? []
            for dataset in datasets {
                #expect(try await server.delete("/v1/datasets/\(dataset["identifier"]?.string ?? "")").status == 200)
            }
            let page = try await server.get(result + "?outcome=scored")
            #expect(page.status == 200 && page.body.contains("The dataset with the rows was deleted."))
            #expect(page.body.contains("(deleted)"))
            #expect(try await server.get("/").status == 200)
            // What is under the name now was scored by nobody.
            try await Self.register([["x": 1]], as: "d", server)
            #expect(try await server.get(result).status == 200)
        }
    }

    @Test("what is no text is marked, and nested values are written as they read")
    func kinds() async throws {
        try await TestServer.run { server async throws in
            let body =
                #"{"dataset_id": "d", "purpose": "eval/question-answer", "source": {"type": "rows", "rows": ["#
                + #"{"a": "18", "b": 18, "c": null, "e": "null", "f": ["\u0413\u0434"]}]}}"#
            #expect(try await server.post("/v1/datasets", bytes: Array(body.utf8)).status == 200)
            let page = try await server.get("/datasets/d").body
            for (name, kind) in [
                ("a", ""), ("b", " <small>(number)</small>"), ("c", " <small>(null)</small>"), ("e", ""),
            ] {
                #expect(page.contains("<dt><bdi>\(name)</bdi>\(kind)</dt>"), "\(name)")
            }
            #expect(page.contains("[&quot;Гд&quot;]"), "\(page)")
        }
    }

    @Test("a job's result says who answered")
    func candidate() async throws {
        try await TestServer.run(provider: ScriptedProvider()) { server async throws in
            try await server.register("b", rows: 1)
            let job = try await server.start("b")
            _ = try await server.job(job) { $0["finished_at"] != .null }
            let list = try await server.get("/results").body
            let link = try #require(list.split(separator: "<a href=\"./results/").dropFirst().first)
            let page = try await server.get("/results/" + link.prefix { $0 != "\"" }).body
            #expect(page.contains("<dt>Answered by</dt><dd><bdi class=\"id\">m</bdi>"), "\(page)")
        }
    }

    @Test("pages are no part of the API's description")
    func description() async throws {
        try await TestServer.run { server async throws in
            let routes = try await server.get("/v1/inspect/routes").body
            #expect(!routes.contains("\"/results") && !routes.contains("/login"))
            #expect(try await !server.get("/docs").body.contains("/login"))
        }
    }

    private func encoded(_ text: String) -> String {
        text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Whether a page has these bytes. Swift's own search goes by characters, as people see them.
    private func hasMarkup(_ page: String, _ text: String) -> Bool { pieces(page, text) > 1 }

    private func pieces(_ page: String, _ text: String) -> Int {
        let (page, text) = (Array(page.utf8), Array(text.utf8))
        guard let first = text.first else { return 1 }
        return 1 + page.indices.count { page[$0] == first && page[$0...].starts(with: text) }
    }
}
