import Datasets
import JSON
import ScorerHost
import ScoringCore
import ScoringDefinitions

/// Writes output lines: `{"row": 0, "scores": {"basic::equality": {"score": 1.0}}}`, spaced as Python's `json.dumps`.
///
/// `@unchecked Sendable`: immutable after initialisation.
final class RowFormatter: @unchecked Sendable {
    /// One output of one function, and the text that precedes its value in each line.
    private struct Cell {
        var function: Int
        var output: Int
        var isScore: Bool
        /// The output whose outcome is that of the function.
        var scoreOutput: Int
        /// Whether rows without a value omit it, scored or not.
        var isOptional: Bool
        /// `"basic::equality": {"score": ` or `, "parsed_answer": `.
        var head: PaddedText
        /// The same for the separate results of one function: `, {"score": `.
        var resultHead: PaddedText
    }

    /// The values of an output in the current rows.
    private struct Column {
        var cell: Cell
        var values: OutputCells.View
        var outcomes: UnsafeBufferPointer<RowOutcome>
    }

    private let cells: [Cell]
    private let includesInput: Bool
    private let samples: Int
    private let rowHead = PaddedText("{\"row\": ")
    private let scoresHead = PaddedText(", \"scores\": {")
    private let rowTail = PaddedText("}}}\n")
    private let correct = PaddedText("1.0")
    private let wrong = PaddedText("0.0")

    /// - Parameter samples: the number of rows of the dataset that share a row number.
    init(_ functions: [BoundFunction], includesInput: Bool, samples: Int) {
        self.includesInput = includesInput
        self.samples = samples
        var cells: [Cell] = []
        for (index, function) in functions.enumerated() {
            let outputs = function.description.outputs
            let score = function.description.scoreOutput
            let start = index == 0 ? "" : "}, "
            cells.append(
                Cell(
                    function: index, output: score, isScore: true, scoreOutput: score, isOptional: false,
                    head: PaddedText("\(start)\(quoted(function.function.identifier)): {\"score\": "),
                    resultHead: PaddedText(", {\"score\": ")))
            // A score beside "score" stands alone: its function has the other outputs.
            for output in outputs.indices where output != score && !function.isFurtherScore {
                cells.append(
                    Cell(
                        function: index, output: output, isScore: false, scoreOutput: score,
                        isOptional: outputs[output].isOptional,
                        head: PaddedText(", \(quoted(outputs[output].name)): "),
                        resultHead: PaddedText(", \(quoted(outputs[output].name)): ")))
            }
        }
        self.cells = cells
    }

    deinit {
        for text in cells.map(\.head) + cells.map(\.resultHead) + [rowHead, scoresHead, rowTail, correct, wrong] {
            text.deallocate()
        }
    }

    /// Appends the lines of a slice of rows.
    ///
    /// - Parameters:
    ///   - firstRow: the number of rows of the dataset before the batch's chunk.
    ///   - results: the results of each function for the slice.
    func append(
        _ slice: Range<Int>, of batch: RowBatch, firstRow: Int, _ results: [RowResults], to out: inout ByteWriter
    ) {
        let columns = cells.map { cell in
            let results = results[cell.function]
            return Column(
                cell: cell, values: results.outputs[cell.output].view,
                outcomes: results.outcomes(of: cell.scoreOutput))
        }
        let isWhole = batch.isWhole
        var parser = JSONParser()
        columns.withUnsafeBufferPointer { columns in
            for row in slice {
                let place = row - slice.lowerBound
                out.append(rowHead)
                let number = firstRow + (isWhole ? row : batch.rowIndex(row))
                out.append(decimal: samples == 1 ? number : number / samples)
                if includesInput { appendMembers(of: row, batch, &parser, to: &out) }
                out.append(scoresHead)
                for index in columns.indices {
                    let cell = columns[index].cell
                    let isScored = columns[index].outcomes[place] == .scored
                    append(cell, cell.head, columns[index].values, place, isScored: isScored, to: &out)
                    if !isScored && cell.isScore { appendReason(results[cell.function], place, cell.output, to: &out) }
                }
                out.append(rowTail)
            }
        }
    }

    /// Appends the results of one function for the rows of a slice, as the elements of an array.
    func append(_ count: Int, resultsOf function: Int, _ results: RowResults, to out: inout ByteWriter) {
        let columns = cells.filter { $0.function == function }.map { cell in
            Column(
                cell: cell, values: results.outputs[cell.output].view, outcomes: results.outcomes(of: cell.scoreOutput))
        }
        columns.withUnsafeBufferPointer { columns in
            for row in 0..<count {
                for index in columns.indices {
                    let cell = columns[index].cell
                    let isScored = columns[index].outcomes[row] == .scored
                    append(cell, cell.resultHead, columns[index].values, row, isScored: isScored, to: &out)
                    if !isScored && cell.isScore { appendReason(results, row, cell.output, to: &out) }
                }
                out.append(literal: "}")
            }
        }
    }

    @inline(__always)
    private func append(
        _ cell: Cell, _ head: PaddedText, _ values: OutputCells.View, _ row: Int, isScored: Bool,
        to out: inout ByteWriter
    ) {
        guard values.hasValue(row) else {
            // A row without a score shows only the outputs that it has.
            if cell.isScore || isScored && !cell.isOptional {
                out.append(head)
                out.append(literal: "null")
            }
            return
        }
        out.append(head)
        switch values.type {
        case .f64:
            let value = values.number(row)
            if value == 1 {
                out.append(correct)
            } else if value == 0 && value.sign == .plus {
                out.append(wrong)
            } else {
                out.append(value.pythonDescription)
            }
        case .i64: out.append(String(values.integer(row)))
        case .bool:
            if values.integer(row) == 0 { out.append(literal: "false") } else { out.append(literal: "true") }
        case .json: out.append(values.text(row))
        case .text, .textList: out.append(quoted: values.text(row))
        }
    }

    @inline(never)
    private func appendReason(_ results: RowResults, _ row: Int, _ output: Int, to out: inout ByteWriter) {
        out.append(literal: ", \"outcome\": ")
        out.append(quoted(results.outcomes(of: output)[row].name))
        out.append(literal: ", \"message\": ")
        out.append(quoted(results.reason(of: row, output: output) ?? ""))
    }

    /// Appends the row's own members, except "row" and "scores", which the line itself contains.
    private func appendMembers(
        of row: Int, _ batch: RowBatch, _ parser: inout JSONParser, to out: inout ByteWriter
    ) {
        guard batch.isReadable(row) else { return }
        let line = batch.line(row)
        guard let open = line.firstIndex(of: UInt8(ascii: "{")), let close = line.lastIndex(of: UInt8(ascii: "}"))
        else {
            return
        }
        var repairs = 0
        guard let object = try? parser.parse(line, repairs: &repairs).object, !object.isEmpty else { return }
        guard object["row"] != nil || object["scores"] != nil || repairs > 0 else {
            out.append(literal: ", ")
            out.append(UnsafeRawBufferPointer(rebasing: line[(open + 1)..<close]))
            return
        }
        for member in object.members where member.key != "row" && member.key != "scores" {
            out.append(", \(quoted(member.key)): \(member.value.text)")
        }
    }
}
