import Hashing
import JSON

/// What identifies the values of a column, whatever the order of the rows: Σ mod 2^128 over rows of the first 16 bytes of
/// SHA-256(key ‖ 0x00 ‖ value), both as JSON with sorted members.
struct ColumnDigest: Hashable, Sendable {
    /// The rows that have the column.
    private(set) var present = 0
    private var sum: UInt128 = 0

    mutating func add(key: String, value: String) {
        present += 1
        var text = key
        text.unicodeScalars.append("\0")
        text += value
        let digest = SHA256.digest(of: text)
        var number: UInt128 = 0
        for byte in digest.bytes.prefix(16) { number = number << 8 | UInt128(byte) }
        sum &+= number
    }

    var json: JSONValue {
        let digits = String(sum, radix: 16)
        return [
            "present": JSONValue(present),
            "digest": .string(String(repeating: "0", count: 32 - digits.count) + digits),
        ]
    }
}
