/// Writes the parts of a state in canonical bytes: equal states have equal bytes.
///
/// Counts are in LEB128 (seven bits a byte, the lowest first), numbers are the eight bytes of a Double, and words four, both
/// with the lowest byte first. Texts and lists start with their length.
package struct StateWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func append(count: Int) {
        var rest = UInt64(bitPattern: Int64(count))
        while rest > 0x7F {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    package mutating func append(flag: Bool) { bytes.append(flag ? 1 : 0) }

    package mutating func append(word: UInt32) {
        for shift in stride(from: 0, to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
    }

    package mutating func append(number: Double) {
        let bits = number.bitPattern
        append(word: UInt32(truncatingIfNeeded: bits))
        append(word: UInt32(truncatingIfNeeded: bits >> 32))
    }

    package mutating func append(text: String) {
        append(count: text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    package mutating func append(raw: some Sequence<UInt8>) { bytes.append(contentsOf: raw) }
}
