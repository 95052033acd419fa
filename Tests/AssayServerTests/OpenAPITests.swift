import AssayServer
import JSON
import Testing

@Suite("The description of the API")
struct OpenAPITests {
    @Test("it has the routes that are served, each with a name of its own, and every shape that it refers to")
    func routes() async throws {
        try await TestServer.run { server async throws in
            let document = try await server.get("/openapi.json").json
            var described: Set<String> = []
            var names: Set<String> = []
            // By the names of operations; links are by these.
            var (places, linked): ([String: String], Set<String>) = ([:], [])
            for (path, operations) in document["paths"]?.object?.members ?? [] {
                for (method, operation) in operations.object?.members ?? [] {
                    described.insert("\(method.uppercased()) \(path)")
                    names.insert(operation["operationId"]?.string ?? "")
                    places[operation["operationId"]?.string ?? ""] = path
                    for link in operation["responses"]?["200"]?["links"]?.object?.members ?? [] {
                        linked.insert(link.value["operationId"]?.string ?? "")
                    }
                    let hasIdentifier = operation["parameters"]?.array?.contains { $0["in"] == "path" } ?? false
                    #expect(hasIdentifier == path.contains("{id}"))
                }
            }
            #expect(!linked.isEmpty)
            for name in linked { #expect(places[name]?.contains("{id}") == true, "\(name)") }
            let served = try await server.get("/v1/inspect/routes").json["data"]?.array ?? []
            #expect(described == Set(served.map { "\($0["method"]?.string ?? "") \($0["route"]?.string ?? "")" }))
            #expect(names.count == described.count)
            let schemas = document["components"]?["schemas"]?.object ?? [:]
            for name in document.text.split(separator: "#/components/schemas/").dropFirst().map({
                $0.prefix { $0 != "\"" }
            }) {
                #expect(schemas[String(name)] != nil, "\(name)")
            }
        }
    }

    @Test("answers have the shapes that it gives them")
    func answers() async throws {
        try await TestServer.run { server async throws in
            let document = try await server.get("/openapi.json").json
            func check(_ method: String, _ path: String, _ body: JSONValue? = nil, as template: String? = nil)
                async throws
            {
                let answer =
                    if let body { try await server.post(path, body) } else { try await server.send(method, path) }
                let operation = document["paths"]?[template ?? path]?[method.lowercased()]
                let response = operation?["responses"]?["\(answer.status)"]
                let schema = try #require(
                    response?["content"]?["application/json"]?["schema"], "\(method) \(path): \(answer.status)")
                let found = Shape(document).faults(of: answer.json, by: schema)
                #expect(found == [], "\(method) \(path): \(answer.body)")
                if let body, answer.status == 200,
                    let request = operation?["requestBody"]?["content"]?["application/json"]?["schema"]
                {
                    #expect(Shape(document).faults(of: body, by: request) == [], "\(method) \(path)")
                }
            }
            let rows: JSONValue = [["generated_answer": "a", "expected_answer": "a"], ["generated_answer": "b"]]
            let source: JSONValue = ["type": "rows", "rows": rows]
            let functions: JSONValue = ["basic::equality": nil, "basic::subset_of": [:]]
            for path in [
                "/v1/health", "/v1/version", "/v1/inspect/routes", "/v1/providers", "/v1/models",
                "/v1/scoring-functions",
            ] {
                try await check("GET", path)
            }
            try await check("GET", "/v1/providers/basic", as: "/v1/providers/{id}")
            try await check("GET", "/v1/providers/nope", as: "/v1/providers/{id}")
            try await check("GET", "/v1/scoring-functions/basic::equality", as: "/v1/scoring-functions/{id}")
            try await check("DELETE", "/v1/scoring-functions/basic::equality", as: "/v1/scoring-functions/{id}")
            try await check(
                "POST", "/v1/scoring-functions",
                [
                    "scoring_fn_id": "basic::same", "provider_scoring_fn_id": "equality",
                    "return_type": ["type": "number"],
                    "params": nil,
                ])
            for prefix in ["/v1", "/v1beta"] {
                let body: JSONValue = [
                    "dataset_id": "d", "purpose": "eval/question-answer", "source": source, "metadata": nil,
                ]
                try await check("POST", prefix + "/datasets", body)
                try await check("POST", prefix + "/datasets", ["dataset_id": "d"])
                try await check("GET", prefix + "/datasets")
                try await check("GET", prefix + "/datasets/d", as: prefix + "/datasets/{id}")
                try await check(
                    "GET", prefix + "/datasetio/iterrows/d?limit=1", as: prefix + "/datasetio/iterrows/{id}")
                try await check(
                    "GET", prefix + "/datasetio/iterrows/d?limit=x", as: prefix + "/datasetio/iterrows/{id}")
                try await check(
                    "POST", prefix + "/datasetio/append-rows/d", ["rows": []],
                    as: prefix + "/datasetio/append-rows/{id}")
                try await check("POST", "/v1/scoring/score", ["input_rows": rows, "scoring_functions": functions])
                try await check(
                    "POST", "/v1/scoring/score-batch",
                    ["dataset_id": "d", "scoring_functions": functions, "save_results_dataset": true])
                try await check("POST", "/v1/scoring/score-batch", ["dataset_id": "e", "scoring_functions": functions])
                try await check("DELETE", prefix + "/datasets/d", as: prefix + "/datasets/{id}")
                try await check("DELETE", prefix + "/datasets/d", as: prefix + "/datasets/{id}")
            }
            for path in ["/v1/eval/benchmarks", "/v1alpha/eval/benchmarks"] {
                try await check("POST", path, ["benchmark_id": "b", "dataset_id": "d", "scoring_functions": ["f"]])
                try await check("POST", path, ["benchmark_id": "b", "dataset_id": "e", "scoring_functions": ["f"]])
                try await check("GET", path)
                try await check("GET", path + "/b", as: path + "/{id}")
                try await check("DELETE", path + "/b", as: path + "/{id}")
                try await server.register("e", rows: 2, family: path)
                let (one, jobs) = (path + "/{id}", path + "/{id}/jobs")
                let configuration: JSONValue = ["eval_candidate": ["type": "model", "model": "m"], "num_examples": 1]
                try await check("POST", path + "/e/jobs", ["benchmark_config": configuration], as: jobs)
                try await check("POST", path + "/e/jobs", ["benchmark_config": [:]], as: jobs)
                let ended = try await server.job(server.start("e")) { $0["finished_at"] != .null }
                let job = path + "/e/jobs/" + (ended["job_id"]?.string ?? "")
                try await check("GET", path + "/e/jobs?limit=1", as: jobs)
                try await check("GET", job, as: jobs + "/{job_id}")
                try await check("GET", job + "x", as: jobs + "/{job_id}")
                try await check("GET", job + "/result", as: jobs + "/{job_id}/result")
                try await check("POST", job + "/cancel", [:], as: jobs + "/{job_id}/cancel")
                try await check("DELETE", job, as: jobs + "/{job_id}")
                try await check("GET", path + "/e/results", as: one + "/results")
                try await check(
                    "DELETE", "/v1/datasets/" + (ended["dataset_id"]?.string ?? ""), as: "/v1/datasets/{id}")
                try await check("GET", job + "/result", as: jobs + "/{job_id}/result")
                try await check(
                    "POST", path + "/e/evaluations",
                    ["benchmark_config": configuration, "input_rows": rows, "scoring_functions": ["f"]],
                    as: one + "/evaluations")
                try await check("DELETE", path + "/e", as: one)
            }
        }
    }

    @Test("the page that describes the API names every route and needs nothing from elsewhere")
    func page() async throws {
        try await TestServer.run { server async throws in
            let page = try await server.get("/docs")
            #expect(page.header("content-type") == "text/html; charset=utf-8")
            for route in try await server.get("/v1/inspect/routes").json["data"]?.array ?? [] {
                #expect(page.body.contains("\(route["method"]?.string ?? "") \(route["route"]?.string ?? "")</h2>"))
            }
            for word in ["http:", "https:", "<script", "src="] { #expect(!page.body.contains(word), "\(word)") }
        }
    }
}

/// Checks values by the parts of JSON Schema that the description uses.
private struct Shape {
    private let document: JSONValue

    init(_ document: JSONValue) {
        self.document = document
    }

    func faults(of value: JSONValue, by schema: JSONValue, at place: String = "") -> [String] {
        if let reference = schema["$ref"]?.string {
            let name = String(reference.split(separator: "/").last ?? "")
            return faults(of: value, by: document["components"]?["schemas"]?[name] ?? ["enum": []], at: place)
        }
        if let choices = (schema["anyOf"] ?? schema["oneOf"])?.array {
            let fits = choices.count { self.faults(of: value, by: $0, at: place).isEmpty }
            return fits == 1 || fits > 1 && schema["anyOf"] != nil ? [] : ["\(place): \(fits) choices fit"]
        }
        var faults: [String] = []
        if let types = schema["type"] {
            let names = types.array?.compactMap(\.string) ?? [types.string ?? ""]
            if !names.contains(where: { isOf($0, value) }) { faults.append("\(place): \(value.kind) is not \(names)") }
        }
        if let values = schema["enum"]?.array, !values.contains(value) {
            faults.append("\(place): not among \(values)")
        }
        guard let object = value.object else {
            for (index, element) in (value.array ?? []).enumerated() {
                if let items = schema["items"] {
                    faults += self.faults(of: element, by: items, at: "\(place)/\(index)")
                }
            }
            return faults
        }
        for name in schema["required"]?.array?.compactMap(\.string) ?? [] where object[name] == nil {
            faults.append("\(place): no \(name)")
        }
        for (key, member) in object.members {
            let place = "\(place)/\(key)"
            if let property = schema["properties"]?[key] {
                faults += self.faults(of: member, by: property, at: place)
            } else if let others = schema["additionalProperties"] {
                faults += self.faults(of: member, by: others, at: place)
            } else if schema["properties"] != nil {
                // The description should know all members of what it describes at all.
                faults.append("\(place): not described")
            }
        }
        return faults
    }

    private func isOf(_ type: String, _ value: JSONValue) -> Bool {
        switch (type, value) {
        case ("null", .null), ("boolean", .bool), ("string", .string), ("array", .array), ("object", .object),
            ("number", .number):
            true
        case ("integer", .number(let number)): number.int != nil
        default: false
        }
    }
}
