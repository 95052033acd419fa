import AssayServer
import JSON
import Testing

@Suite("Datasets over HTTP")
struct DatasetTests {
    private static let rows: JSONValue = [["q": "é\n\u{1F600}", "n": 1], ["q": nil], [:]]

    private func registration(_ id: String, rows: JSONValue = DatasetTests.rows) -> JSONValue {
        [
            "dataset_id": .string(id), "purpose": "eval/question-answer", "source": ["type": "rows", "rows": rows],
            "metadata": ["by": "me"],
        ]
    }

    @Test(
        "a dataset is registered, read, extended and unregistered, by either family of paths",
        arguments: ["/v1", "/v1beta"])
    func lifeCycle(prefix: String) async throws {
        try await TestServer.run { server async throws in
            let made = try await server.post(prefix + "/datasets", registration("d"))
            #expect(made.status == 200)
            #expect(made.json["source"] == ["type": "rows", "rows": Self.rows])
            #expect(
                made.json["identifier"] == "d" && made.json["type"] == "dataset"
                    && made.json["provider_id"] == "localfs")
            #expect(try await server.get(prefix + "/datasets/d").json == made.json)
            #expect(try await server.get(prefix + "/datasets").json["data"]?.array?.count == 1)
            let appended = try await server.post(prefix + "/datasetio/append-rows/d", ["rows": [["q": 4]]])
            #expect(appended.json == .null && appended.status == 200)
            let all = try await server.get(prefix + "/datasetio/iterrows/d")
            #expect(all.json == ["data": .array((Self.rows.array ?? []) + [["q": 4]]), "has_more": false, "url": nil])
            #expect(try await server.delete(prefix + "/datasets/d").json == .null)
            #expect(try await server.get(prefix + "/datasets/d").status == 404)
            #expect(try await server.delete(prefix + "/datasets/d").status == 404)
        }
    }

    @Test("pages hold the rows that they should, and say whether there are more")
    func paging() async throws {
        try await TestServer.run { server async throws in
            let rows = JSONValue.array((0..<10).map { ["n": .init($0)] })
            _ = try await server.post("/v1/datasets", registration("d", rows: rows))
            let cases: [(query: String, rows: Range<Int>, hasMore: Bool)] = [
                ("", 0..<10, false), ("?limit=-1", 0..<10, false), ("?limit=3", 0..<3, true),
                ("?start_index=8&limit=5", 8..<10, false), ("?start_index=7&limit=3", 7..<10, false),
                ("?start_index=5", 5..<10, false), ("?limit=0", 0..<0, true), ("?start_index=99", 0..<0, false),
                ("?start_index=9223372036854775807&limit=9223372036854775807", 0..<0, false),
            ]
            for (query, range, hasMore) in cases {
                let page = try await server.get("/v1/datasetio/iterrows/d" + query).json
                #expect(page["data"] == .array(range.map { ["n": .init($0)] }), "\(query)")
                #expect(page["has_more"] == .bool(hasMore), "\(query)")
            }
            for query in ["?limit=-2", "?start_index=-1", "?limit=x", "?limit=1e3", "?limit=99999999999999999999"] {
                #expect(try await server.get("/v1/datasetio/iterrows/d" + query).status == 400, "\(query)")
            }
        }
    }

    @Test("the same registration again is fine, another one under the identifier is a conflict")
    func conflicts() async throws {
        try await TestServer.run { server async throws in
            #expect(try await server.post("/v1/datasets", registration("d")).status == 200)
            #expect(try await server.post("/v1beta/datasets", registration("d")).status == 200)
            let other = try await server.post("/v1/datasets", registration("d", rows: [["q": 1]]))
            #expect(other.status == 409)
            #expect(other.error["code"] == "conflict")
            #expect(try await server.get("/v1/datasets/d").json["source"]?["rows"] == Self.rows)
        }
    }

    @Test("a dataset without an identifier gets one")
    func generatedIdentifiers() async throws {
        try await TestServer.run { server async throws in
            var body = registration("").object ?? [:]
            body["dataset_id"] = nil
            let first = try await server.post("/v1/datasets", .object(body)).json["identifier"]?.string
            let second = try await server.post("/v1/datasets", .object(body)).json["identifier"]?.string
            #expect(first != nil && second != nil && first != second)
        }
    }

    @Test(
        "identifiers may hold any characters, encoded in the path or not",
        arguments: [
            ("a::b", "a::b"), ("a::b", "a%3A%3Ab"), ("a/b/c", "a/b/c"), ("a/b", "a%2Fb"), ("a//b/", "a//b/"),
            ("é \u{1F600}", "%C3%A9%20%F0%9F%98%80"), ("100%", "100%25"), ("a?b#c&d", "a%3Fb%23c%26d"),
            ("'\"<>\\", "%27%22%3C%3E%5C"),
        ])
    func oddIdentifiers(id: String, path: String) async throws {
        try await TestServer.run { server async throws in
            #expect(try await server.post("/v1/datasets", registration(id)).status == 200)
            #expect(try await server.get("/v1/datasets/" + path).json["identifier"] == .string(id))
            #expect(try await server.get("/v1/datasetio/iterrows/\(path)?limit=1").json["has_more"] == true)
            #expect(try await server.delete("/v1/datasets/" + path).status == 200)
        }
    }

    @Test(
        "a data: URI is read as its type says",
        arguments: [
            ("data:text/csv;base64,cSxhCjEsMgozLDQK", "[{\"q\": \"1\", \"a\": \"2\"}, {\"q\": \"3\", \"a\": \"4\"}]"),
            ("data:text/csv;charset=utf-8,q%2Ca%0A1%2C%C3%A9", "[{\"q\": \"1\", \"a\": \"é\"}]"),
            ("data:csv;base64,cSxhCjEsMgo", "[{\"q\": \"1\", \"a\": \"2\"}]"),
            ("data:application/json,[{\"q\":%201},{\"q\":[2]}]", "[{\"q\": 1}, {\"q\": [2]}]"),
            ("data:application/jsonl,{\"q\":1}%0A%0A{\"q\":2}", "[{\"q\": 1}, {\"q\": 2}]"),
            ("data:application/jsonl,", "[]"),
        ])
    func dataURIs(uri: String, rows: String) async throws {
        try await TestServer.run { server async throws in
            let made = try await server.post(
                "/v1/datasets",
                ["dataset_id": "d", "purpose": "eval/messages-answer", "source": ["type": "uri", "uri": .string(uri)]])
            #expect(made.status == 200, "\(made.body)")
            #expect(made.json["source"] == ["type": "uri", "uri": .string(uri)])
            #expect(try await server.get("/v1/datasetio/iterrows/d").json["data"] == JSONValue(parsing: rows))
        }
    }

    @Test(
        "a source that cannot be read whole is refused, with the reason, and leaves nothing",
        arguments: [
            ("data:text/csv,q,a%0A1,2%0A1,2,3", "3 cells"), ("data:application/jsonl,{\"q\":1}%0A{", "row 2"),
            ("data:application/jsonl,{\"q\":1}%0A[1]", "row 2 is not a JSON object"),
            ("data:application/json,7", "array"), ("data:application/jsonl,{\"q\":\"%FF\"}", "row 1"),
            ("data:text/csv;base64,!!!", "Base64"), ("data:text/csv;base64", "comma"), ("data:image/png,x", "type"),
            ("data:text/csv,%4", "hexadecimal"), ("ftp://x/y.csv", "ftp"), ("", "/source/uri"),
            ("javascript:1", "/source/uri"),
        ])
    func unreadableSources(uri: String, reason: String) async throws {
        try await TestServer.run { server async throws in
            let answer = try await server.post(
                "/v1/datasets",
                ["dataset_id": "d", "purpose": "eval/messages-answer", "source": ["type": "uri", "uri": .string(uri)]])
            #expect(answer.status == 400)
            #expect(answer.error["message"]?.string?.contains(reason) ?? false, "\(answer.body)")
            #expect(try await server.get("/v1/datasets").json == ["data": []])
        }
    }

    @Test("rows that are appended at once are all there, whole")
    func concurrentAppending() async throws {
        try await TestServer.run { server async throws in
            _ = try await server.post("/v1/datasets", registration("d", rows: []))
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for number in 0..<20 {
                    tasks.addTask {
                        let rows = JSONValue.array((0..<50).map { ["by": .init(number), "n": .init($0)] })
                        var status = 429
                        while status == 429 {
                            status = try await server.post("/v1/datasetio/append-rows/d", ["rows": rows]).status
                        }
                        #expect(status == 200)
                    }
                }
                try await tasks.waitForAll()
            }
            let rows = try await server.get("/v1/datasetio/iterrows/d").json["data"]?.array ?? []
            #expect(rows.count == 1_000)
            for start in stride(from: 0, to: 1_000, by: 50) {
                let block = rows[start..<start + 50]
                #expect(Set(block.map { $0["by"] }).count == 1)
                #expect(block.map { $0["n"] } == (0..<50).map { .init($0) })
            }
        }
    }

    @Test("rows beyond the limit are refused")
    func rowLimit() async throws {
        try await TestServer.run(TestServer.configured { $0.maxRows = 2 }) { server async throws in
            #expect(try await server.post("/v1/datasets", registration("d")).status == 413)
            let uri: JSONValue = ["type": "uri", "uri": "data:text/csv,q%0A1%0A2%0A3"]
            let body: JSONValue = ["purpose": "eval/question-answer", "source": uri]
            #expect(try await server.post("/v1/datasets", body).status == 413)
            let one: JSONValue = ["rows": [["q": 1]]]
            #expect(try await server.post("/v1/datasets", registration("e", rows: [["q": 0]])).status == 200)
            #expect(try await server.post("/v1/datasetio/append-rows/e", one).status == 200)
            let full = try await server.post("/v1/datasetio/append-rows/e", one)
            #expect(full.status == 413 && full.body.contains("exceed the limit of 2 rows"), "\(full.body)")
            #expect(try await server.get("/v1/datasetio/iterrows/e").json["data"]?.array?.count == 2)
        }
    }
}
