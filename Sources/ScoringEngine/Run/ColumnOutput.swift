import CArrow
import Datasets
import Glibc
import ScorerHost
import ScoringCore
import ScoringDefinitions

/// The columns of results: "row", and for each function FN "FN.score", "FN.outcome", "FN.message" and "FN.OUTPUT".
struct ResultColumns: Sendable {
    private(set) var names = ["row"]
    /// The Arrow formats, one character each.
    private(set) var formats = "l"
    /// For each function, the indices of its further outputs. A score beside "score" stands alone: its function has them.
    private let others: [[Int]]
    private let scores: [Int]
    /// Whether there are no columns, only the number of rows.
    private let onlyCounts: Bool

    /// - Parameter onlyCounts: leaves out all columns, so that batches only say how many rows they have.
    init(_ functions: [BoundFunction], onlyCounts: Bool = false) {
        self.onlyCounts = onlyCounts
        others = functions.map { function in
            if function.isFurtherScore { return [] }
            return function.description.outputs.indices.filter { $0 != function.description.scoreOutput }
        }
        scores = functions.map(\.description.scoreOutput)
        if onlyCounts {
            (names, formats) = ([], "")
            return
        }
        for (index, function) in functions.enumerated() {
            let (identifier, outputs) = (function.function.identifier, function.description.outputs)
            names += ["\(identifier).score", "\(identifier).outcome", "\(identifier).message"]
            formats += Self.format(outputs[scores[index]].type) + "uu"
            for output in others[index] {
                names.append("\(identifier).\(outputs[output].name)")
                formats += Self.format(outputs[output].type)
            }
        }
    }

    /// The schema of such rows. The caller releases it.
    func schema() throws(EngineError) -> ArrowSchema {
        var schema = ArrowSchema()
        let builder = ca_builder_new(formats)
        defer { ca_builder_free(builder) }
        let pointers = names.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        guard builder != nil, ca_builder_schema(builder, pointers.map { UnsafePointer<CChar>($0) }, &schema) else {
            throw EngineError(.output, "there is not enough memory for the results")
        }
        return schema
    }

    private static func format(_ type: ValueType) -> String {
        switch type {
        case .f64: "g"
        case .i64: "l"
        case .bool: "b"
        case .text, .json, .textList: "u"
        }
    }

    /// Appends the results of a slice.
    func append(
        _ slice: Range<Int>, of batch: RowBatch, firstRow: Int, _ results: [RowResults], to output: ColumnOutput
    ) {
        output.rows += slice.count
        if onlyCounts { return }
        if batch.isWhole {
            output.sequence(0, from: Int64(firstRow + slice.lowerBound), slice.count)
        } else {
            for row in slice { output.integer(0, Int64(firstRow + batch.rowIndex(row))) }
        }
        var column = 1
        for (function, results) in results.enumerated() {
            output.append(results.outputs[scores[function]], slice.count, at: column)
            let outcomes = results.outcomes(of: scores[function])
            if outcomes.allSatisfy({ $0 == .scored }) {
                output.text(column + 1, RowOutcome.scored.name, slice.count)
                output.nulls(column + 2, slice.count)
            } else {
                for row in 0..<slice.count {
                    output.text(column + 1, outcomes[row].name)
                    if outcomes[row] == .scored {
                        output.nulls(column + 2)
                    } else {
                        output.text(column + 2, results.reason(of: row, output: scores[function]) ?? "")
                    }
                }
            }
            column += 3
            for index in others[function] {
                output.append(results.outputs[index], slice.count, at: column)
                column += 1
            }
        }
    }
}

/// The results of some rows as Arrow columns in the making.
///
/// `@unchecked Sendable`: used by the worker that fills it, then by the one that takes it.
final class ColumnOutput: @unchecked Sendable {
    private let builder: OpaquePointer?
    fileprivate(set) var rows = 0
    private var isWhole = true

    init(_ columns: ResultColumns) {
        builder = ca_builder_new(columns.formats)
        isWhole = builder != nil
    }

    deinit { ca_builder_free(builder) }

    fileprivate func integer(_ column: Int, _ value: Int64) {
        isWhole = isWhole && ca_builder_integer(builder, column, value)
    }

    /// Appends consecutive integers.
    fileprivate func sequence(_ column: Int, from first: Int64, _ count: Int) {
        isWhole = isWhole && ca_builder_sequence(builder, column, first, count)
    }

    fileprivate func nulls(_ column: Int, _ count: Int = 1) {
        isWhole = isWhole && ca_builder_nulls(builder, column, count)
    }

    /// Appends a text, `count` times.
    fileprivate func text(_ column: Int, _ text: String, _ count: Int = 1) {
        var text = text
        text.withUTF8 { bytes in
            let start = UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self)
            isWhole = isWhole && ca_builder_text(builder, column, start, bytes.count, count)
        }
    }

    fileprivate func append(_ cells: OutputCells, _ count: Int, at column: Int) {
        let view = cells.view
        switch view.type {
        case .f64, .i64, .bool:
            isWhole = isWhole && ca_builder_values(builder, column, view.values, view.presence, count)
        case .text, .json, .textList:
            isWhole =
                isWhole
                && ca_builder_texts(
                    builder, column, view.texts?.assumingMemoryBound(to: CChar.self),
                    view.textRanges.assumingMemoryBound(to: ca_range.self), view.presence, count)
        }
    }

    /// Moves the rows into an Arrow array, and leaves none.
    func finish() throws(EngineError) -> ArrowArray? {
        guard rows > 0 else { return nil }
        var array = ArrowArray()
        guard isWhole, ca_builder_finish(builder, rows, &array) else {
            throw EngineError(.output, "the results of \(rows) rows do not fit into memory")
        }
        rows = 0
        return array
    }
}
