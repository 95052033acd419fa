import Glibc

/// A text that equals another one only if their code points are the same, as in JSON and databases. Swift's strings are
/// equal if their normal forms are: `é` as one code point or as two.
public struct ExactText: Hashable, Sendable {
    public let text: String

    public init(_ text: String) {
        self.text = text
    }

    public static func == (one: ExactText, other: ExactText) -> Bool {
        // In one piece, not byte by byte, because these texts are keys of objects.
        let isEqual = one.text.utf8.withContiguousStorageIfAvailable { one in
            other.text.utf8.withContiguousStorageIfAvailable { other in
                guard one.count == other.count, let start = one.baseAddress, let otherStart = other.baseAddress else {
                    return one.isEmpty && other.isEmpty
                }
                return memcmp(start, otherStart, one.count) == 0
            }
        }
        return (isEqual ?? nil) ?? one.text.utf8.elementsEqual(other.text.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(UInt8.max)
    }
}
