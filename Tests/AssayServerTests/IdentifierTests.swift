import JSON
import Testing

@Suite("Identifiers")
struct IdentifierTests {
    /// Where each kind is registered, and with what beside its identifier.
    private static let kinds: [(path: String, key: String, rest: JSONObject)] = [
        (
            "/v1beta/datasets", "dataset_id",
            ["purpose": "eval/question-answer", "source": ["type": "rows", "rows": [["i": 1]]]]
        ),
        (
            "/v1/scoring-functions", "scoring_fn_id",
            ["return_type": ["type": "number"], "provider_id": "basic", "provider_scoring_fn_id": "equality"]
        ),
        ("/v1alpha/eval/benchmarks", "benchmark_id", ["dataset_id": "d", "scoring_functions": []]),
        ("/v1/models", "model_id", [:]),
    ]

    private func encoded(_ text: String) -> String {
        text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test(
        "with whatever characters, what was registered is got and unregistered by its own",
        arguments: [
            "a/b", "../x", "..", ".", "/", "//", "a//b", "/a", "a/", "%2e%2e", "%", "%zz", "a%2Fb", "?", "a?b=c", "#",
            "+",
            "a b", " ", "é", "e\u{301}", "\u{202E}", "😀", "a\\b", "\"", "'", "<script>", ";", "&=", ":", "a::b",
            "\u{FEFF}",
            "\u{A0}", "null", "true", "0", "{}", "rows", "a/jobs", "results", "iterrows", "a/../b",
            "a'; DROP TABLE dataset",
            String(repeating: "é", count: 1024),
        ])
    func characters(id: String) async throws {
        try await TestServer.run(modelURL: "http://127.0.0.1:9") { server async throws in
            for (path, key, rest) in Self.kinds {
                var body = rest
                body[key] = .string(id)
                #expect(try await server.post(path, .object(body)).status == 200, "\(path)")
                let place = path + "/" + encoded(id)
                let got = try await server.get(place)
                #expect(got.status == 200 && got.json["identifier"] == .string(id), "\(path): \(got.body)")
                #expect(try await server.delete(place).status == 200, "\(path)")
                #expect(try await server.get(place).status == 404, "\(path)")
            }
        }
    }

    @Test(
        "what is no text, and what is too long, is no identifier",
        arguments: [
            "", "a\u{0}", "\n", "\u{7F}", "\u{85}", "a\u{9F}", "\u{FFFD}", String(repeating: "x", count: 1025),
        ])
    func refused(id: String) async throws {
        try await TestServer.run(modelURL: "http://127.0.0.1:9") { server async throws in
            for (path, key, rest) in Self.kinds {
                var body = rest
                body[key] = .string(id)
                let answer = try await server.post(path, .object(body))
                #expect(answer.status == 400 && answer.error["param"] == .string("/" + key), "\(path): \(answer.body)")
            }
        }
    }

    @Test("two that differ only in their Unicode normal form are two")
    func normalForms() async throws {
        let (one, other) = ("x::\u{E9}", "x::e\u{301}")
        try await TestServer.run(modelURL: "http://127.0.0.1:9") { server async throws in
            for (path, key, rest) in Self.kinds {
                var body = rest
                body[key] = .string(one)
                #expect(try await server.post(path, .object(body)).status == 200)
                #expect(try await server.get(path + "/" + encoded(other)).status == 404, "\(path)")
                #expect(try await server.delete(path + "/" + encoded(other)).status == 404, "\(path)")
                body[key] = .string(other)
                #expect(try await server.post(path, .object(body)).status == 200)
                for id in [one, other] {
                    #expect(try await server.get(path + "/" + encoded(id)).json["identifier"] == .string(id), "\(path)")
                }
            }
            let scored = try await server.post(
                "/v1/scoring/score",
                [
                    "input_rows": [["generated_answer": "a", "expected_answer": "a"]],
                    "scoring_functions": [one: nil, other: nil],
                ] as JSONValue)
            #expect(scored.json["results"]?.object?.count == 2, "\(scored.body)")
            for (path, _, _) in Self.kinds {
                #expect(try await server.delete(path + "/" + encoded(one)).status == 200)
                #expect(try await server.get(path + "/" + encoded(other)).status == 200, "\(path)")
            }
        }
    }
}
