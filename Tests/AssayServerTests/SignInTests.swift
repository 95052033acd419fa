import AssayServer
import AsyncHTTPClient
import JSON
import NIOCore
import NIOHTTP1
import Testing

@Suite("Signing in")
struct SignInTests {
    private static let locked = TestServer.configured { $0.accessToken = "a token of some length" }
    private static let client = {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// Sends a request as a browser does, but follows no redirection.
    private func send(
        _ server: TestServer, _ path: String, form: String? = nil, headers: [(String, String)] = []
    ) async throws -> TestResponse {
        var request = HTTPClientRequest(url: server.url + path)
        request.headers = HTTPHeaders(headers)
        if let form {
            request.method = .POST
            request.headers.replaceOrAdd(name: "Content-Type", value: "application/x-www-form-urlencoded")
            request.body = .bytes(ByteBuffer(string: form))
        }
        let response = try await Self.client.execute(request, timeout: .seconds(30))
        return TestResponse(
            status: Int(response.status.code), headers: response.headers.map { ($0.name.lowercased(), $0.value) },
            body: String(buffer: try await response.body.collect(upTo: 1 << 20)))
    }

    @Test("pages are for those who have signed in, and a session is for pages only")
    func session() async throws {
        try await TestServer.run(Self.locked) { server async throws in
            for path in ["/", "/results", "/results/x", "/datasets/a%2Fb?from=25"] {
                let page = try await send(server, path)
                #expect(page.status == 303 && !page.body.contains("<main"))
                let next = path.replacing("/", with: "%2F").replacing("?", with: "%3F").replacing("=", with: "%3D")
                let root = ["/": "./", "/results": "./"][path] ?? "../"
                #expect(
                    page.header("location") == root + "login?next=" + next.replacing("a%2F", with: "a%252F"), "\(path)")
            }
            let form = try await send(server, "/login?next=%2Fdatasets%2Fa%252Fb")
            #expect(form.status == 200 && form.body.contains("name=\"next\" value=\"/datasets/a%2Fb\""))
            let wrong = try await send(server, "/login", form: "token=wrong&next=%2Fresults")
            #expect(wrong.status == 403 && wrong.header("set-cookie") == nil)
            #expect(wrong.body.contains("not the server’s access token") && !wrong.body.contains("wrong"))
            let answer = try await send(server, "/login", form: "next=%2Fresults&token=a+token%20of+some+length")
            #expect(answer.status == 303 && answer.header("location") == "./results")
            let cookie = try #require(answer.header("set-cookie"))
            for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=43200"] {
                #expect(cookie.contains(part))
            }
            #expect(!cookie.contains("token") && !cookie.contains("Secure"))
            let pair = String(cookie.prefix { $0 != ";" })
            for cookies in [pair, "other=1; \(pair); more=2"] {
                #expect(try await send(server, "/results", headers: [("Cookie", cookies)]).status == 200)
            }
            let later = pair.replacing("=1", with: "=2")
            for cookies in [
                "", pair + "0", String(pair.dropLast()), later, "assay-0=", "assay-0=9999999999.", "=" + pair,
            ] {
                #expect(try await send(server, "/results", headers: [("Cookie", cookies)]).status == 303, "\(cookies)")
            }
            for path in ["/v1/datasets", "/metrics", "/nope"] {
                #expect(try await send(server, path, headers: [("Cookie", pair)]).status == 401, "\(path)")
            }
            let bearer = [("Authorization", "Bearer a token of some length")]
            #expect(try await send(server, "/results", headers: bearer).status == 200)
            // Another server, or the same one at another time, knows nothing of it.
            try await TestServer.run(Self.locked) { other async throws in
                #expect(try await send(other, "/results", headers: [("Cookie", pair)]).status == 303)
            }
        }
    }

    @Test("who signs out is out, whoever has a copy of the cookie, and nobody else is")
    func signOut() async throws {
        try await TestServer.run(Self.locked) { server async throws in
            func signIn() async throws -> (String, String) {
                let answer = try await send(server, "/login", form: "token=a+token+of+some+length")
                return ("Cookie", String(try #require(answer.header("set-cookie")).prefix { $0 != ";" }))
            }
            let (mine, other) = (try await signIn(), try await signIn())
            #expect(mine.1 != other.1)
            let page = try await send(server, "/", headers: [mine])
            #expect(page.body.contains(#"<form class="sign-out" method="post" action="./logout"><button>Sign out"#))
            // Without it, the browser would send "Origin: null" with the form, which is refused.
            #expect(page.header("referrer-policy") == "same-origin")
            for origin in ["http://evil.example", "null"] {
                #expect(try await send(server, "/logout", form: "", headers: [mine, ("Origin", origin)]).status == 403)
            }
            #expect(try await send(server, "/", headers: [mine]).status == 200)
            let answer = try await send(server, "/logout", form: "", headers: [mine, ("Origin", server.url)])
            #expect(answer.status == 303 && answer.header("location") == "./login")
            #expect(try #require(answer.header("set-cookie")).contains("=; Path=/; Max-Age=0; HttpOnly"))
            #expect(try await send(server, "/", headers: [mine]).status == 303)
            #expect(try await send(server, "/", headers: [other]).status == 200)
            // Without a session there is nothing to end.
            for cookies in [[], [mine], [("Cookie", "assay-0=1.2")]] {
                #expect(try await send(server, "/logout", form: "", headers: cookies).status == 303)
            }
            #expect(!(try await send(server, "/login")).body.contains("/logout"))
        }
        try await TestServer.run { server async throws in
            #expect(!(try await send(server, "/")).body.contains("/logout"))
        }
    }

    @Test("nobody is sent to another place by it, and no other site's form signs anybody in")
    func redirections() async throws {
        try await TestServer.run(Self.locked) { server async throws in
            for next in [
                "//evil.example", "/%5Cevil.example", "https://evil.example", "/x%0D%0ASet-Cookie:%20a=b", "", "x",
            ] {
                let form = "token=a+token+of+some+length&next=" + next
                let answer = try await send(server, "/login", form: form)
                #expect(answer.status == 303 && answer.header("location") == "./", "\(next)")
            }
            let form = "token=a+token+of+some+length"
            for origin in ["http://evil.example", "null"] {
                #expect(try await send(server, "/login", form: form, headers: [("Origin", origin)]).status == 403)
            }
            #expect(try await send(server, "/login", form: form, headers: [("Origin", server.url)]).status == 303)
            let long = form + String(repeating: "x", count: 20_000)
            #expect(try await send(server, "/login", form: long).status == 413)
        }
    }

    @Test("pages let no script, frame or other site in, and are kept by nobody")
    func headers() async throws {
        try await TestServer.run(Self.locked) { server async throws in
            let signIn = try await send(server, "/login")
            let bearer = [("Authorization", "Bearer a token of some length")]
            for page in [signIn, try await send(server, "/", headers: bearer)] {
                let policy = try #require(page.header("content-security-policy"))
                for part in ["default-src 'none'; ", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"]
                {
                    #expect(policy.contains(part))
                }
                #expect(!policy.contains("script-src") && !policy.contains("unsafe"))
                #expect(page.header("x-content-type-options") == "nosniff")
                #expect(page.header("cache-control") == "no-store")
                #expect(page.header("referrer-policy") == "same-origin")
                for word in ["http:", "https:", "<script", "src=", " style="] {
                    let rest = page.body.replacing("http://www.w3.org/2000/svg", with: "")
                    #expect(!rest.replacing("'http://www.w3.org", with: "").contains(word), "\(word)")
                }
            }
        }
        try await TestServer.run { server async throws in
            #expect(try await send(server, "/login").header("location") == "./")
            #expect(try await send(server, "/").header("referrer-policy") == "no-referrer")
        }
    }
}
