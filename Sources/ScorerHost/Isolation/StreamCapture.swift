import Glibc

/// What a worker writes to its standard output or standard error, as far as it is kept.
struct StreamCapture {
    /// The first bytes that were written.
    private(set) var bytes: [UInt8] = []
    /// How many bytes were written, also those that are not kept.
    private(set) var byteCount = 0
    private var reported = 0

    private static let most = 64 << 10

    /// Takes what is there to be read now.
    mutating func read(from descriptor: Int32) {
        withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 1) { buffer in
            // A plugin that writes without end must not keep this up.
            for _ in 0..<16 {
                let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                guard count > 0 else { return }
                byteCount += count
                bytes += buffer.prefix(min(count, Self.most - bytes.count))
            }
        }
    }

    /// The lines that have not been asked for yet.
    ///
    /// - Parameter isAtEnd: whether nothing comes any more, so that a line that was not ended is one, too.
    mutating func newLines(isAtEnd: Bool) -> [String] {
        let rest = bytes[reported...]
        guard let end = isAtEnd ? rest.endIndex : rest.lastIndex(of: 0x0A) else { return [] }
        reported = end
        return rest[..<end].split(separator: 0x0A).map { String(decoding: $0.prefix(4096), as: UTF8.self) }
    }
}
