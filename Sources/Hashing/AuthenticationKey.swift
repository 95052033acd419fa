import COpenSSL

/// A random key that signs texts with HMAC-SHA-256 (RFC 2104).
public struct AuthenticationKey: Sendable {
    private let bytes: [UInt8]

    /// Makes a key of 32 random bytes, from the system's source for cryptography.
    public init() {
        var generator = SystemRandomNumberGenerator()
        bytes = (0..<Digest.byteCount).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// The code that proves possession of the key.
    public func code(for text: String) -> Digest {
        let text = Array(text.utf8)
        // Fails only where memory cannot be allocated.
        var length = 0
        let code = Digest(filledBy: { digest in
            EVP_Q_mac(nil, "HMAC", nil, "SHA256", nil, bytes, bytes.count, text, text.count, digest, 32, &length)
        })
        precondition(length == Digest.byteCount, "HMAC-SHA-256 cannot be computed: OpenSSL could not allocate memory")
        return code
    }

    /// Whether `code` is the code of `text`, in a time that does not depend on where it differs.
    public func isValid(_ code: [UInt8], for text: String) -> Bool {
        code.count == Digest.byteCount && CRYPTO_memcmp(code, self.code(for: text).bytes, code.count) == 0
    }
}
