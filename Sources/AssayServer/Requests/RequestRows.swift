import Datasets
import Glibc

/// The rows of a request, located in its body, which has been validated.
struct RequestRows: Sendable {
    /// The body.
    let bytes: [UInt8]
    /// The array of the rows.
    let range: Range<Int>
    /// Where each row starts.
    let starts: [UInt32]

    /// Their total size in bytes, including the separators.
    var byteCount: Int { range.count }

    /// Reads them as JSON Lines: each row unchanged, on one line.
    func open() -> any ByteSource { RequestRowSource(self) }

    /// All lines at once.
    func lines() -> [UInt8] {
        let source = RequestRowSource(self)
        // The line feed replaces the comma or bracket after an element, so there is room for it.
        return [UInt8](unsafeUninitializedCapacity: range.count) { memory, count in
            count = source.read(into: UnsafeMutableRawBufferPointer(memory))
        }
    }

    /// The bytes of a row, without the separator.
    fileprivate func bytes(of row: Int) -> Range<Int> {
        var end = row + 1 < starts.count ? Int(starts[row + 1]) : range.upperBound - 1
        // A row is an object, so only a comma and white space follow its last bracket.
        while bytes[end - 1] != UInt8(ascii: "}") { end -= 1 }
        return Int(starts[row])..<end
    }
}

/// Reads the rows of a request as JSON Lines.
private final class RequestRowSource: ByteSource {
    private let rows: RequestRows
    private var next = 0
    /// The rest of a row.
    private var rest = 0..<0
    private var endsLine = false

    init(_ rows: RequestRows) {
        self.rows = rows
    }

    /// Fills the buffer, except at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        var written = 0
        rows.bytes.withUnsafeBytes { bytes in
            while written < buffer.count {
                if !rest.isEmpty {
                    let part = rest.prefix(buffer.count - written)
                    let target = UnsafeMutableRawBufferPointer(rebasing: buffer[written..<written + part.count])
                    target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[part]))
                    target.replaceLineBreaks()
                    written += part.count
                    rest = part.upperBound..<rest.upperBound
                    endsLine = rest.isEmpty
                } else if endsLine {
                    buffer[written] = UInt8(ascii: "\n")
                    written += 1
                    endsLine = false
                } else if next < rows.starts.count {
                    rest = rows.bytes(of: next)
                    next += 1
                } else {
                    return
                }
            }
        }
        return written
    }
}

extension UnsafeMutableRawBufferPointer {
    /// Replaces line breaks with spaces; in JSON, line breaks only occur between tokens, where both mean the same.
    fileprivate func replaceLineBreaks() {
        guard let base = baseAddress else { return }
        for lineBreak in [Int32(0x0A), 0x0D] {
            var place = 0
            while place < count, let found = memchr(base + place, lineBreak, count - place) {
                place = UnsafeRawPointer(found) - UnsafeRawPointer(base)
                self[place] = UInt8(ascii: " ")
            }
        }
    }
}
