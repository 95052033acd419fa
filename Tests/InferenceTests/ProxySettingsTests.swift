import Testing

@testable import Inference

struct ProxySettingsTests {
    private func proxy(for url: String, _ variables: [String: String]) throws -> String? {
        let settings = ProxySettings { variables[$0] }
        guard let proxy = try settings.proxy(for: ModelAddress(parsing: url)) else { return nil }
        let user = proxy.credentials.map { $0.value + "@" } ?? ""
        return "\(proxy.kind) \(user)\(proxy.host):\(proxy.port)"
    }

    @Test(
        "the variables of the environment are read as curl reads them",
        arguments: [
            ("http://h/v1", [:], nil),
            ("http://h/v1", ["http_proxy": "http://p:3128"], "http p:3128"),
            ("http://h/v1", ["HTTP_PROXY": "http://p:3128"], nil),
            ("http://h/v1", ["https_proxy": "http://p:3128"], nil),
            ("https://h/v1", ["https_proxy": "p"], "http p:1080"),
            ("https://h/v1", ["HTTPS_PROXY": "p:1/", "https_proxy": "q:2"], "http q:2"),
            ("https://h/v1", ["HTTPS_PROXY": "p:1", "ALL_PROXY": "q:2"], "http p:1"),
            ("http://h/v1", ["ALL_PROXY": "socks5h://q:2"], "socks q:2"),
            ("http://h/v1", ["all_proxy": "http://me:se%40cret@[::1]:8"], "http me:se@cret@::1:8"),
            ("http://h/v1", ["http_proxy": ""], nil),
        ] as [(String, [String: String], String?)])
    func variables(_ url: String, _ variables: [String: String], found: String?) throws {
        #expect(try proxy(for: url, variables) == found)
    }

    @Test(
        "hosts of no_proxy are reached directly",
        arguments: [
            ("http://h/v1", "*", true), ("http://h/v1", "h", true), ("http://H:8000/v1", "a, h", true),
            ("http://sub.h.de/v1", "h.de", true), ("http://sub.h.de/v1", ".h.de", true),
            ("http://h.de/v1", ".h.de", true),
            ("http://oh.de/v1", "h.de", false), ("http://h.de./v1", "h.de", true), ("http://h/v1", "", false),
            ("http://127.0.0.1:8/v1", "127.0.0.1", true), ("http://127.0.0.1/v1", "127.0.0.0/8", true),
            ("http://128.0.0.1/v1", "127.0.0.0/8", false), ("http://10.1.2.3/v1", "10.1.2.2/31", true),
            ("http://10.1.2.4/v1", "10.1.2.2/31", false), ("http://127.0.0.1/v1", "0.1", false),
            ("http://[::1]/v1", "::1", true), ("http://[::1]/v1", "[::1]", true),
            ("http://[fe80::9]/v1", "fe80::/10", true),
            ("http://10.1.2.3/v1", "10.0.0.0/99", false), ("http://localhost/v1", "127.0.0.1", false),
        ])
    func exemptions(_ url: String, list: String, isExempt: Bool) throws {
        for name in ["no_proxy", "NO_PROXY"] {
            #expect((try proxy(for: url, ["http_proxy": "p", name: list]) == nil) == isExempt)
        }
    }

    @Test(
        "a proxy that cannot be used is an error that names the variable, and no password",
        arguments: [
            ("https://p:3128", "https_proxy names a proxy of the type https://; use http:// or socks5h://"),
            ("socks4://p", "https_proxy names a proxy of the type socks4://; use http:// or socks5h://"),
            ("socks5://me:secret@p", "https_proxy has a user name for a SOCKS proxy, which is not supported"),
            ("http://me:secret@p:x", "the address of the proxy in https_proxy has no valid port"),
        ])
    func faults(_ value: String, reason: String) throws {
        let fault = try #require(throws: ProxySettings.Fault.self) {
            _ = try proxy(for: "https://h/v1", ["https_proxy": value])
        }
        #expect(fault.reason == reason)
    }
}
