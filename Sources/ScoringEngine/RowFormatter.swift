import Datasets
import JSON
import ScorerHost
import ScoringCore
import ScoringDefinitions

/// Writes output lines: `{"row": 0, "scores": {"basic::equality": {"score": 1.0}}}`, spaced as Python's `json.dumps`.
struct RowFormatter: Sendable {
    /// What is the same in each row.
    private struct FunctionText {
        /// `"basic::equality": {"score": `, with the comma that separates it from the function before.
        var head: [UInt8]
        var score: Int
        /// The other outputs, each with `, "name": `.
        var others: [(output: Int, head: [UInt8])]
    }

    private let functions: [FunctionText]
    private let includesInput: Bool

    init(_ functions: [BoundFunction], includesInput: Bool) {
        self.includesInput = includesInput
        self.functions = functions.enumerated().map { index, function in
            let outputs = function.description.outputs
            let score = function.description.scoreOutput
            return FunctionText(
                head: Array("\(index == 0 ? "" : ", ")\(quoted(function.function.identifier)): {\"score\": ".utf8),
                score: score,
                others: outputs.indices.filter { $0 != score }.map { output in
                    (output, Array(", \(quoted(outputs[output].name)): ".utf8))
                })
        }
    }

    /// Appends the line of a row.
    ///
    /// - Parameters:
    ///   - row: counts the rows of the dataset from 0.
    ///   - line: the row's own JSON object; empty where it could not be read.
    ///   - index: the row's place in `results`, of which there is one for each function.
    func append(row: Int, line: UnsafeRawBufferPointer, _ results: [RowResults], _ index: Int, to out: ByteBuffer) {
        out.append("{\"row\": ")
        out.append(row)
        if includesInput { appendMembers(of: line, to: out) }
        out.append(", \"scores\": {")
        for (function, results) in zip(functions, results) {
            out.append(function.head)
            append(results.outputs[function.score], index, to: out)
            let outcome = results.outcomes[index]
            if outcome != .scored {
                out.append(", \"outcome\": ")
                out.append(quoted: outcome.name)
                out.append(", \"message\": ")
                out.append(quoted: results.reason(of: index) ?? "")
            }
            for other in function.others where outcome == .scored || results.outputs[other.output].hasValue(index) {
                out.append(other.head)
                append(results.outputs[other.output], index, to: out)
            }
            out.append("}")
        }
        out.append("}}\n")
    }

    @inline(__always)
    private func append(_ cells: OutputCells, _ row: Int, to out: ByteBuffer) {
        guard cells.hasValue(row) else { return out.append("null") }
        switch cells.type {
        case .f64:
            let value = cells.numbers[row]
            if value == 1 {
                out.append("1.0")
            } else if value == 0 && value.sign == .plus {
                out.append("0.0")
            } else {
                out.append(value.pythonDescription)
            }
        case .i64: out.append(String(cells.integer(row)))
        case .bool: cells.integer(row) == 0 ? out.append("false") : out.append("true")
        case .json: out.append(cells.text(row))
        case .text, .textList: out.append(quoted: cells.text(row))
        }
    }

    /// Appends the row's own members but "row" and "scores", which are what this line says.
    private func appendMembers(of line: UnsafeRawBufferPointer, to out: ByteBuffer) {
        guard let open = line.firstIndex(of: UInt8(ascii: "{")), let close = line.lastIndex(of: UInt8(ascii: "}")) else {
            return
        }
        var parser = JSONParser()
        guard let object = try? parser.parse(line).object, !object.isEmpty else { return }
        guard object["row"] != nil || object["scores"] != nil else {
            out.append(", ")
            let members = UnsafeRawBufferPointer(rebasing: line[(open + 1)..<close])
            return out.append(members)
        }
        for member in object.members where member.key != "row" && member.key != "scores" {
            out.append(", ")
            out.append(quoted: member.key)
            out.append(": ")
            out.append(member.value.text)
        }
    }
}
