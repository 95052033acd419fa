import Encodings

/// The parsed address of a model's API.
struct ModelAddress: Hashable, Sendable {
    /// Why a text is not a valid address.
    struct Fault: Error {
        var reason: String
    }

    /// `http` or `https`.
    let scheme: String
    /// User name and password, as they stand before the host.
    let userInfo: Secret?
    /// The host in lower case, an IPv6 address in its brackets.
    let host: String
    let port: Int?
    /// The path without a slash at its end, and without an operation, which many would copy with it; `/v1` where the
    /// address has none.
    let path: String
    /// What stands behind the path, its question mark included.
    let query: String

    init(parsing text: String) throws(Fault) {
        guard let separator = text.firstRange(of: "://") else {
            throw Fault(reason: "is not a URL that starts with http:// or https://")
        }
        let scheme = text[..<separator.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else {
            throw Fault(reason: "does not start with http:// or https://")
        }
        self.scheme = scheme
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !text.contains("#") else {
            throw Fault(reason: "contains a character that is not allowed here in a URL; write it as %XX")
        }
        let rest = text[separator.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let target = rest[authority.endIndex...]
        let path = target.prefix { $0 != "?" }
        query = String(target[path.endIndex...])
        let slashes = path.reversed().prefix { $0 == "/" }.count
        var base = path.dropLast(slashes)
        let operations = ModelAPI.allCases.map(\.path) + [InferenceRequest.Operation.embedding.rawValue]
        // "chat/completions" comes before "completions".
        if let operation = operations.first(where: { base.hasSuffix("/" + $0) }) {
            base = base.dropLast(operation.count + 1)
        }
        self.path = base.isEmpty ? "/v1" : String(base)

        var place = authority
        if let at = authority.lastIndex(of: "@") {
            userInfo = Secret(String(authority[..<at]))
            place = authority[authority.index(after: at)...]
        } else {
            userInfo = nil
        }
        let host = place.hasPrefix("[") ? place.prefix { $0 != "]" } + "]" : place.prefix { $0 != ":" }
        let afterHost = place.dropFirst(host.count)
        let isClosed = !place.hasPrefix("[") || place.contains("]")
        guard !host.isEmpty, host != "[]", isClosed, afterHost.isEmpty || afterHost.first == ":" else {
            throw Fault(reason: "has no host")
        }
        self.host = host.lowercased()
        if afterHost.count > 1 {
            guard let port = UInt16(afterHost.dropFirst()), port > 0 else { throw Fault(reason: "has no valid port") }
            self.port = Int(port)
        } else {
            port = nil
        }
    }

    /// The address without user name, password and query, for messages.
    var shown: String { origin + path }

    /// The address of an operation, as requests go to it.
    ///
    /// - Parameter part: what of the operation is meant, as the end of the path, such as `/3/session`.
    func target(of operation: InferenceRequest.Operation, _ part: String = "") -> String {
        target(operation.rawValue + part)
    }

    /// The address with something at the end of its path.
    func target(_ end: String) -> String { "\(origin)\(path)/\(end)\(query)" }

    /// The address without user name and password.
    var whole: String { origin + path + query }

    private var origin: String { "\(scheme)://\(host)" + (port.map { ":\($0)" } ?? "") }

    /// The `Authorization` that the user name and the password stand for, percent signs decoded.
    var basicAuthorization: Secret? {
        userInfo.map { Secret("Basic " + base64(Array(leniently(percentDecoded: $0.value).utf8))) }
    }
}
