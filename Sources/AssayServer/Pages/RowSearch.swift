import Evaluation
import Glibc
import JSON
import Store

/// A look through the rows of a dataset that ends in a moment, whether all were seen or not.
struct RowSearch {
    /// The rows that were found: the place of each in the dataset, and the row.
    var found: [(index: Int, row: [UInt8])] = []
    /// The row where the look has to go on.
    var next: Int

    /// What one look may cost: rows that are read, rows that are taken apart, and the bytes of each.
    private static let readRows = 1_000_000
    private static let readBytes = 256 << 20
    private static let parsedRows = 100_000
    private static let parsedBytes = 48 << 20

    /// Looks for the first `count` rows that a filter lets through, from the row `start` on.
    init(_ registry: Registry, _ dataset: StoredDataset, from start: Int, count: Int, _ filter: RowFilter) throws {
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
                if filter.accepts(StoredRow.scores(of: row, &parser)) { found.append((next - 1, Array(row))) }
            }
        }
    }

    /// What a letter that is spelled by its number begins with.
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

/// A row of a dataset, taken apart as far as it is shown.
struct StoredRow {
    /// The row's columns, but for what score-batch has added: a text, or else what stands there.
    var columns: [(name: String, text: String, isText: Bool)] = []
    /// What functions said of it.
    var scores: [(function: String, result: JSONValue)] = []
    /// Columns that were left out.
    var omitted = 0

    /// - Parameters:
    ///   - hasScores: whether `row` and `scores` are what score-batch has added.
    ///   - limit: columns that are taken.
    init(_ row: [UInt8], hasScores: Bool, limit: Int) {
        var parser = JSONParser()
        // What is registered was checked: it is an object.
        guard let outline = parser.outline(of: row[...]),
            case .object(let members) = outline.parts
        else { return }
        if hasScores { scores = Self.scores(of: row[...], outline) }
        for member in members where !(hasScores && (member.key == "row" || member.key == "scores")) {
            if columns.count == limit {
                omitted += 1
                continue
            }
            let bytes = Array(row[member.value.range])
            let text = bytes.first == UInt8(ascii: "\"") ? (try? JSONValue(parsing: bytes))?.string : nil
            columns.append((member.key, text ?? String(decoding: bytes, as: UTF8.self), text != nil))
        }
    }

    /// What the functions said of a row.
    static func scores(
        of row: ArraySlice<UInt8>, _ parser: inout JSONParser
    ) -> [(function: String, result: JSONValue)] {
        parser.outline(of: row).map { scores(of: row, $0) } ?? []
    }

    private static func scores(
        of row: ArraySlice<UInt8>, _ outline: JSONOutline
    ) -> [(function: String, result: JSONValue)] {
        guard let scores = outline["scores"], case .object(let members) = scores.parts else { return [] }
        return members.compactMap { member in
            let range = member.value.range
            let bytes = Array(row[row.startIndex + range.lowerBound..<row.startIndex + range.upperBound])
            return (try? JSONValue(parsing: bytes)).map { (member.key, $0) }
        }
    }
}

extension JSONParser {
    /// The parts of a row; nil where it is no JSON.
    fileprivate mutating func outline(of row: ArraySlice<UInt8>) -> JSONOutline? {
        var text = Array(row)
        text.append(contentsOf: repeatElement(0, count: Self.padding))
        return text.withUnsafeBytes { bytes in
            do throws(JSONError) {
                return try outline(padded: UnsafeRawBufferPointer(rebasing: bytes.dropLast(Self.padding)))
            } catch {
                return nil
            }
        }
    }
}
