import Evaluation
import Glibc
import JSON
import Reports
import Store

/// A search through the rows of a dataset that stops after a short time, even if it has not seen all rows.
struct RowSearch {
    /// The rows that were found: the index of each in the dataset, and the row.
    var found: [(index: Int, row: [UInt8])] = []
    /// The row at which the search must continue.
    var next: Int

    /// The limits of one search: rows that are read, rows that are parsed, and the bytes of each.
    private static let readRows = 1_000_000
    private static let readBytes = 256 << 20
    private static let parsedRows = 50_000
    private static let parsedBytes = 48 << 20

    /// Finds the first `count` rows that match a filter, starting at the row `start`.
    init(_ registry: Registry, _ dataset: StoredDataset, from start: Int, count: Int, _ filter: ResultRowFilter) throws
    {
        next = min(start, dataset.rowCount)
        let stored = StoredRows(registry, dataset, rows: next..<dataset.rowCount)
        let needed = filter.neededText.map { Array($0.utf8) }
        var parser = JSONParser()
        var (rows, bytes, parsedRows, parsedBytes) = (0, 0, 0, 0)
        while true {
            let page = try stored.page(separator: UInt8(ascii: "\n"))
            if page.isEmpty { return }
            for row in page.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
                if found.count == count || rows >= Self.readRows || bytes >= Self.readBytes
                    || parsedRows >= Self.parsedRows || parsedBytes >= Self.parsedBytes
                {
                    return
                }
                rows += 1
                bytes += row.count
                next += 1
                if filter.isEmpty {
                    parsedBytes += row.count
                    found.append((next - 1, Array(row)))
                    continue
                }
                if let needed, !contains(row, needed), !contains(row, Self.escape) { continue }
                parsedRows += 1
                parsedBytes += row.count
                if filter.accepts(ShownRow.scores(of: row, &parser)) { found.append((next - 1, Array(row))) }
            }
        }
    }

    /// The start of a character's numeric escape.
    private static let escape = Array("\\u".utf8)

    private func contains(_ row: ArraySlice<UInt8>, _ part: [UInt8]) -> Bool {
        row.withUnsafeBytes { row in
            part.withUnsafeBytes { part in
                guard let start = row.baseAddress, let wanted = part.baseAddress else { return false }
                var place = part.count - 1
                while place < row.count,
                    let found = memchr(start + place, Int32(part[part.count - 1]), row.count - place)
                {
                    place = UnsafeRawPointer(found) - start
                    if memcmp(start + place - part.count + 1, wanted, part.count) == 0 { return true }
                    place += 1
                }
                return false
            }
        }
    }
}
