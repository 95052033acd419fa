import Datasets
import Glibc
import Inference
import JSON

/// What becomes of thinking in the answers of rows that are scored as they are: reasoning models write it before their
/// answer, and what saved the answers may have left it there.
public enum RowReasoning: String, CaseIterable, Sendable {
    /// It is scored as a part of the answer; a warning says so.
    case keep
    /// It is taken out, and stands in a column of its own, `generation_reasoning`.
    case strip
}

extension Dataset {
    /// The same rows, the thinking of an answer apart from it. Rows without any, and lines that are no rows, stay as they
    /// are.
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
        // Of a path, too, a column of that literal name is read first.
        row[path.name] = .string(parts.answer)
        if !thinking.isEmpty { row["generation_reasoning"] = .string(thinking) }
        lines += JSONValue.object(row).text.utf8
    }
}

extension Chunk {
    /// Whether a row has thinking in a column that is a text.
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
    /// Whether the line of a row holds the word that marks thinking, however its brackets are written in JSON.
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
