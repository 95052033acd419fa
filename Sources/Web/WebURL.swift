import Encodings

/// The address of something on the web, taken apart and strictly read: a host that is neither a plain name nor an IP address
/// is refused, so that nobody else can take it for another one.
package struct WebURL: Hashable, Sendable {
    /// Why a text is no such address.
    package struct Fault: Error, Sendable {
        /// As the end of a sentence that begins with what was read.
        package var reason: String

        package init(reason: String) {
            self.reason = reason
        }
    }

    /// `http` or `https`.
    package let scheme: String
    /// User name and password, as they stand before the host.
    package let userInfo: Secret?
    /// In lower case; an IPv6 address without its brackets.
    package let host: String
    package let port: Int?
    /// Empty, or from its first slash on.
    package var path: String
    /// From its question mark on; empty if it has none.
    package let query: String
    /// What follows the `#`, which is not sent; nil if it has none.
    package let fragment: String?

    package init(parsing text: String) throws(Fault) {
        guard let separator = text.firstRange(of: "://") else {
            throw Fault(reason: "is not a URL that starts with http:// or https://")
        }
        let scheme = text[..<separator.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else {
            throw Fault(reason: "does not start with http:// or https://")
        }
        self.scheme = scheme
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else {
            throw Fault(reason: "contains a character that is not allowed here in a URL; write it as %XX")
        }
        let whole = text[separator.upperBound...]
        let rest = whole.prefix { $0 != "#" }
        fragment = rest.endIndex == whole.endIndex ? nil : String(whole[rest.endIndex...].dropFirst())
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let target = rest[authority.endIndex...]
        let path = target.prefix { $0 != "?" }
        self.path = String(path)
        query = String(target[path.endIndex...])
        var place = authority
        if let at = authority.lastIndex(of: "@") {
            userInfo = Secret(String(authority[..<at]))
            place = authority[authority.index(after: at)...]
        } else {
            userInfo = nil
        }
        (host, port) = try Self.hostAndPort(place)
    }

    private static func hostAndPort(_ place: Substring) throws(Fault) -> (String, Int?) {
        let isBracketed = place.hasPrefix("[")
        let host = isBracketed ? place.dropFirst().prefix { $0 != "]" } : place.prefix { $0 != ":" }
        let isClosed = !isBracketed || host.endIndex < place.endIndex
        let afterHost = place[host.endIndex...].dropFirst(isBracketed ? 1 : 0)
        guard !host.isEmpty, isClosed, afterHost.isEmpty || afterHost.first == ":" else {
            throw Fault(reason: "has no host")
        }
        guard isBracketed ? host.contains(":") && IPAddress(host) != nil : host.utf8.allSatisfy(isAllowed) else {
            throw Fault(reason: "names a host that is neither a plain name nor an IP address")
        }
        if afterHost.count < 2 { return (host.lowercased(), nil) }
        guard let port = UInt16(afterHost.dropFirst()), port > 0 else { throw Fault(reason: "has no valid port") }
        return (host.lowercased(), Int(port))
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Takes the slashes off the end of the path, so that further parts can be added to it.
    package mutating func removeTrailingSlashes() {
        while path.hasSuffix("/") { path.removeLast() }
    }

    /// Scheme, host and port, as far as the text has one.
    package var origin: String {
        "\(scheme)://\(host.contains(":") ? "[\(host)]" : host)" + (port.map { ":\($0)" } ?? "")
    }

    /// The address as it is asked for, without user name and password.
    package var text: String { origin + path + query }

    /// The `Authorization` that the user name and the password stand for, percent signs decoded.
    package var basicAuthorization: Secret? {
        userInfo.map { Secret("Basic " + base64(Array(leniently(percentDecoded: $0.value).utf8))) }
    }

    /// The address to which a redirection from this one leads; nil if it is not valid.
    package func redirected(to location: String) -> WebURL? {
        if location.contains("://") { return try? WebURL(parsing: location) }
        if location.hasPrefix("//") { return try? WebURL(parsing: "\(scheme):\(location)") }
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? "/"
        return try? WebURL(parsing: origin + (location.hasPrefix("/") ? location : folder + location))
    }
}
