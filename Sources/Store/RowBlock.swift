import Glibc

/// Rows in one piece of memory: JSON objects, each on a line that ends with a line feed.
///
/// The contents of the lines are not checked; the creator of the block has validated them.
public struct RowBlock: Sendable {
    private let bytes: [UInt8]
    /// The number of lines.
    public let count: Int

    /// - Parameter lines: each with a line feed at its end.
    public init(lines: [UInt8]) {
        bytes = lines
        count = lines.count { $0 == UInt8(ascii: "\n") }
    }

    /// Runs `body` with each row, without its line feed, and a number that counts up from `first`.
    func forEach(
        numberedFrom first: Int64, _ body: (Int64, UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        try bytes.withUnsafeBytes { bytes in
            var number = first
            var start = 0
            while let base = bytes.baseAddress, let end = memchr(base + start, 0x0A, bytes.count - start) {
                let length = UnsafeRawPointer(end) - (base + start)
                try body(number, UnsafeRawBufferPointer(start: base + start, count: length))
                number += 1
                start += length + 1
            }
        }
    }
}
