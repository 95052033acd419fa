import Encodings
import Testing
import Web

@testable import Inference

struct ModelAddressTests {
    @Test(
        "requests go to the API's path, whatever is left out of the URL",
        arguments: [
            ("http://localhost:8000", "http://localhost:8000/v1/chat/completions"),
            ("http://localhost:8000/", "http://localhost:8000/v1/chat/completions"),
            ("https://Example.COM/v1", "https://example.com/v1/chat/completions"),
            ("https://example.com/v1/", "https://example.com/v1/chat/completions"),
            ("HTTPS://example.com/Some/Path//", "https://example.com/Some/Path/chat/completions"),
            ("http://[::1]:80/x", "http://[::1]:80/x/chat/completions"),
            ("http://h/v1/chat/completions", "http://h/v1/chat/completions"),
            ("http://h/v1?api-version=2", "http://h/v1/chat/completions?api-version=2"),
            ("http://user:pa%3Ass@h:1/v1", "http://h:1/v1/chat/completions"),
        ])
    func targets(_ text: String, target: String) throws {
        #expect(try ModelAddress(parsing: text).target(of: .chat) == target)
    }

    @Test(
        "what is no such URL is refused",
        arguments: [
            "", "localhost:8000", "ftp://h/v1", "http://", "http:///v1", "http://h:0", "http://h:99999", "http://h:x",
            "http://[::1", "http://h /v1", "http://h/v1#x", "http://ü.de", "http://@/v1", "http://[]",
        ])
    func faults(_ text: String) {
        #expect(throws: ModelAddress.Fault.self) { _ = try ModelAddress(parsing: text) }
    }

    @Test("user name, password and query are sent but not shown")
    func secrets() throws {
        let address = try ModelAddress(parsing: "http://me:se%2Fcret@h/v1?key=hidden")
        #expect(address.shown == "http://h/v1")
        #expect(address.whole == "http://h/v1?key=hidden")
        #expect(address.basicAuthorization?.value == "Basic bWU6c2UvY3JldA==")
        #expect(!String(reflecting: address).contains("cret"))
    }

    @Test(
        "Base64",
        arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("ÿ?", "w78/")])
    func base64Text(_ text: String, encoded: String) {
        #expect(base64(Array(text.utf8)) == encoded)
    }

    @Test(
        "percent signs",
        arguments: [("a%20b", "a b"), ("%4", "%4"), ("%zz%41", "%zzA"), ("%+1", "%+1"), ("%C3%BC", "ü")])
    func percentSigns(_ text: String, decoded: String) {
        #expect(leniently(percentDecoded: text) == decoded)
    }
}
