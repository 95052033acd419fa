import Testing

@testable import Hashing

@Suite struct HashingTests {
    /// From NIST's examples for FIPS 180-4.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func digestsAsSpecified(_ text: String, _ digest: String) {
        #expect(hex(SHA256.digest(of: text)) == digest)
        var pieces = SHA256()
        for byte in text.utf8 { withUnsafeBytes(of: byte) { pieces.update($0) } }
        #expect(hex(pieces.finalize()) == digest)
    }

    /// RFC 4231, test cases 2 and 6.
    @Test(arguments: [
        (
            Array("Jefe".utf8), "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xAA, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ])
    func authenticatesAsSpecified(_ key: [UInt8], _ text: String, _ code: String) {
        #expect(hex(AuthenticationKey(bytes: key).code(for: text)) == code)
    }

    @Test func acceptsItsOwnCodeOnly() {
        let key = AuthenticationKey()
        let code = key.code(for: "1700000000").bytes
        #expect(key.isValid(code, for: "1700000000"))
        #expect(!key.isValid(code, for: "1700000001"))
        #expect(!key.isValid(Array(code.dropLast()), for: "1700000000"))
        #expect(!key.isValid([], for: "1700000000"))
        #expect(!AuthenticationKey().isValid(code, for: "1700000000"))
    }

    private func hex(_ digest: Digest) -> String {
        digest.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
