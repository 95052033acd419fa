import Crypto
import HTTPTypes
import Hummingbird

/// Who may use the server: those who know the token, and pages of the web only where that is allowed.
struct Access: Sendable {
    /// A digest, so that comparing takes the same time whatever is compared.
    private let token: SHA256.Digest?
    private let origins: [String]

    init(_ configuration: ServerConfiguration) {
        token = configuration.accessToken.map { SHA256.hash(data: Array($0.utf8)) }
        origins = configuration.allowedOrigins
    }

    /// Refuses a request that does not bring the token.
    func checkToken(of request: Request) throws(APIError) {
        guard let token else { return }
        let parts = (request.headers[.authorization] ?? "").split(separator: " ", maxSplits: 1)
        let given = parts.count == 2 && parts[0].lowercased() == "bearer" ? String(parts[1]) : ""
        guard SHA256.hash(data: Array(given.utf8)) == token else {
            throw APIError(
                status: .unauthorized, type: "authentication_error", code: "invalid_token",
                message: "the request needs the server's access token, as Authorization: Bearer TOKEN",
                param: "Authorization")
        }
    }

    /// Refuses to change anything for a page of another site. A browser sends such requests without asking, and without
    /// the name of the server's user.
    func checkOrigin(of request: Request) throws(APIError) {
        guard let origin = request.headers[.origin], request.method != .get, !isAllowed(origin) else { return }
        let authority = origin.firstRange(of: "://").map { String(origin[$0.upperBound...]) }
        if let authority, authority == request.head.authority { return }
        throw APIError(
            status: .forbidden, type: "permission_error", code: "origin_not_allowed",
            message: "pages of \(origin) may not use the server; the operator allows them with --cors-origin",
            param: "Origin")
    }

    /// The answer to a browser that asks whether a page may send a request; nil for other requests.
    func preflight(_ request: Request) -> Response? {
        guard request.method == .options, let origin = request.headers[.origin], isAllowed(origin) else { return nil }
        var response = Response(status: .noContent)
        response.headers[.accessControlAllowMethods] = "GET, POST, DELETE"
        response.headers[.accessControlAllowHeaders] = request.headers[.accessControlRequestHeaders] ?? "Content-Type"
        response.headers[.accessControlMaxAge] = "600"
        return response
    }

    /// Lets pages that are allowed read the answer.
    func mark(_ response: inout Response, to request: Request) {
        if origins.isEmpty { return }
        response.headers[.vary] = "Origin"
        if let origin = request.headers[.origin], isAllowed(origin) {
            response.headers[.accessControlAllowOrigin] = origin
        }
    }

    private func isAllowed(_ origin: String) -> Bool { origins.contains(origin) || origins.contains("*") }
}
