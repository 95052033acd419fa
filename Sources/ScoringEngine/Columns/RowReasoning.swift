import Datasets
import Glibc
import Inference
import JSON

/// How to treat thinking in existing answers: reasoning models write it before their answer, and the tool that saved the
/// answers may not have removed it.
public enum RowReasoning: String, CaseIterable, Sendable {
    /// It is scored as part of the answer, with a warning.
    case keep
    /// It is moved to the column `generation_reasoning`.
    case strip
}

extension Dataset {
    /// The same rows, with the thinking separated from the answer. Rows without thinking, and lines that are not rows, are
    /// unchanged.
    ///
    /// - Parameter column: the column with the answers, or the path to them.
    func strippingReasoning(from column: String) -> Dataset {
        var dataset = self
        let rows = open
        dataset.open = { columns throws(DatasetError) in StrippedRows(try rows(columns), column) }
        return dataset
    }
}

/// The rows of a source without the thinking in one of their columns.
private final class StrippedRows: ByteSource {
    private var lines: LineRewriter
    private let path: ColumnPath
    private var parser = JSONParser()

    init(_ source: any ByteSource, _ column: String) {
        lines = LineRewriter(source)
        path = ColumnPath(column)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        try lines.read(into: buffer) { append($0, to: &$1) }
    }

    private func append(_ line: UnsafeRawBufferPointer, to lines: inout [UInt8]) {
        guard var row = try? parser.parse(line).object, case .value(.string(let text)) = path.find(in: row) else {
            lines += line
            return
        }
        let parts = ThinkingText(text, marks: .usual, isCutOff: false)
        guard let thinking = parts.thinking ?? (parts.answer == text ? nil : "") else {
            lines += line
            return
        }
        // A column with exactly that name takes precedence over a path.
        row[path.name] = .string(parts.answer)
        if !thinking.isEmpty { row["generation_reasoning"] = .string(thinking) }
        lines += JSONValue.object(row).text.utf8
    }
}

extension Chunk {
    /// Whether a text column of a row contains thinking.
    func hasReasoning(in column: String) -> Bool {
        let path = ColumnPath(column)
        var parser = JSONParser()
        var isFound = false
        withLines { line in
            if isFound || !line.mayEndThinking { return }
            guard let row = try? parser.parse(line).object, case .value(.string(let text)) = path.find(in: row) else {
                return
            }
            isFound = ThinkingText(text, marks: .usual, isCutOff: false).answer != text
        }
        return isFound
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the line of a row contains a thinking mark, however its brackets are escaped in JSON.
    fileprivate var mayEndThinking: Bool {
        let word = Array("think".utf8)
        var start = 0
        while let baseAddress, start < count, let found = memchr(baseAddress + start, Int32(word[0]), count - start) {
            start = UnsafeRawPointer(found) - baseAddress + 1
            if self[(start - 1)...].starts(with: word) { return true }
        }
        return false
    }
}
