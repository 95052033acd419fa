/// How much of each row's texts is shown, so that all of them together stay below a size.
struct TextBudget {
    /// The most code points of a text.
    let length: Int
    /// The number of rows that fit.
    let rows: Int

    private static let lengths = [4_096, 2_048, 1_024, 512, 256, 128]
    /// The markup around a text, and around a row, in bytes.
    private static let cellSize = 330
    private static let rowSize = 700

    /// - Parameter limit: in bytes of HTML.
    init(_ rows: [ShownRow], limit: Int) {
        for length in Self.lengths {
            let total = rows.reduce(0) { $0 + Self.size(of: $1, length) }
            if total <= limit {
                (self.length, self.rows) = (length, rows.count)
                return
            }
        }
        length = Self.lengths[Self.lengths.count - 1]
        var total = 0
        var count = 0
        for row in rows {
            total += Self.size(of: row, length)
            if total > limit { break }
            count += 1
        }
        self.rows = count
    }

    func fitted(_ row: ShownRow) -> ShownRow {
        var row = row
        row.columns = row.columns.map { $0.shortened(to: length) }
        for index in row.results.indices {
            row.results[index].outputs = row.results[index].outputs.map { $0.shortened(to: length) }
        }
        return row
    }

    private static func size(of row: ShownRow, _ length: Int) -> Int {
        func size(_ text: String) -> Int { escaped(PageText.shown(text)).utf8.count }
        let cells = row.columns + row.results.flatMap(\.outputs)
        return rowSize + row.results.count * 160
            + cells.reduce(0) { total, cell in
                let name = cell.name.utf8.count < 200 ? cell.name : String(cell.name.unicodeScalars.prefix(200))
                return total + cellSize + size(name) + size(cell.shortened(to: length).text)
            }
    }
}
