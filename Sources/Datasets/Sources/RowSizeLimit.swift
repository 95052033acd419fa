import Glibc

/// JSON Lines whose lines are no longer than allowed: reading ends with an error at the first one that is.
///
/// The bytes pass through unchanged. Reading ends as soon as a line has become too long, however long it would be.
struct RowSizeLimit: ByteSource {
    private var base: any ByteSource
    private let limit: Int
    private let path: String
    /// The bytes so far of the line that has not ended.
    private var open = 0
    private var failure: DatasetError?

    /// - Parameter limit: the maximum size of a line, in bytes.
    init(_ base: any ByteSource, limit: Int, path: String) {
        (self.base, self.limit, self.path) = (base, limit, path)
    }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        if let failure { throw failure }
        let count = try base.read(into: buffer)
        // Unless all bytes together are too many, no line is too long.
        if open + count <= limit {
            let last = (0..<count).reversed().first { buffer[$0] == 0x0A }
            open = last.map { count - $0 - 1 } ?? open + count
            return count
        }
        guard let tooLong = firstTooLong(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else { return count }
        let error = DatasetError(
            .tooLarge,
            "a row has more than \(sizeText(limit)); check that each row has its own line, or raise --max-row-size",
            path: path)
        failure = error
        if tooLong == 0 { throw error }
        return tooLong
    }

    /// Where a line starts that is too long; 0 for the one that started before. Counts the lines until then.
    private mutating func firstTooLong(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard let base = bytes.baseAddress else { return nil }
        var start = 0
        while start < bytes.count {
            let found = memchr(base + start, 0x0A, bytes.count - start)
            let end = found.map { UnsafeRawPointer($0) - base } ?? bytes.count
            open += end - start
            if open > limit { return start }
            if found != nil { open = 0 }
            start = end + 1
        }
        return nil
    }
}

/// A number of bytes for messages.
func sizeText(_ bytes: Int) -> String {
    bytes.isMultiple(of: 1 << 20) ? "\(bytes >> 20) MiB" : "\(bytes) bytes"
}
