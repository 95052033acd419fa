import Encodings
import Glibc

/// The proxies of the environment, by the rules of curl.
///
/// `http_proxy` (only in lower case: in upper case, a client's header could set it for a CGI program), `https_proxy` or
/// `HTTPS_PROXY`, and for both `all_proxy` or `ALL_PROXY`; `no_proxy` or `NO_PROXY` names the hosts that are reached
/// directly. Lower case takes precedence over upper case. Connections are made with CONNECT, even for http://.
struct ProxySettings: Sendable {
    struct Proxy: Hashable, Sendable {
        enum Kind: Hashable, Sendable { case http, socks }

        var kind: Kind
        var host: String
        var port: Int
        /// User name and password, percent signs decoded.
        var credentials: Secret?
    }

    /// Why a variable does not name a usable proxy.
    struct Fault: Error {
        var reason: String
    }

    private let environment: @Sendable (String) -> String?

    init(environment: @escaping @Sendable (String) -> String?) {
        self.environment = environment
    }

    /// The proxy for requests to an address, nil for none.
    func proxy(for address: ModelAddress) throws(Fault) -> Proxy? {
        let variables =
            (address.scheme == "http" ? ["http_proxy"] : ["https_proxy", "HTTPS_PROXY"]) + ["all_proxy", "ALL_PROXY"]
        guard let variable = variables.first(where: { environment($0) ?? "" != "" }),
            let text = environment(variable), !isExempt(address.host)
        else { return nil }
        return try Self.parse(text, variable: variable)
    }

    private static func parse(_ text: String, variable: String) throws(Fault) -> Proxy {
        let separator = text.firstRange(of: "://")
        let scheme = separator.map { text[..<$0.lowerBound].lowercased() } ?? "http"
        let kind: Proxy.Kind
        switch scheme {
        case "http": kind = .http
        case "socks5", "socks5h": kind = .socks
        default:
            throw Fault(reason: "\(variable) names a proxy of the type \(scheme)://; use http:// or socks5h://")
        }
        let address: ModelAddress
        do throws(ModelAddress.Fault) {
            // Its parts are those of a URL, whatever the scheme.
            address = try ModelAddress(parsing: "http://" + text[(separator?.upperBound ?? text.startIndex)...])
        } catch {
            throw Fault(reason: "the address of the proxy in \(variable) \(error.reason)")
        }
        if kind == .socks, address.userInfo != nil {
            throw Fault(reason: "\(variable) has a user name for a SOCKS proxy, which is not supported")
        }
        let host = address.host.hasPrefix("[") ? String(address.host.dropFirst().dropLast()) : address.host
        return Proxy(
            kind: kind, host: host, port: address.port ?? 1080,
            credentials: address.userInfo.map { Secret(leniently(percentDecoded: $0.value)) })
    }

    /// Whether `no_proxy` names the host: `*`, a domain with its subdomains, an address, or a network such as
    /// `10.0.0.0/8`.
    private func isExempt(_ host: String) -> Bool {
        guard let list = environment("no_proxy") ?? environment("NO_PROXY") else { return false }
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        let name = bare.hasSuffix(".") ? String(bare.dropLast()) : bare
        let address = addressBytes(name)
        return list.split { $0 == "," || $0 == " " || $0 == "\t" }.contains { entry in
            if entry == "*" { return true }
            if let address { return contains(address, network: entry) }
            var domain = entry.lowercased()
            if domain.hasPrefix(".") { domain.removeFirst() }
            if domain.hasSuffix(".") { domain.removeLast() }
            return !domain.isEmpty && (name == domain || name.hasSuffix("." + domain))
        }
    }
}

/// Whether the address is that of `network`, or lies in it where a length of prefix follows a slash.
private func contains(_ address: [UInt8], network: Substring) -> Bool {
    let parts = network.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    var text = String(parts[0])
    if text.hasPrefix("["), text.hasSuffix("]") { text = String(text.dropFirst().dropLast()) }
    guard let start = addressBytes(text), start.count == address.count else { return false }
    let whole = 8 * address.count
    guard let length = parts.count == 1 ? whole : Int(parts[1]), (0...whole).contains(length) else { return false }
    return (0..<length).allSatisfy { bit in
        (address[bit / 8] ^ start[bit / 8]) & (0x80 >> UInt8(bit % 8)) == 0
    }
}

/// The bytes of an IPv4 or IPv6 address in its usual notation.
private func addressBytes(_ text: String) -> [UInt8]? {
    for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
        var bytes = [UInt8](repeating: 0, count: count)
        if inet_pton(family, text, &bytes) == 1 { return bytes }
    }
    return nil
}
