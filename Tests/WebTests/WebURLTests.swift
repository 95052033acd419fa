import Testing
import Web

struct WebURLTests {
    @Test(
        "an address is taken apart, and put together as it was but for the host's case, the password and the fragment",
        arguments: [
            ("http://h", "http://h", "h", ""),
            (
                "HTTPS://Example.COM:8443/A/b?x=/y", "https://example.com:8443/A/b?x=/y",
                "example.com", "/A/b"
            ),
            ("http://[::1]:80/x", "http://[::1]:80/x", "::1", "/x"),
            ("http://[FE80::1]", "http://[fe80::1]", "fe80::1", ""),
            ("http://h?q", "http://h?q", "h", ""), ("http://h/#x", "http://h/", "h", "/"),
            ("http://me:pa%3Ass@h:1/v1", "http://h:1/v1", "h", "/v1"), ("http://a@b@h/", "http://h/", "h", "/"),
            ("http://h:/x", "http://h/x", "h", "/x"), ("http://127.0.0.1/", "http://127.0.0.1/", "127.0.0.1", "/"),
        ])
    func parts(_ text: String, whole: String, host: String, path: String) throws {
        let url = try WebURL(parsing: text)
        #expect(url.text == whole && url.host == host && url.path == path)
    }

    @Test(
        "what may be read in two ways, or not at all, is refused",
        arguments: [
            ("", "is not a URL that starts"), ("localhost:8000", "is not a URL that starts"),
            ("ftp://h/x", "does not start with http"), ("http://", "has no host"), ("http:///x", "has no host"),
            ("http://:80/x", "has no host"), ("http://@/", "has no host"), ("http://[]", "has no host"),
            ("http://[::1", "has no host"), ("http://[::1]x", "has no host"), ("http://h:0", "has no valid port"),
            ("http://h:99999", "has no valid port"), ("http://h:8x", "has no valid port"),
            ("http://h:-1", "has no valid port"), ("http://h /x", "contains a character"),
            ("http://ü.de", "contains a character"), ("http://h\\@i/x", "contains a character"),
            ("http://h/\u{0}", "contains a character"), ("http://a%2e/x", "names a host that is neither"),
            ("http://[h]/", "names a host that is neither"), ("http://h|i/", "names a host that is neither"),
        ])
    func faults(_ text: String, reason: String) throws {
        let fault = try #require(throws: WebURL.Fault.self) { _ = try WebURL(parsing: text) }
        #expect(fault.reason.hasPrefix(reason), "\(fault.reason)")
    }

    @Test(
        "a redirection is seen from where it was found",
        arguments: [
            ("/x", "http://h:1/x"), ("y?z", "http://h:1/a/y?z"), ("https://other/b", "https://other/b"),
            ("//other/b", "http://other/b"), ("../x", "http://h:1/a/../x"), ("?z", "http://h:1/a/?z"),
            ("file:///etc/passwd", nil), ("http://a b/", nil),
        ] as [(String, String?)])
    func redirections(_ location: String, target: String?) throws {
        #expect(try WebURL(parsing: "http://h:1/a/b?c").redirected(to: location)?.text == target)
    }

    @Test("a password is in no description")
    func secrets() throws {
        let url = try WebURL(parsing: "http://me:se%2Fcret@h/x")
        #expect(url.basicAuthorization?.value == "Basic bWU6c2UvY3JldA==")
        #expect(!String(reflecting: url).contains("cret"))
    }
}

struct IPAddressTests {
    @Test(
        "addresses of the open internet are told from others, at both ends of every block",
        arguments: [
            ("0.0.0.0", "0.255.255.255"), ("10.0.0.0", "10.255.255.255"), ("100.64.0.0", "100.127.255.255"),
            ("127.0.0.0", "127.255.255.255"), ("169.254.0.0", "169.254.255.255"), ("172.16.0.0", "172.31.255.255"),
            ("192.0.0.0", "192.0.0.255"), ("192.0.2.0", "192.0.2.255"), ("192.88.99.0", "192.88.99.255"),
            ("192.168.0.0", "192.168.255.255"), ("198.18.0.0", "198.19.255.255"), ("198.51.100.0", "198.51.100.255"),
            ("203.0.113.0", "203.0.113.255"), ("224.0.0.0", "255.255.255.255"), ("2001::", "2001:1ff:ffff::"),
            ("2001:db8::", "2001:db8:ffff::1"), ("2002::", "2002:ffff::"), ("3fff::", "3fff:fff::1"), ("::1", "1fff::"),
            ("4000::", "ffff::1"), ("::ffff:10.0.0.1", "::ffff:192.168.1.1"), ("fc00::", "fe80::1"),
        ])
    func special(first: String, last: String) throws {
        for text in [first, last] { #expect(try !#require(IPAddress(text)).isPublic, "\(text)") }
    }

    @Test(
        "the neighbours of those blocks are public",
        arguments: [
            "1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
            "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0",
            "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "203.0.112.255", "203.0.114.0",
            "223.255.255.255", "2001:200::", "2001:db7::", "2001:db9::", "2003::", "3ffe::", "::ffff:8.8.8.8",
        ])
    func ordinary(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.isPublic)
        #expect(IPAddress(address.text) == address)
    }

    @Test("what is no address is none", arguments: ["", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "::g", "localhost"])
    func faults(text: String) {
        #expect(IPAddress(text) == nil && AddressBlock(text) == nil)
    }

    @Test("names and unusual notations are looked up by the system")
    func resolving() {
        for host in ["127.1", "2130706433", "0x7f000001", "127.0.0.1"] {
            #expect(IPAddress.resolve(host).map(\.text) == ["127.0.0.1"], "\(host)")
        }
        #expect(IPAddress.resolve("::1").map(\.text) == ["::1"])
    }
}
