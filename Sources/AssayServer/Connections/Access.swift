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
        if hasSession(request) { return }
        do throws(APIError) {
            try checkToken(of: request)
        } catch {
            var error = error
            error.status = .seeOther
            error.location = SignIn.link(from: request.head.path ?? "/")
            throw error
        }
    }

    /// A cookie with a session if the token is correct; nil otherwise.
    func session(for token: String) -> String? {
        guard isToken(token) else { return nil }
        let end = String(time(nil) + Self.sessionSeconds)
        let code = sessionKey.code(for: end).bytes
        return "\(cookieName)=\(end).\(hexadecimal(code)); Path=/; Max-Age=\(Self.sessionSeconds); HttpOnly; "
            + "SameSite=Strict" + (isSecure ? "; Secure" : "")
    }

    private func hasSession(_ request: Request) -> Bool {
        request.headers[values: .cookie].flatMap { $0.split(separator: ";") }.contains { cookie in
            let parts = cookie.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0].drop(while: { $0 == " " }) == cookieName else { return false }
            let value = parts[1].split(separator: ".", omittingEmptySubsequences: false)
            guard value.count == 2, let end = Int(value[0]), end > time(nil) else { return false }
            return sessionKey.isValid(bytes(hexadecimal: value[1]) ?? [], for: String(value[0]))
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
