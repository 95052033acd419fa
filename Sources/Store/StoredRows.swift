package import Datasets

/// Reads the rows of a registered dataset as JSON Lines, in parts.
package final class StoredRows: ByteSource {
    private let registry: Registry
    private let dataset: StoredDataset
    private var next: Int
    private let end: Int
    private var lines: [UInt8] = []
    private var position = 0

    /// The size of a read, in bytes, unless a row is longer.
    private static let pageSize = 512 << 10

    package init(_ registry: Registry, _ dataset: StoredDataset, rows: Range<Int>? = nil) {
        self.registry = registry
        self.dataset = dataset
        let rows = (rows ?? 0..<dataset.rowCount).clamped(to: 0..<dataset.rowCount)
        next = rows.lowerBound
        end = rows.upperBound
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        if position == lines.count {
            do throws(StoreError) {
                try readPage(separator: UInt8(ascii: "\n"))
            } catch {
                throw DatasetError(.unreadable, error.message)
            }
        }
        let count = min(buffer.count, lines.count - position)
        buffer.copyBytes(from: lines[position..<position + count])
        position += count
        return count
    }

    /// The next rows, each followed by a separator; empty at the end.
    package func page(separator: UInt8) throws(StoreError) -> [UInt8] {
        try readPage(separator: separator)
        position = lines.count
        return lines
    }

    private func readPage(separator: UInt8) throws(StoreError) {
        lines.removeAll(keepingCapacity: true)
        position = 0
        if next >= end { return }
        var count = 0
        try registry.withRows(next..<end, of: dataset) { row in
            lines.append(contentsOf: row)
            lines.append(separator)
            count += 1
            return lines.count < Self.pageSize
        }
        next += count
    }
}
