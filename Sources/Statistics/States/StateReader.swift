/// Why the bytes of a state are not valid: the end of a sentence that starts with the file's name.
package struct StateFault: Error, Hashable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }

    package static let cut = StateFault("is cut off")
    package static let invalid = StateFault("is not a valid state")
}

/// Reads what a `StateWriter` wrote. The bytes may be anything: whatever is read is checked, and no list is allocated that is
/// longer than the bytes that are left.
package struct StateReader {
    /// The most rows that a state covers. Whatever counts rows is at most this, so that sums of several counts do not overflow.
    package static let mostRows = 1 << 48

    private let bytes: [UInt8]
    private var position = 0

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var bytesLeft: Int { bytes.count - position }

    private mutating func take(_ count: Int) throws(StateFault) -> ArraySlice<UInt8> {
        guard count <= bytesLeft else { throw .cut }
        defer { position += count }
        return bytes[position..<position + count]
    }

    private mutating func byte() throws(StateFault) -> UInt8 {
        guard position < bytes.count else { throw .cut }
        defer { position += 1 }
        return bytes[position]
    }

    package mutating func count(limit: Int = mostRows) throws(StateFault) -> Int {
        var value = 0
        var shift = 0
        while true {
            let next = try byte()
            // A last byte of 0 would be a second way to write the same count.
            guard shift < 56, next != 0 || shift == 0 else { throw .invalid }
            value |= Int(next & 0x7F) << shift
            if next < 0x80 { break }
            shift += 7
        }
        guard value <= limit else { throw .invalid }
        return value
    }

    /// The length of a list whose elements take at least `size` bytes each.
    package mutating func length(ofElementsOf size: Int) throws(StateFault) -> Int {
        let count = try count()
        guard count <= bytesLeft / size else { throw .cut }
        return count
    }

    package mutating func flag() throws(StateFault) -> Bool {
        let value = try byte()
        guard value < 2 else { throw .invalid }
        return value == 1
    }

    package mutating func word() throws(StateFault) -> UInt32 {
        try take(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    package mutating func number() throws(StateFault) -> Double {
        let low = try word()
        return Double(bitPattern: UInt64(try word()) << 32 | UInt64(low))
    }

    package mutating func text() throws(StateFault) -> String {
        let bytes = try take(try length(ofElementsOf: 1))
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .invalid }
        return text
    }

    package mutating func raw(_ count: Int) throws(StateFault) -> [UInt8] { Array(try take(count)) }
}
