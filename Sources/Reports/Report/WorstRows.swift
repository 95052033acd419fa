import Datasets
public import JSON
import Runs
import ScoringCore

/// Collects the rows with the lowest scores of each function while a run is under way, in memory for no more than so many.
///
/// `@unchecked Sendable`: one thread at a time adds lines, and the rows are read after that.
public final class WorstRows: @unchecked Sendable {
    private struct Row {
        var number: Int
        var score: Double
        var row: ShownRow
    }

    private let functions: [String]
    /// The columns to show, in this order.
    private let columns: [String]
    private var rows: [LeastElements<Double, Row>]
    private var highest: [Double]
    private let batch: RowBatch
    private let chunk = Chunk()

    private static let limits = RowLimits(columns: 1_000, length: 2_000, lines: 200)

    /// - Parameters:
    ///   - limit: how many rows of each function are kept.
    ///   - columns: what is shown of a row beside its score, where it is there.
    public init(_ functions: [String], limit: Int, columns: [String]) {
        self.functions = functions
        self.columns = columns.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        rows = functions.map { _ in LeastElements(limit: limit) }
        highest = functions.map { _ in -.infinity }
        func path(_ names: String...) -> ColumnPath {
            ColumnPath(
                "/" + names.map { $0.replacing("~", with: "~0").replacing("/", with: "~1") }.joined(separator: "/"))
        }
        batch = RowBatch(
            [ColumnRequest("row", .json), ColumnRequest("scores", .json)]
                + functions.map { ColumnRequest(path("scores", $0, "score"), .json) })
    }

    /// Takes output lines that hold the rows' own columns.
    ///
    /// - Parameter withoutInput: is given the same lines without these columns, if it is wanted.
    public func add(
        _ lines: UnsafeRawBufferPointer, withoutInput: ((UnsafeRawBufferPointer) throws -> Void)? = nil
    ) throws {
        var reader = ChunkReader(MemorySource(Array(lines)), chunkSize: 1 << 20)
        while try reader.read(into: chunk) {
            batch.read(chunk)
            var plain: [UInt8] = []
            for index in 0..<batch.count {
                func cell(_ column: Int) -> UnsafeRawBufferPointer? {
                    batch.states(column)[index] == CellState.value.rawValue ? batch.text(column, row: index) : nil
                }
                guard let number = cell(0), let scores = cell(1) else { continue }
                for function in functions.indices {
                    guard let score = cell(2 + function).flatMap(Self.score) else { continue }
                    highest[function] = max(highest[function], score)
                    rows[function].add(
                        score,
                        Row(
                            number: Int(String(decoding: number, as: UTF8.self)) ?? 0, score: score,
                            row: ShownRow(Array(batch.line(index))[...], .scored, Self.limits)))
                }
                guard withoutInput != nil else { continue }
                plain.appendLine(row: number, scores: scores)
            }
            if let withoutInput, !plain.isEmpty { try plain.withUnsafeBytes { try withoutInput($0) } }
        }
    }

    private static func score(_ json: UnsafeRawBufferPointer) -> Double? {
        switch json.first {
        case UInt8(ascii: "t"): 1
        case UInt8(ascii: "f"): 0
        default: Double(String(decoding: json, as: UTF8.self)).flatMap { $0.isFinite ? $0 : nil }
        }
    }

    /// The rows for people to read; nothing of functions whose scores are all equal, or no numbers.
    public var text: String {
        var lines: [String] = []
        for (index, function) in functions.enumerated() {
            let found = rows[index].elements
            guard let first = found.first else { continue }
            guard first.score < highest[index] else {
                lines += ["", "Lowest scores of \(function): every score is \(PageText.exact(first.score))"]
                continue
            }
            lines += ["", "Lowest scores of \(function):"]
            for row in found {
                lines.append("  row \(row.number)   score \(PageText.exact(row.score))")
                let cells = cells(row, function)
                let width = cells.map(\.name.count).max() ?? 0
                for cell in cells {
                    let text = cell.text.split(separator: "\n", omittingEmptySubsequences: true).joined(
                        separator: " ⏎ ")
                    let shown = PageText.cut(text, to: 300, lines: 1).map { $0 + "…" } ?? text
                    let padding = String(repeating: " ", count: width - cell.name.count)
                    lines.append("    \(cell.name)\(padding)  \(shown)".visible)
                }
            }
        }
        return lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n"
    }

    /// The same as JSON: by function, `{"row": …, "score": …, …}`.
    public var json: JSONValue {
        var json = JSONObject()
        for (index, function) in functions.enumerated() {
            json[function] = .array(
                rows[index].elements.map { row in
                    var members: JSONObject = ["row": JSONValue(row.number), "score": JSONValue(row.score)]
                    for cell in cells(row, function) where members[cell.name] == nil {
                        members[cell.name] = .string(cell.text)
                    }
                    return .object(members)
                })
        }
        return .object(json)
    }

    private func cells(_ row: Row, _ function: String) -> [ShownCell] {
        let shown = columns.compactMap { name in row.row.columns.first { $0.name == name } }
        return shown + (row.row.results.first { $0.function == function }?.outputs ?? [])
    }
}
