import Datasets
import JSON

/// Rows in the form that they will have after generation, with empty answers, to check before any request is sent whether
/// they have the columns that scorers need.
final class UnansweredRows: ByteSource {
    private var reader: ChunkReader
    private var lines: UnansweredLines
    private let chunk = Chunk()
    private var rows: [UInt8] = []
    private var position = 0

    init(_ source: any ByteSource, _ lines: UnansweredLines) {
        reader = ChunkReader(source)
        self.lines = lines
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        while position == rows.count {
            guard try reader.read(into: chunk) else { return 0 }
            rows = lines.lines(of: chunk)
            position = 0
        }
        let count = min(buffer.count, rows.count - position)
        buffer.copyBytes(from: rows[position..<position + count])
        position += count
        return count
    }
}

/// Makes the rows of a chunk into such rows.
struct UnansweredLines {
    private let preparation: RowPreparation
    private let answer: JSONObject
    /// Whether any row so far has a prompt.
    private(set) var canAsk = false
    /// Whether any line so far is a row.
    private(set) var hasRows = false
    /// Columns of mappings or filters that no row so far has.
    private(set) var missing: [ColumnPath]
    /// How far the first of them, as a path, leads in the first row.
    private(set) var gap: ColumnPath.Gap?
    /// Whether any row so far has its expected answer only in the column "answer".
    private(set) var readsAnswerAsExpected = false
    /// Why the first row without a prompt has none.
    private(set) var failure: GenerationFailure?

    /// - Parameter columns: columns that rows must have.
    init(_ preparation: RowPreparation, isAgent: Bool, columns: [String] = []) {
        self.preparation = preparation
        missing = preparation.mapping.map(\.old) + columns.map { preparation.source(of: $0) }
        var answer: JSONObject = [GeneratedColumn.generatedAnswer.rawValue: ""]
        if isAgent {
            answer[GeneratedColumn.context.rawValue] = ""
        } else {
            answer[GeneratedColumn.reasoning.rawValue] = ""
            answer[GeneratedColumn.toolCalls.rawValue] = []
        }
        self.answer = answer
    }

    mutating func lines(of chunk: Chunk) -> [UInt8] {
        var parser = JSONParser()
        var lines: [UInt8] = []
        var repairs = 0
        chunk.withLines { line in
            guard let row = try? parser.parse(line, repairs: &repairs).object else {
                lines += line
                lines.append(UInt8(ascii: "\n"))
                return
            }
            hasRows = true
            if !missing.isEmpty { missing = missing.filter { preparation.value(at: $0, in: row) == nil } }
            if gap == nil, let path = missing.first, case .nothing(let found) = path.find(in: row) { gap = found }
            let prepared = preparation.prepare(row, line: line)
            if preparation.readsAnswerAsExpected(row) { readsAnswerAsExpected = true }
            switch prepared.request {
            case .success: canAsk = true
            case .failure(let fault): failure = failure ?? fault
            }
            var members = prepared.additions
            for (name, value) in answer.members { members[name] = value }
            lines.append(row: prepared.line, adding: members)
        }
        return lines
    }
}
