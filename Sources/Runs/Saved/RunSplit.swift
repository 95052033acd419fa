import JSON
import ScoringCore

extension SavedRun {
    /// The runs that one file holds, one for each value of a column.
    ///
    /// - Parameters:
    ///   - values: those that are wanted, the first of which is the baseline; nil: all, in order (numbers by value, then
    ///     texts).
    ///   - limit: more runs than these are refused.
    public func split(by column: String, values wanted: [String]? = nil, limit: Int) throws -> [SavedRun] {
        guard columns.contains(column) else {
            throw RunError(
                "\(path): the rows have no column \(quoted(column)); they have: "
                    + "\(columns.isEmpty ? "none" : columns.joined(separator: ", ")). To keep it, score with "
                    + "--save-column \(column), or with --with-input and --output")
        }
        var counts: [String: Int] = [:]
        let rows = try RunRows(self, columns: [column], functions: [])
        while let row = try rows.read() {
            guard let cell = row.cells[0] else {
                throw RunError(
                    "\(path): row \(row.number): the column \(quoted(column)) is missing or null; with --split, every row "
                        + "needs a value")
            }
            counts[canonicalText(cell), default: 0] += 1
            if counts.count > 100_000 { break }
        }
        var values = counts.keys.map { OrderedKey($0) }.sorted().map(\.text)
        if let wanted {
            values = try wanted.map { name in
                let found = values.first { Comparer.plainText(Array($0.utf8)) == name }
                guard let found else {
                    throw RunError(
                        "--split: no row has the value \(quoted(name)) in the column \(quoted(column)); it has: "
                            + Self.list(values))
                }
                return found
            }
        }
        guard values.count > 1 else {
            throw RunError(
                "--split \(column): the column has one value, \(Self.list(values)); two or more were expected")
        }
        guard values.count <= limit else {
            throw RunError(
                "--split \(column): the column has \(grouped(values.count)) values, and at most \(limit) runs are compared; "
                    + "choose some with --split \(column)=VALUE,VALUE")
        }
        return values.map { selecting(Selection(column: column, value: $0)) }
    }

    private static func list(_ values: [String]) -> String {
        let names = values.prefix(10).map { shortened(Comparer.plainText(Array($0.utf8)), to: 40) }
        return names.joined(separator: ", ") + (values.count > 10 ? ", …" : "")
    }
}
