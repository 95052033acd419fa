import Encodings
import Glibc
import HTTPTypes
import Hashing
import Hummingbird
import JSON
import Synchronization

/// Access control: requests need the token, if there is one, and web pages need an allowed origin.
struct Access: Sendable {
    /// A digest, so that comparisons take constant time.
    private let token: Token?
    private let origins: [String]
    /// Signs the sessions that browsers hold instead of the token. The token cannot be derived from a session, and sessions
    /// become invalid when the server restarts.
    private let sessionKey = AuthenticationKey()
    private let ended = EndedSessions()
    /// Browsers share cookies between all servers on a host, whatever their ports.
    private let cookieName: String
    private let isSecure: Bool
    /// Whether only requests to this machine's own names are accepted.
    private let isLocal: Bool

    private static let sessionSeconds = 12 * 60 * 60

    init(_ configuration: ServerConfiguration) {
        isSecure = configuration.tls != nil
        isLocal = configuration.accessToken == nil && configuration.isLoopback
        cookieName = (isSecure ? "__Host-" : "") + "assay-\(configuration.port)"
        token = configuration.accessToken.map { Token(SHA256.digest(of: $0)) }
        origins = configuration.allowedOrigins
    }

    /// Whether requests need a token.
    var needsToken: Bool { token != nil }

    /// Replaces the token of a server that has one.
    func setToken(_ text: String) { token?.digest.withLock { $0 = SHA256.digest(of: text) } }

    private func isToken(_ text: String) -> Bool {
        token.map { token in token.digest.withLock { $0 } == SHA256.digest(of: text) } ?? true
    }

    /// The digest of the current token.
    private final class Token: Sendable {
        let digest: Mutex<Digest>

        init(_ digest: Digest) {
            self.digest = Mutex(digest)
        }
    }

    /// Rejects a request without the token.
    func checkToken(of request: Request) throws(APIError) {
        let parts = (request.headers[.authorization] ?? "").split(separator: " ", maxSplits: 1)
        let given = parts.count == 2 && parts[0].lowercased() == "bearer" ? String(parts[1]) : ""
        guard isToken(given) else {
            throw APIError(
                status: .unauthorized, type: "authentication_error", code: "invalid_token",
                message: "the request needs the server's access token, as Authorization: Bearer TOKEN",
                param: "Authorization")
        }
    }

    /// Redirects a browser without a session and without the token to the sign-in page. Sessions only give access to pages:
    /// requests that change something need the token itself, which pages of other sites cannot make a browser send.
    func checkSession(of request: Request) throws(APIError) {
        if !sessions(in: request.headers[values: .cookie]).isEmpty { return }
        do throws(APIError) {
            try checkToken(of: request)
        } catch {
            var error = error
            error.status = .seeOther
            let target = request.head.path ?? "/"
            error.location = RelativeLinks(from: target.prefix { $0 != "?" }).link(SignIn.link(from: target))
            throw error
        }
    }

    /// A cookie with a session if the token is correct; nil otherwise.
    func session(for token: String) -> String? {
        guard isToken(token) else { return nil }
        // Every session is unique, so that each can be ended separately.
        let name = "\(time(nil) + Self.sessionSeconds)-\(UInt64.random(in: 0 ... .max))"
        return cookie("\(name).\(hexadecimal(sessionKey.code(for: name).bytes))", seconds: Self.sessionSeconds)
    }

    /// Ends the session in a request's cookies, if there is one, so that copies of it become useless too.
    ///
    /// - Returns: a cookie that removes it from the browser.
    func endSession(in cookies: [String]) -> String {
        for session in sessions(in: cookies) { ended.add(session) }
        return cookie("", seconds: 0)
    }

    private func cookie(_ value: String, seconds: Int) -> String {
        "\(cookieName)=\(value); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : "")
    }

    /// The sessions in a request's cookies that have not ended.
    private func sessions(in cookies: [String]) -> [EndedSessions.Session] {
        cookies.flatMap { $0.split(separator: ";") }.compactMap { cookie in
            let parts = cookie.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0].drop(while: { $0 == " " }) == cookieName else { return nil }
            let value = parts[1].split(separator: ".", omittingEmptySubsequences: false)
            guard value.count == 2, let end = Int(value[0].prefix { $0 != "-" }), end > time(nil),
                sessionKey.isValid(bytes(hexadecimal: value[1]) ?? [], for: String(value[0]))
            else { return nil }
            let session = EndedSessions.Session(name: String(value[0]), end: end)
            return ended.contains(session) ? nil : session
        }
    }

    /// The sessions that were ended before they expired.
    private final class EndedSessions: Sendable {
        struct Session: Hashable {
            var name: String
            /// Seconds since 1970.
            var end: Int
        }

        private let sessions = Mutex<Set<Session>>([])

        func contains(_ session: Session) -> Bool { sessions.withLock { $0.contains(session) } }

        func add(_ session: Session) {
            sessions.withLock { sessions in
                let now = time(nil)
                sessions = sessions.filter { $0.end > now }
                sessions.insert(session)
            }
        }
    }

    /// Rejects a request to a host name that is not this machine's, if the server only protects itself by listening on this
    /// machine. With DNS rebinding, a web page's own name can resolve to this machine, and then the browser treats this
    /// server as the page's own.
    func checkHost(of request: Request) throws(APIError) {
        guard isLocal, let authority = request.head.authority, !authority.isEmpty else { return }
        let port = authority.reversed().prefix { $0.isASCII && $0.isNumber }.count
        let rest = authority.dropLast(port)
        let host = rest.hasSuffix(":") ? String(rest.dropLast()) : authority
        if host == "[::1]" || isLoopbackName(host.lowercased()) { return }
        throw APIError(
            status: .forbidden, type: "permission_error", code: "host_not_allowed",
            message:
                "without a token the server only accepts requests to this machine's own names, such as localhost or "
                + "127.0.0.1, not to \(quoted(String(authority.prefix(200)))); use one of those, or ask the operator "
                + "to set a token with --auth-token-file",
            param: "Host")
    }

    /// Rejects requests that change something and come from a page of another site. A browser sends such requests without
    /// asking its user.
    func checkOrigin(of request: Request) throws(APIError) {
        guard let origin = request.headers[.origin], request.method != .get, !isAllowed(origin) else { return }
        let authority = origin.firstRange(of: "://").map { String(origin[$0.upperBound...]) }
        if let authority, authority == request.head.authority { return }
        throw APIError(
            status: .forbidden, type: "permission_error", code: "origin_not_allowed",
            message: "pages from \(origin) may not use the server; the operator can allow them with --cors-origin",
            param: "Origin")
    }

    /// The response to a CORS preflight request; nil for other requests.
    func preflight(_ request: Request) -> Response? {
        guard request.method == .options, let origin = request.headers[.origin], isAllowed(origin) else { return nil }
        var response = Response(status: .noContent)
        response.headers[.accessControlAllowMethods] = "GET, POST, DELETE"
        response.headers[.accessControlAllowHeaders] = request.headers[.accessControlRequestHeaders] ?? "Content-Type"
        response.headers[.accessControlMaxAge] = "600"
        return response
    }

    /// Lets pages with an allowed origin read the response.
    func mark(_ response: inout Response, to request: Request) {
        if origins.isEmpty { return }
        response.headers[.vary] = "Origin"
        if let origin = request.headers[.origin], isAllowed(origin) {
            response.headers[.accessControlAllowOrigin] = origin
        }
    }

    private func isAllowed(_ origin: String) -> Bool { origins.contains(origin) || origins.contains("*") }
}
