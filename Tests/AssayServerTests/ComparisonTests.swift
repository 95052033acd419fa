import AssayServer
import AsyncHTTPClient
import Glibc
import JSON
import NIOCore
import NIOHTTP1
import Reports
import Runs
import TestSupport
import Testing

@Suite("Comparisons on the server, and runs that leave it")
struct ComparisonTests {
    /// Registers a dataset of answers, scores it, and returns the result's identifier.
    private func score(
        _ name: String, right: [Bool], on server: TestServer, saved: Bool = true,
        function: JSONValue = ["basic::equality": nil], change: (inout JSONObject, Int) -> Void = { _, _ in }
    ) async throws -> String {
        let rows = right.enumerated().map { index, isRight -> JSONValue in
            var row: JSONObject = [
                "id": .string("q\(index)"), "generated_answer": isRight ? .string("\(index)") : "none",
                "expected_answer": .string("\(index)"), "human": isRight ? "1" : "0",
            ]
            change(&row, index)
            return .object(row)
        }
        try await PageTests.register(rows, as: name, server)
        _ = try await PageTests.score(name, server, functions: function, saved: saved)
        return try await newest(server)
    }

    private func newest(_ server: TestServer) async throws -> String {
        let list = try await server.get("/v1/scoring/results?limit=1").json
        return try #require(list["data"]?.array?.first?["id"]?.string)
    }

    private static func request(_ a: String, _ b: String, _ more: JSONObject = [:]) -> JSONValue {
        var body: JSONObject = ["a": ["result_id": .string(a)], "b": ["result_id": .string(b)]]
        for (name, value) in more.members { body[name] = value }
        return .object(body)
    }

    private func bytes(_ server: TestServer, _ path: String) async throws -> (status: Int, bytes: [UInt8]) {
        let response = try await HTTPClient.shared.execute(
            HTTPClientRequest(url: server.url + path), timeout: .seconds(60))
        let body = try await response.body.collect(upTo: 1 << 28)
        return (Int(response.status.code), Array(buffer: body))
    }

    @Test("two results are compared as assay compare does")
    func compare() async throws {
        try await TestServer.run { server async throws in
            let right = (0..<40).map { $0 % 2 == 0 }
            let a = try await score("a", right: right, on: server)
            let b = try await score("b", right: right.map { _ in true }, on: server)
            let found = try await server.post("/v1/comparisons", Self.request(a, b, ["key": "id", "regressions": 2]))
            #expect(found.status == 200, "\(found.body)")
            let accuracy = found.json["functions"]?["basic::equality"]?["accuracy"]
            #expect(accuracy?["difference"] == JSONValue(0.5) && accuracy?["verdict"] == "b_better")
            #expect(found.json["pairing"]?["matched"] == 40 && found.json["pairing"]?["key"] == ["id"])
            let mirrored = try await server.post(
                "/v1/comparisons", Self.request(b, a, ["key": ["id"], "regressions": 2]))
            let function = mirrored.json["functions"]?["basic::equality"]
            #expect(function?["accuracy"]?["verdict"] == "a_better" && function?["regressions"]?.array?.count == 2)
            let page = try await server.get("/compare?a=\(b)&b=\(a)&key=id")
            #expect(page.status == 200 && page.body.contains("A is better") && page.body.contains("40 pairs by id"))
            #expect(
                page.body.contains("Worse in basic::equality: 20 rows") && page.body.contains("/results/\(b)?row=1\""))
            #expect(try await server.get("/compare").body.contains("Choose a result"))
        }
    }

    @Test("what is not the same is refused with the code that assay compare has")
    func refusals() async throws {
        try await TestServer.run { server async throws in
            let right = (0..<10).map { $0 % 2 == 0 }
            let a = try await score("a", right: right, on: server)
            let data = try await score("data", right: right, on: server) { row, index in
                if index == 3 { row["expected_answer"] = "30" }
            }
            let others = try await score("others", right: right, on: server) { row, index in
                row["id"] = .string("p\(index)")
            }
            let twice = try await score("twice", right: right, on: server) { row, _ in row["id"] = "q0" }
            let function = try await score("function", right: right, on: server, function: ["basic::subset_of": nil])
            let parameters = try await score(
                "parameters", right: right, on: server,
                function: ["basic::equality": ["type": "basic", "aggregation_functions": ["median"]]])
            let unsaved = try await score("unsaved", right: right, on: server, saved: false)
            for (id, status, code) in [
                (data, 409, "data_differs"), (others, 422, "no_common_rows"), (twice, 422, "duplicate_key"),
                (function, 422, "no_common_function"), (parameters, 409, "function_differs"),
                (unsaved, 409, "rows_not_kept"), ("nope", 404, "unknown_result"),
            ] {
                let found = try await server.post("/v1/comparisons", Self.request(a, id, ["key": "id"]))
                #expect(found.status == status && found.error["code"]?.string == code, "\(code): \(found.body)")
                if found.json["refusals"] != nil { #expect(found.json["comparable"] == false) }
            }
            let allowed = try await server.post(
                "/v1/comparisons", Self.request(a, data, ["key": "id", "allow": ["data_differs"]]))
            #expect(allowed.status == 200 && allowed.body.contains("data_differs"), "\(allowed.body)")
            for body: JSONValue in [
                ["a": "x", "b": ["result_id": .string(a)]], ["a": ["result_id": .string(a)]],
                Self.request(a, a, ["level": 2]), Self.request(a, a, ["allow": ["schema"]]),
                Self.request(a, a, ["adjust": "x"]), Self.request(a, a, ["regressions": -1]),
            ] {
                #expect(try await server.post("/v1/comparisons", body).status == 400, "\(body.text)")
            }
            let page = try await server.get("/compare?a=\(a)&b=\(data)&key=id").body
            #expect(page.contains("Not compared:") && page.contains("expected_answer"))
        }
    }

    @Test("judgements are compared with a column of labels")
    func agreement() async throws {
        try await TestServer.run { server async throws in
            let a = try await score("a", right: (0..<40).map { $0 % 3 == 0 }, on: server) { row, index in
                row["human"] = JSONValue(index % 3 == 0 || index == 1 ? 1 : 0)
            }
            let runs: JSONValue = [["result_id": .string(a)]]
            let found = try await server.post("/v1/agreements", ["runs": runs, "labels": "human"])
            #expect(found.status == 200, "\(found.body)")
            #expect(found.json["agreement"]?["basic::equality"]?["agreement"]?["value"] == JSONValue(0.975))
            // A file is not read.
            let file = try await server.post("/v1/agreements", ["runs": runs, "labels": "/etc/passwd"])
            #expect(file.status == 400 && file.body.contains("no column"))
            let page = try await server.get("/agree?run=\(a)&labels=human").body
            #expect(page.contains("Cohen’s kappa") && page.contains("0.975"))
            #expect(try await server.get("/agree?run=\(a)&labels=nope").status == 400)
        }
    }

    @Test("a result leaves the server as a run folder, and as a report")
    func download() async throws {
        try await TestServer.run { server async throws in
            let a = try await score("a", right: (0..<30).map { $0 % 3 == 0 }, on: server) { row, _ in row["human"] = "1"
            }
            let b = try await score("b", right: (0..<30).map { $0 % 2 == 0 }, on: server) { row, _ in row["human"] = "1"
            }
            let folder = try TemporaryFolder()
            for (id, name) in [(a, "a"), (b, "b")] {
                let (status, bytes) = try await bytes(server, "/v1/scoring/results/\(id)/run")
                #expect(status == 200 && bytes.count % 512 == 0)
                try write(bytes, to: "\(folder.path)/\(name).tar")
            }
            let runs = try ["a", "b"].map { try SavedRun("\(folder.path)/\($0).tar") }
            let comparison = try Comparison(runs[0], runs[1]).json
            let served = try await server.post("/v1/comparisons", Self.request(a, b)).json
            #expect(comparison["functions"] == served["functions"], "\(comparison.text)")
            #expect(try Report(runs[0]).html().contains("10 of 30 scored rows"))
            let report = try await server.get("/results/\(a)/report")
            #expect(report.status == 200 && report.body.contains("Report of a run"))
            #expect(report.header("content-security-policy")?.contains("default-src 'none'") == true)
            #expect(try await server.get("/v1/scoring/results/nope/run").status == 404)
            // Nothing of a download is left.
            #expect(try await bytes(server, "/results/\(a)/run").status == 200)
            #expect(try names(in: server.folder).allSatisfy { !$0.contains(".download") })
        }
    }

    @Test("so does a job, also while its benchmark has the name of a path")
    func job() async throws {
        try await TestServer.run(provider: ScriptedProvider()) { server async throws in
            try await server.register("b", rows: 5)
            let job = try await server.start("b")
            _ = try await server.job(job) { $0["finished_at"] != .null }
            // The result is recorded when the job has ended.
            while try await server.get("/v1/scoring/results").json["data"]?.array?.isEmpty ?? true {
                try await Task.sleep(for: .milliseconds(5))
            }
            let (status, bytes) = try await bytes(server, job + "/run")
            #expect(status == 200)
            let folder = try TemporaryFolder()
            try write(bytes, to: "\(folder.path)/job.tar")
            let run = try SavedRun("\(folder.path)/job.tar")
            #expect(run.name == "m" && run.functions == ["f", "g::h"])
            #expect(try Report(run).html().contains("5 of 5"))
            let id = String(job.split(separator: "/").last ?? "")
            let found = try await server.post(
                "/v1/comparisons", ["a": ["job_id": .string(id)], "b": ["job_id": .string(id)]])
            #expect(found.status == 200 && found.body.contains("identical"), "\(found.body)")
            #expect(try await server.get(job + "x/run").status == 404)
        }
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        let file = try #require(fopen(path, "w"))
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }

    private func names(in path: String) throws -> [String] {
        let entries = try #require(opendir(path))
        defer { closedir(entries) }
        var names: [String] = []
        while let entry = readdir(entries) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names
    }
}
