import AssayServer
import FakeModel
import Glibc
import HuggingFace
import JSON
import NIOHTTP1
import TestSupport
import Testing

@Suite("Datasets that come from elsewhere")
struct SourceTests {
    private func register(_ uri: String, _ server: TestServer) async throws -> TestResponse {
        try await server.post(
            "/v1/datasets",
            ["dataset_id": "d", "purpose": "eval/question-answer", "source": ["type": "uri", "uri": .string(uri)]])
    }

    private func rows(_ server: TestServer) async throws -> JSONValue {
        try await server.get("/v1/datasetio/iterrows/d").json["data"] ?? .null
    }

    /// A folder that is allowed, with a file in it, and one beside it that is not.
    private func folders() throws -> (allowed: TemporaryFolder, other: TemporaryFolder) {
        let folders = (allowed: try TemporaryFolder(), other: try TemporaryFolder())
        try folders.allowed.write("{\"q\": 1}\n", to: "rows.jsonl")
        try folders.allowed.write("[{\"q\": 2}]", to: "é x.json")
        try folders.other.write("{\"secret\": 1}\n", to: "rows.jsonl")
        return folders
    }

    @Test(
        "a source without a type is what its members say",
        arguments: [
            (["uri": "data:text/csv,q%0A1"], 200, "uri"), (["rows": [["q": "1"]]], 200, "rows"),
            (["uri": "data:text/csv,q%0A1", "type": nil, "rows": nil], 200, "uri"),
            (["type": "rows", "rows": [["q": "1"]], "uri": "x"], 200, "rows"),
            (["uri": "x", "rows": []], 400, "/source"), ([:], 400, "/source/uri"),
            (["type": "url"], 400, "/source/type"),
            (["type": 1, "uri": "x"], 400, "/source/type"),
        ] as [(JSONValue, Int, String)])
    func inferredTypes(source: JSONValue, status: Int, place: String) async throws {
        try await TestServer.run { server async throws in
            let body: JSONValue = ["dataset_id": "d", "purpose": "eval/question-answer", "source": source]
            let answer = try await server.post("/v1/datasets", body)
            #expect(answer.status == status, "\(answer.body)")
            if status == 200 {
                #expect(answer.json["source"]?["type"] == .string(place))
                #expect(try await rows(server) == [["q": "1"]])
            } else {
                #expect(answer.error["param"] == .string(place), "\(answer.body)")
            }
        }
    }

    @Test("NaN, as Python writes it, is null in what is registered")
    func notANumber() async throws {
        try await TestServer.run { server async throws in
            let lines = "%7B%22q%22: NaN, %22r%22: [1, -Infinity]%7D%0A%7B%22q%22: 2%7D"
            let answer = try await register("data:application/jsonl,\(lines)", server)
            #expect(answer.status == 200, "\(answer.body)")
            #expect(try await rows(server) == [["q": nil, "r": [1, nil]], ["q": 2]])
            #expect(try await server.delete("/v1/datasets/d").status == 200)
            let broken = try await register("data:application/jsonl,%7B%22q%22: [1 2]%7D", server)
            #expect(broken.status == 400)
            let body = """
                {"input_rows": [{"generated_answer": "1", "expected_answer": "1", "difficulty": NaN}],
                 "scoring_functions": {"basic::equality": null}}
                """
            let scored = try await server.post("/v1/scoring/score", bytes: Array(body.utf8))
            #expect(scored.status == 200, "\(scored.body)")
            #expect(scored.json["results"]?["basic::equality"]?["score_rows"]?.array?.first?["score"] == JSONValue(1.0))
        }
    }

    @Test("files in a folder that was allowed are read, by their path or from the folder on")
    func files() async throws {
        let (allowed, _) = try folders()
        try await TestServer.run(TestServer.configured { $0.allowedFolders = [allowed.path] }) { server async throws in
            for (name, value) in [
                ("\(allowed.path)/rows.jsonl", 1), ("file://\(allowed.path)/rows.jsonl", 1), ("rows.jsonl", 1),
                ("file://\(allowed.path)/%C3%A9%20x.json", 2), ("./é x.json", 2),
            ] {
                let answer = try await register(name, server)
                #expect(answer.status == 200, "\(answer.body)")
                #expect(try await rows(server) == [["q": .init(value)]])
                #expect(try await server.delete("/v1/datasets/d").status == 200)
            }
        }
    }

    @Test("nothing else of the machine can be read, not by dots, links or escapes")
    func otherFiles() async throws {
        let (allowed, other) = try folders()
        symlink("\(other.path)/rows.jsonl", "\(allowed.path)/link.jsonl")
        symlink(other.path, "\(allowed.path)/folder")
        symlink("rows.jsonl", "\(allowed.path)/inside.jsonl")
        mkfifo("\(allowed.path)/fifo.jsonl", 0o600)
        try await TestServer.run(TestServer.configured { $0.allowedFolders = [allowed.path] }) { server async throws in
            let name = other.path.split(separator: "/").last ?? ""
            for path in [
                "/etc/passwd", "\(other.path)/rows.jsonl", "file://\(other.path)/rows.jsonl", "../\(name)/rows.jsonl",
                "\(allowed.path)/../\(name)/rows.jsonl", "link.jsonl", "folder/rows.jsonl", "fifo.jsonl", "nope.jsonl",
                "file://\(allowed.path)/%2e%2e/\(name)/rows.jsonl", "file://elsewhere/rows.jsonl", "rows.jsonl\u{0}",
                "\(allowed.path)", "\(allowed.path)other/rows.jsonl", "/proc/self/fd/0", "~/rows.jsonl", "",
            ] {
                let answer = try await register(path, server)
                #expect(answer.status == 400, "\(path): \(answer.body)")
                #expect(!answer.body.contains("secret"))
            }
            #expect(try await register("inside.jsonl", server).status == 200)
        }
        unlink("\(allowed.path)/folder")
    }

    @Test("without an allowed folder no file is read")
    func noFolders() async throws {
        let (allowed, _) = try folders()
        try await TestServer.run { server async throws in
            let answer = try await register("\(allowed.path)/rows.jsonl", server)
            #expect(answer.status == 400 && answer.body.contains("--allow-path"))
        }
    }

    @Test("a dataset is downloaded, redirections followed, its format known by name or type")
    func downloads() async throws {
        let web = try await FakeWeb { head in
            switch head.uri {
            case "/a.csv?x=1": FakeWeb.Page(body: "q\n1\n")
            case "/typed":
                FakeWeb.Page(headers: [("Content-Type", "application/json; charset=utf-8")], body: "[{\"q\": \"1\"}]")
            case "/folder/moved": FakeWeb.Page(status: 302, headers: [("Location", "../a.csv?x=1")])
            case "/../a.csv?x=1", "/folder/../a.csv?x=1": FakeWeb.Page(body: "q\n1\n")
            case "/there": FakeWeb.Page(status: 308, headers: [("Location", "/typed")])
            case "/loop": FakeWeb.Page(status: 302, headers: [("Location", "/loop")])
            case "/file": FakeWeb.Page(status: 302, headers: [("Location", "file:///etc/passwd")])
            case "/untyped": FakeWeb.Page(body: "q\n1\n")
            case "/large.csv": FakeWeb.Page(body: "q\n" + String(repeating: "1\n", count: 600))
            default: FakeWeb.Page(status: 404)
            }
        }
        let configuration = TestServer.configured {
            $0.allowsPrivateAddresses = true
            $0.maxDownloadSize = 1_000
        }
        try await TestServer.run(configuration) { server async throws in
            for path in ["/a.csv?x=1", "/typed", "/folder/moved", "/there"] {
                let answer = try await register(web.url + path, server)
                #expect(answer.status == 200, "\(path): \(answer.body)")
                #expect(try await rows(server) == [["q": "1"]])
                #expect(try await server.delete("/v1/datasets/d").status == 200)
            }
            for (path, status, reason) in [
                ("/nope.csv", 400, "404"), ("/loop", 400, "redirects"), ("/file", 400, "redirects"),
                ("/untyped", 400, "known format"), ("/large.csv", 413, "bytes"),
            ] {
                let answer = try await register(web.url + path, server)
                #expect(answer.status == status && answer.body.contains(reason), "\(path): \(answer.body)")
            }
            let answer = try await register("http://127.0.0.1:1/x.csv", server)
            #expect(answer.status == 400 && answer.error["code"] == "unreadable_source")
        }
        try await web.stop()
    }

    @Test("a download goes through the proxy of the environment, and private addresses are refused there as well")
    func proxiedDownloads() async throws {
        let web = try await FakeWeb { head in
            switch head.uri {
            case "/rows.csv": FakeWeb.Page(body: "q\n1\n")
            case "/moved": FakeWeb.Page(status: 302, headers: [("Location", "/rows.csv")])
            case "/inside": FakeWeb.Page(status: 302, headers: [("Location", "http://10.1.2.3/rows.csv")])
            default: FakeWeb.Page(status: 404)
            }
        }
        // Only the proxy knows the name.
        let proxy = try FakeProxy(names: ["rows.invalid:80": "127.0.0.1:\(web.port)"])
        let configuration = TestServer.configured { configuration in
            configuration.environment = { $0 == "http_proxy" ? proxy.url : nil }
        }
        try await TestServer.run(configuration) { server async throws in
            for path in ["/rows.csv", "/moved"] {
                let answer = try await register("http://rows.invalid" + path, server)
                #expect(answer.status == 200, "\(answer.body)")
                #expect(try await rows(server) == [["q": "1"]])
                #expect(try await server.delete("/v1/datasets/d").status == 200)
            }
            let asked = proxy.requests.count
            for uri in ["http://127.0.0.1:\(web.port)/rows.csv", "http://2130706433:\(web.port)/rows.csv"] {
                let answer = try await register(uri, server)
                #expect(
                    answer.status == 400 && answer.body.contains("a private or special-purpose address"),
                    "\(answer.body)")
            }
            #expect(proxy.requests.count == asked)
            let inside = try await register("http://rows.invalid/inside", server)
            #expect(inside.status == 400 && inside.body.contains("10.1.2.3 is 10.1.2.3"), "\(inside.body)")
        }
        #expect(proxy.requests.allSatisfy { $0.target == "rows.invalid:80" })
        // Without the proxy nobody knows the name.
        try await TestServer.run { server async throws in
            let answer = try await register("http://rows.invalid/rows.csv", server)
            #expect(answer.status == 400 && answer.body.contains("the host rows.invalid cannot be found"))
        }
        try await web.stop()
    }

    @Test(
        "addresses of this machine and of private networks are refused, however they are written",
        arguments: [
            "127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0", "[::1]", "[::ffff:127.0.0.1]", "[::]",
            "10.1.2.3", "192.168.0.1", "172.31.255.255", "169.254.169.254", "100.64.0.1", "[fd00::1]", "[fe80::1]",
            "[2002:7f00:1::]", "[64:ff9b::7f00:1]", "224.0.0.1", "255.255.255.255",
        ])
    func privateAddresses(host: String) async throws {
        let web = try await FakeWeb { _ in FakeWeb.Page(body: "q\n1\n") }
        try await TestServer.run { server async throws in
            let answer = try await register("http://\(host):\(web.port)/x.csv", server)
            #expect(answer.status == 400, "\(answer.body)")
        }
        #expect(web.requests.isEmpty)
        try await web.stop()
    }

    @Test(
        "an address that may be read in two ways is refused",
        arguments: [
            "http://example.com@127.0.0.1/x.csv", "http://127.0.0.1\\@example.com/x.csv", "http:///x.csv",
            "http://a b/x.csv",
            "http://127.0.0.1:0/x.csv", "http://127.0.0.1:99999/x.csv", "http://[::1/x.csv", "http://é/x.csv",
            "http:x.csv",
            "http://a%2e/x.csv",
        ])
    func ambiguousAddresses(uri: String) async throws {
        try await TestServer.run(TestServer.configured { $0.allowsPrivateAddresses = true }) { server async throws in
            #expect(try await register(uri, server).status == 400)
        }
    }

    @Test("a dataset of the Hugging Face Hub is read page by page")
    func huggingFace() async throws {
        let web = try await FakeWeb { head in
            let parts = head.uri.split(separator: "?")
            let query = parts.count > 1 ? String(parts[1]) : ""
            if parts[0] == "/base/splits" {
                return FakeWeb.Page(
                    body:
                        "{\"splits\": [{\"config\": \"default\", \"split\": \"test\"}, {\"config\": \"x\", \"split\": "
                        + "\"test\"}]}"
                )
            }
            guard query.hasPrefix("dataset=o%2Fn&config=default&split=test&offset="),
                let offset = Int(query.split(separator: "&")[3].dropFirst("offset=".count))
            else { return FakeWeb.Page(status: 404) }
            let rows = (offset..<min(offset + 100, 250)).map {
                "{\"row_idx\": \($0), \"row\": {\"n\": \($0)}, \"truncated_cells\": []}"
            }
            return FakeWeb.Page(
                body:
                    "{\"features\": [], \"rows\": [\(rows.joined(separator: ", "))], \"num_rows_total\": 250, "
                    + "\"partial\": false}"
            )
        }
        let proxy = try FakeProxy()
        let configuration = TestServer.configured {
            $0.huggingFace.url = web.url + "/base"
            $0.huggingFace.token = "hf_secret"
            $0.huggingFace.environment = { $0 == "http_proxy" ? proxy.url : nil }
        }
        try await TestServer.run(configuration) { server async throws in
            for uri in [
                "huggingface://datasets/o/n?split=test&config=default", "huggingface://datasets/o/n?split=test",
                "huggingface://o/n", "hf://datasets/o/n?split=test&revision=main&trust_remote_code=true",
            ] {
                let answer = try await register(uri, server)
                #expect(answer.status == 200, "\(answer.body)")
                #expect(answer.json["provider_id"] == "huggingface")
                #expect(try await rows(server) == .array((0..<250).map { ["n": .init($0)] }))
                #expect(try await server.delete("/v1/datasets/d").status == 200)
            }
            for uri in [
                "huggingface://datasets/o/n?split=train", "huggingface://datasets/o/other?split=test&config=default",
                "huggingface://datasets/o/n?x=1", "huggingface://", "huggingface://datasets/a/b/c",
                "huggingface://a/%2e%2e", "huggingface://datasets/o/n?split=test[-9223372036854775808%25:]",
                "huggingface://datasets/o/n?split=test[:9223372036854775808]",
            ] {
                #expect(try await register(uri, server).status == 400, "\(uri)")
            }
        }
        #expect(web.requests.allSatisfy { $0.headers.first(name: "authorization") == "Bearer hf_secret" })
        #expect(!proxy.requests.isEmpty)
        try await web.stop()
    }

    @Test("a cell that the datasets server cut short is not taken for the whole")
    func truncatedCells() async throws {
        let web = try await FakeWeb { _ in
            FakeWeb.Page(
                body: "{\"rows\": [{\"row\": {\"a\": \"x\"}, \"truncated_cells\": [\"a\"]}], \"num_rows_total\": 1}")
        }
        try await TestServer.run(TestServer.configured { $0.huggingFace.url = web.url }) { server async throws in
            let answer = try await register("huggingface://datasets/o/n?split=a&config=b", server)
            #expect(answer.status == 400 && answer.body.contains("shortened"))
        }
        try await web.stop()
    }
}
