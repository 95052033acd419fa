import Encodings
import Testing

@Suite struct EncodingTests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"), ("\u{FF}é", "w7/DqQ=="),
    ])
    func encodesBase64(_ text: String, _ encoded: String) {
        // The first seven are RFC 4648's own test vectors (section 10).
        #expect(base64(Array(text.utf8)) == encoded)
    }

    @Test func hexadecimalRoundTrips() {
        let all = Array(UInt8.min...UInt8.max)
        #expect(bytes(hexadecimal: hexadecimal(all)) == all)
        #expect(bytes(hexadecimal: hexadecimal(all, uppercase: true)) == all)
        #expect(hexadecimal([0, 10, 255]) == "000aff")
    }

    @Test(arguments: ["0", "0g", "é0", "00 ", "+1"])
    func refusesWhatIsNotHexadecimal(_ text: String) {
        #expect(bytes(hexadecimal: text) == nil)
    }

    @Test(arguments: [
        ("plain-._~09", "plain-._~09"), ("a b/c?d=e&f", "a%20b%2Fc%3Fd%3De%26f"), ("é\u{0}%", "%C3%A9%00%25"),
    ])
    func percentEncodingRoundTrips(_ text: String, _ encoded: String) {
        #expect(percentEncoded(text) == encoded)
        #expect(percentDecoded(encoded) == Array(text.utf8))
    }

    @Test(arguments: ["%", "%4", "%4g", "a%zz"])
    func keepsBrokenEscapesOnlyLeniently(_ text: String) {
        #expect(percentDecoded(text) == nil)
        #expect(leniently(percentDecoded: text) == text)
    }
}
