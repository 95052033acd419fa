import Encodings

/// The proxies of the environment, by the rules of curl.
///
/// `http_proxy` (only in lower case: in upper case, a client's header could set it for a CGI program), `https_proxy` or
/// `HTTPS_PROXY`, and for both `all_proxy` or `ALL_PROXY`; `no_proxy` or `NO_PROXY` names the hosts that are reached
/// directly. Lower case takes precedence over upper case. Connections are made with CONNECT, even for http://.
package struct ProxySettings: Sendable {
    package struct Proxy: Hashable, Sendable {
        package enum Kind: Hashable, Sendable { case http, socks }

        package var kind: Kind
        package var host: String
        package var port: Int
        /// User name and password, percent signs decoded.
        package var credentials: Secret?
    }

    /// Why a variable does not name a usable proxy.
    package struct Fault: Error {
        package var reason: String
    }

    private let environment: @Sendable (String) -> String?

    package init(environment: @escaping @Sendable (String) -> String?) {
        self.environment = environment
    }

    /// The proxy for requests to an address, nil for none.
    package func proxy(for url: WebURL) throws(Fault) -> Proxy? {
        let variables =
            (url.scheme == "http" ? ["http_proxy"] : ["https_proxy", "HTTPS_PROXY"]) + ["all_proxy", "ALL_PROXY"]
        guard let variable = variables.first(where: { environment($0) ?? "" != "" }),
            let text = environment(variable), !isExempt(url.host)
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
        let address: WebURL
        do throws(WebURL.Fault) {
            // Its parts are those of a URL, whatever the scheme.
            address = try WebURL(parsing: "http://" + text[(separator?.upperBound ?? text.startIndex)...])
        } catch {
            throw Fault(reason: "the address of the proxy in \(variable) \(error.reason)")
        }
        if kind == .socks, address.userInfo != nil {
            throw Fault(reason: "\(variable) has a user name for a SOCKS proxy, which is not supported")
        }
        return Proxy(
            kind: kind, host: address.host, port: address.port ?? 1080,
            credentials: address.userInfo.map { Secret(leniently(percentDecoded: $0.value)) })
    }

    /// Whether `no_proxy` names the host: `*`, a domain with its subdomains, an address, or a network such as
    /// `10.0.0.0/8`.
    private func isExempt(_ host: String) -> Bool {
        guard let list = environment("no_proxy") ?? environment("NO_PROXY") else { return false }
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        let address = IPAddress(name)
        return list.split { $0 == "," || $0 == " " || $0 == "\t" }.contains { entry in
            if entry == "*" { return true }
            if let address { return AddressBlock(entry)?.contains(address) ?? false }
            var domain = entry.lowercased()
            if domain.hasPrefix(".") { domain.removeFirst() }
            if domain.hasSuffix(".") { domain.removeLast() }
            return !domain.isEmpty && (name == domain || name.hasSuffix("." + domain))
        }
    }
}
