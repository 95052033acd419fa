import AssayServer
import JSON
import Testing

@Suite("Filters of rows")
struct PageFilterTests {
    /// The rows that a page shows.
    private func rows(_ page: String) -> [Int] {
        page.split(separator: "<h3 id=\"row-").dropFirst().compactMap { Int($0.prefix { $0 != "\"" }) }
    }

    @Test("rows are found by function, outcome and score, in parts")
    func filters() async throws {
        try await TestServer.run { server async throws in
            // Row i scores i / 10 of its own column by way of a saved result, which is as good as any.
            let names = ["basic::equality", "basic::subset_of"]
            let rows = (0..<60).map { index -> JSONValue in
                ["generated_answer": .string("\(index % 3)"), "expected_answer": index % 10 == 9 ? nil : "1"]
            }
            try await PageTests.register(rows, as: "d", server)
            let functions = JSONValue.object(["basic::equality": nil, "basic::subset_of": nil])
            let result = try await PageTests.score("d", server, functions: functions)
            func found(_ query: String) async throws -> [Int] { self.rows(try await server.get(result + query).body) }
            let ones = (0..<60).filter { $0 % 3 == 1 && $0 % 10 != 9 }
            let missing = (0..<60).filter { $0 % 10 == 9 }
            #expect(try await found("") == Array(0..<25))
            #expect(try await found("?from=25") == Array(25..<50))
            #expect(try await found("?from=50") == Array(50..<60))
            for name in names {
                #expect(try await found("?function=\(name)&score=1") == ones)
                #expect(try await found("?function=\(name)&score=1.00&outcome=scored") == ones)
                #expect(try await found("?function=\(name)&least=0.5") == ones)
                #expect(try await found("?function=\(name)&outcome=input_error") == missing)
                #expect(try await found("?function=\(name)&outcome=missing&from=20") == missing.filter { $0 >= 20 })
            }
            #expect(try await found("?outcome=scored&least=0&below=1&from=30").prefix(3) == [30, 32, 33])
            #expect(try await found("?least=1&below=1").isEmpty)
            #expect(try await found("?function=nope").isEmpty)
            #expect(try await found("?outcome=missing&score=1").isEmpty)
            #expect(try await found("?row=31") == [31])
            let first = try await server.get(result + "?below=1").body
            let next = try #require(first.split(separator: "<a href=\"..\(result)?below=1&amp;from=").dropFirst().first)
            let start = try #require(Int(next.prefix { $0 != "#" }))
            let zeros = (0..<60).filter { $0 % 3 != 1 && $0 % 10 != 9 }
            #expect(self.rows(first) == Array(zeros.prefix(25)))
            #expect(try await found("?below=1&from=\(start)") == Array(zeros.dropFirst(25)))
        }
    }

    @Test("what a form should not hold is said, and stays in the form")
    func faults() async throws {
        try await TestServer.run { server async throws in
            try await PageTests.register([["generated_answer": "a", "expected_answer": "a"]], as: "d", server)
            let result = try await PageTests.score("d", server)
            let page = try await server.get(result + "?least=1,5&score=%22x")
            #expect(page.status == 200 && page.body.contains("“Score at least” is not a number: 1,5"))
            #expect(page.body.contains("value=\"1,5\"") && page.body.contains("value=\"&quot;x\""))
            #expect(try await server.get(result + "?outcome=nope").body.contains("“nope” is not a known outcome"))
            #expect(try await server.get(result + "?from=-1").status == 400)
            #expect(try await server.get(result + "?row=99999999999999999999").status == 400)
        }
    }

    @Test("a row that is rare among very many is found by going on")
    func longSearch() async throws {
        try await TestServer.run { server async throws in
            let ordinary = "{\"generated_answer\": \"a\", \"expected_answer\": \"a\"}"
            var rows = [String](repeating: ordinary, count: 60_000)
            rows[55_000] = "{\"generated_answer\": \"a\", \"expected_answer\": \"b\"}"
            rows[57_000] = "{\"generated_answer\": \"a\"}"
            let body = """
                {"dataset_id": "d", "purpose": "eval/question-answer",
                "source": {"type": "rows", "rows": [\(rows.joined(separator: ","))]}}
                """
            #expect(try await server.post("/v1/datasets", bytes: Array(body.utf8)).status == 200)
            let result = try await PageTests.score("d", server)
            let page = try await server.get(result + "?score=0").body
            #expect(page.contains("No rows from 0 to 49,999 match.") && page.contains("Continue from row 50,000"))
            #expect(self.rows(try await server.get(result + "?score=0&from=50000").body) == [55_000])
            // Where the name of an outcome has to stand in the row, more are looked at.
            #expect(self.rows(try await server.get(result + "?outcome=input_error").body) == [57_000])
        }
    }

    @Test("rows that somebody else has written are looked at as they are")
    func foreignRows() async throws {
        try await TestServer.run { server async throws in
            try await PageTests.register([["generated_answer": "a", "expected_answer": "a"]], as: "d", server)
            let result = try await PageTests.score("d", server)
            let datasets = try await server.get("/v1/datasets").json["data"]?.array ?? []
            let saved = datasets.compactMap { $0["identifier"]?.string }.first { $0.hasPrefix("results-") } ?? ""
            let body = """
                {"rows": [{"scores": {"basic::equality": {"score": null, "out\\u0063ome": "timed_\\u006fut"}}}, {"scores": 7},
                {"scores": {"basic::equality": {"score": "0.5"}, "other": {"score": true}, "third": [1]}, "row": "x"}, {}]}
                """
            let answer = try await server.post("/v1/datasetio/append-rows/\(saved)", bytes: Array(body.utf8))
            #expect(answer.status == 200)
            func found(_ query: String) async throws -> [Int] { rows(try await server.get(result + query).body) }
            #expect(try await found("") == [0, 1, 2, 3, 4])
            #expect(try await found("?outcome=timed_out") == [1])
            #expect(try await found("?outcome=missing") == [1])
            #expect(try await found("?least=0.25&below=0.75") == [3])
            #expect(try await found("?score=True") == [3])
            #expect(try await found("?function=other&least=1") == [3])
        }
    }
}
