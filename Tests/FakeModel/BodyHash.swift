import NIOCore

/// A number made of a request's body: equal for equal bodies, in every process and on every machine.
struct BodyHash: Sendable, Hashable {
    let value: UInt64

    /// Eight bytes at a time; the rest is filled up with zeros. No protection against bodies made to collide.
    init(_ bytes: UnsafeRawBufferPointer) {
        var hash = mixed(UInt64(bytes.count))
        let whole = bytes.count & ~7
        for offset in stride(from: 0, to: whole, by: 8) {
            hash = mixed(hash ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        var rest: UInt64 = 0
        for byte in bytes[whole...] { rest = rest << 8 | UInt64(byte) }
        value = mixed(hash ^ rest)
    }

    init(_ body: ByteBuffer) {
        self = body.withUnsafeReadableBytes(BodyHash.init)
    }

    init(_ body: String) {
        self.init(ByteBuffer(string: body))
    }

    /// A number from 0 up to 1 that the seed, the body and the attempt decide.
    func uniform(seed: UInt64, attempt: Int) -> Double {
        let bits = mixed(mixed(value ^ mixed(seed)) &+ UInt64(attempt))
        return Double(bits >> 11) * 0x1p-53
    }

    /// The hash in 16 hexadecimal digits.
    var text: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// One step of SplitMix64 (G. L. Steele and others, 2014).
private func mixed(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
}

extension FakeModelServer {
    /// The vector that every server answers for a text: eight numbers from -1 up to 1, all multiples of 1/128.
    public static func embedding(of text: String) -> [Double] {
        let bits = BodyHash(text).value
        return (0..<8).map { Double(Int8(truncatingIfNeeded: bits >> (8 * UInt64($0)))) / 128 }
    }
}
