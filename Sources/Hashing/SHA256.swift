import COpenSSL
import Glibc
import Platform

/// SHA-256 (FIPS 180-4) over bytes that are given piece by piece.
public struct SHA256: ~Copyable {
    private let context: OpaquePointer

    /// Fetched once: a fetch costs more than the digest of a short text.
    private nonisolated(unsafe) static let algorithm = EVP_MD_fetch(nil, "SHA256", nil)

    public init() {
        // Both fail only where memory cannot be allocated.
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex2(context, Self.algorithm, nil) == 1 else {
            fatalError("SHA-256 cannot be computed: OpenSSL could not allocate memory")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        // Fails only for a context that is finished, which `finalize` consumes.
        EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    public consuming func finalize() -> Digest {
        Digest(filledBy: { EVP_DigestFinal_ex(context, $0, nil) })
    }

    /// The digest of bytes that are all there.
    public static func digest(of bytes: UnsafeRawBufferPointer) -> Digest {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finalize()
    }

    /// The digest of a regular file; nil if it cannot be read.
    package static func digest(ofFile path: String) -> Digest? {
        guard let (descriptor, _) = try? RegularFile.open(path) else { return nil }
        defer { close(descriptor) }
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 { return nil }
            if count == 0 { return hash.finalize() }
            buffer.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }

    /// The digest of a text's UTF-8.
    public static func digest(of text: String) -> Digest {
        var text = text
        return text.withUTF8 { digest(of: UnsafeRawBufferPointer($0)) }
    }
}

/// The 32 bytes of a SHA-256 digest, or of a code of ``AuthenticationKey``.
public struct Digest: Sendable {
    public static let byteCount = 32

    public let bytes: [UInt8]

    init(filledBy fill: (UnsafeMutablePointer<UInt8>?) -> some Any) {
        bytes = [UInt8](unsafeUninitializedCapacity: Self.byteCount) { buffer, count in
            _ = fill(buffer.baseAddress)
            count = Self.byteCount
        }
    }

    /// Whether the bytes are the same, in a time that does not depend on where they differ.
    public static func == (one: Digest, other: Digest) -> Bool {
        CRYPTO_memcmp(one.bytes, other.bytes, byteCount) == 0
    }
}
