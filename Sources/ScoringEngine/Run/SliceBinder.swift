import CScorerPlugin
import Datasets
import JSON
import ScorerHost
import ScoringCore

/// Binds the cells of a slice of rows to the inputs of one scorer. Rows without required values are settled, and the others
/// are gathered; if no row lacks a value, the cells are passed without copying. One call at a time.
final class SliceBinder {
    private let function: BoundFunction
    private let failureColumn: Int?
    private let inputs: [Input]
    /// The slice's rows that the scorer sees, as `Int`s counted from the slice's first.
    private let rowMap = OutputBuffer(capacity: 8 << 10)

    /// Memory for one input, in addition to the batch: a validity bitmap, gathered cells and list offsets.
    private struct Input {
        let bitmap = OutputBuffer(capacity: 128)
        let cells = OutputBuffer(capacity: 1024)
        let offsets = OutputBuffer(capacity: 1024)
    }

    /// - Parameter failureColumn: the column that says why a row must not be scored.
    init(_ function: BoundFunction, failureColumn: Int? = nil) {
        self.function = function
        self.failureColumn = failureColumn
        inputs = function.columns.map { _ in Input() }
    }

    /// Starts `call` on the rows `slice` of `batch`, neither of which may change until the call has ended.
    ///
    /// - Parameter describeRow: describes the position of a row in the dataset, for messages about unreadable rows.
    func score(
        _ batch: RowBatch, _ slice: Range<Int>, with call: ScorerCall, describeRow: (Int) -> String
    ) -> ScorerCall.Progress {
        call.prepare(rowCount: slice.count)
        if !batch.hasFaults, !hasFailures(batch, slice), inputs.indices.allSatisfy({ isComplete($0, batch, slice) }) {
            return call.start(inputs.indices.map { column($0, batch, slice) }, rowCount: slice.count)
        }
        var eligible: [Int] = []
        rowMap.writer.removeAll()
        for row in slice {
            if let failure = failure(of: row, batch) {
                call.results.fail(row - slice.lowerBound, failure.outcome, failure.message)
            } else if let reason = reasonToHoldBack(row, batch, describeRow) {
                call.results.fail(row - slice.lowerBound, .inputError, reason)
            } else {
                eligible.append(row)
                rowMap.writer.append(valueOf: row - slice.lowerBound)
            }
        }
        return call.start(
            inputs.indices.map { gather($0, batch, eligible) }, rowCount: eligible.count,
            rowMap: rowMap.writer.start.assumingMemoryBound(to: Int.self))
    }

    private func hasFailures(_ batch: RowBatch, _ slice: Range<Int>) -> Bool {
        guard let failureColumn else { return false }
        let states = batch.states(failureColumn)
        return slice.contains { states[$0] == CellState.value.rawValue }
    }

    /// The value of the row's failure column.
    private func failure(of row: Int, _ batch: RowBatch) -> (outcome: RowOutcome, message: String)? {
        guard let failureColumn, batch.isReadable(row),
            batch.states(failureColumn)[row] == CellState.value.rawValue,
            let json = try? JSONValue(parsing: Array(batch.text(failureColumn, row: row)))
        else { return nil }
        let outcome = RowOutcome.allCases.first { $0 != .scored && $0.name == json["outcome"]?.string }
        return (outcome ?? .modelError, json["message"]?.string ?? json.text)
    }

    /// Whether all rows of the slice can be passed to an input unchanged.
    private func isComplete(_ input: Int, _ batch: RowBatch, _ slice: Range<Int>) -> Bool {
        let states = batch.states(function.columns[input])
        let description = function.description.inputs[input]
        if description.isLenient { return true }
        if description.isOptional { return !states[slice].contains(CellState.mistyped.rawValue) }
        var others: UInt8 = 0
        for row in slice { others |= states[row] ^ CellState.value.rawValue }
        return others == 0
    }

    private func reasonToHoldBack(_ row: Int, _ batch: RowBatch, _ describeRow: (Int) -> String) -> String? {
        if let fault = batch.fault(row) { return "\(describeRow(row))\(fault)" }
        for (input, description) in function.description.inputs.enumerated() {
            let column = function.columns[input]
            var name = "\"\(description.name)\""
            if batch.requests[column].name != description.name { name += " (from \"\(batch.requests[column].name)\")" }
            switch CellState(rawValue: batch.states(column)[row]) ?? .missing {
            case .missing where !description.isOptional:
                return "the row has no column \(name)" + gap(batch.requests[column].path, row, batch)
            case .null where !description.isOptional: return "column \(name) is null"
            case .mistyped where !description.isLenient:
                return "column \(name) is not a \(description.type.name) value"
                    + (description.type == .text ? shape(of: batch.requests[column].path, row, batch) : "")
                    + advice(description)
            default: continue
            }
        }
        return nil
    }

    /// Advice if an answer is a list, for scorers with an option to accept lists.
    private func advice(_ input: ColumnDescription) -> String {
        guard input.name == "expected_answer", input.type == .text,
            function.takesAnyOf
        else { return "" }
        return "; for a list of correct answers, set any_of to true"
    }

    /// A description of an unexpected list or object, with the paths to strings in it.
    private func shape(of path: ColumnPath, _ row: Int, _ batch: RowBatch) -> String {
        guard let object = object(of: row, batch), case .value(let value) = path.find(in: object),
            value.array != nil || value.object != nil
        else { return "" }
        let paths = TextPaths.inside(value, at: ColumnPath(path.name, in: object)).prefix(3)
        return " but \(value.kind): \(excerpt(value))"
            + (paths.isEmpty ? "" : "; strings inside it: \(paths.joined(separator: ", "))")
    }

    /// How far a path leads in a row.
    private func gap(_ path: ColumnPath, _ row: Int, _ batch: RowBatch) -> String {
        guard !path.isColumn, let object = object(of: row, batch), case .nothing(let gap) = path.find(in: object)
        else { return "" }
        return ": \(gap)"
    }

    private func object(of row: Int, _ batch: RowBatch) -> JSONObject? {
        var parser = JSONParser()
        var repairs = 0
        return try? parser.parse(batch.line(row), repairs: &repairs).object
    }

    /// The cells of a slice, not copied.
    private func column(_ input: Int, _ batch: RowBatch, _ slice: Range<Int>) -> CellColumn {
        let index = function.columns[input]
        return CellColumn(
            type: batch.requests[index].type,
            values: batch.values(index) + slice.lowerBound * batch.width(index),
            validity: validity(input, batch, slice),
            listOffsets: batch.requests[index].type == .textList
                ? batch.listOffsets(index).map { $0 + slice.lowerBound } : nil)
    }

    /// The gathered cells of some rows.
    private func gather(_ input: Int, _ batch: RowBatch, _ rows: [Int]) -> CellColumn {
        let index = function.columns[input]
        let type = batch.requests[index].type
        let cells = inputs[input].cells
        let offsets = inputs[input].offsets
        cells.writer.removeAll()
        offsets.writer.removeAll()
        let stride = MemoryLayout<assay_str>.stride
        for row in rows {
            var bytes = row * batch.width(index)..<(row + 1) * batch.width(index)
            if type == .textList, let lists = batch.listOffsets(index) {
                offsets.writer.append(valueOf: Int64(cells.writer.count / stride))
                bytes = Int(lists[row]) * stride..<Int(lists[row + 1]) * stride
            }
            cells.writer.append(
                UnsafeRawBufferPointer(start: batch.values(index) + bytes.lowerBound, count: bytes.count))
        }
        offsets.writer.append(valueOf: Int64(cells.writer.count / stride))
        return CellColumn(
            type: type, values: cells.writer.start, validity: validity(input, batch, rows),
            listOffsets: type == .textList
                ? UnsafePointer(offsets.writer.start.assumingMemoryBound(to: Int64.self)) : nil)
    }

    /// The bitmap of an optional input in some rows; nil for a required one.
    private func validity(
        _ input: Int, _ batch: RowBatch, _ rows: some RandomAccessCollection<Int>
    ) -> UnsafePointer<UInt8>? {
        guard function.description.inputs[input].isOptional else { return nil }
        let states = batch.states(function.columns[input])
        let bitmap = inputs[input].bitmap
        bitmap.writer.removeAll()
        var byte: UInt8 = 0
        for (index, row) in rows.enumerated() {
            if states[row] == CellState.value.rawValue { byte |= 1 << (index & 7) }
            if index & 7 == 7 || index == rows.count - 1 {
                bitmap.writer.append(valueOf: byte)
                byte = 0
            }
        }
        return UnsafePointer(bitmap.writer.start.assumingMemoryBound(to: UInt8.self))
    }
}
