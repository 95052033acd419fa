/// A line in place of a row that cannot be read: two bytes that no JSON text starts with, and the reason.
///
/// Sources write it, so that a bad row costs only itself; ``RowBatch`` makes it an input error with that reason.
package enum RejectedLine {
    private static let mark: [UInt8] = [0x00, 0x15]
    /// Bytes that a line has at most.
    static let longest = 512

    /// The line, without a line feed.
    package static func bytes(_ reason: String) -> [UInt8] {
        mark + reason.utf8.prefix(longest - mark.count)
    }

    /// Why the row cannot be read; nil for any other line.
    package static func reason(of line: UnsafeRawBufferPointer) -> String? {
        line.starts(with: mark) ? String(decoding: line.dropFirst(mark.count), as: UTF8.self) : nil
    }
}
