import Glibc

/// A text that is equal to another where their code points are the same, as JSON and databases have it. Swift's strings are
/// equal where only their normal forms are: `é` as one code point or as two.
public struct ExactText: Hashable, Sendable {
    public let text: String

    public init(_ text: String) {
        self.text = text
    }

    public static func == (one: ExactText, other: ExactText) -> Bool {
        // As one piece of memory, not byte by byte: objects are looked up by such texts.
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
