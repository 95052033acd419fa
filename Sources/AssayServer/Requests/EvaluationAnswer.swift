import Datasets
import Evaluation
import JSON

/// The result of a benchmark's run, in the form of the API: `{"generations": [{"generated_answer": …}, …], "scores": {ID:
/// {"score_rows": [{"score": …}, …], "aggregated_results": …, "rows": …}}}`.
struct EvaluationAnswer {
    /// The ScoringResult of each function, without its `score_rows`.
    var scores: JSONObject
    /// Members that precede the others.
    var head: JSONObject = [:]
    /// Opens the rows, as JSON Lines with the generated columns and `scores`.
    var open: () -> any ByteSource

    /// Bytes to write at once, unless a row is longer.
    private static let pieceSize = 256 << 10

    /// Writes the result. The rows are read once for the generations and once for each function, so that only one row at a
    /// time is in memory.
    func write(to output: ResponseStream) throws {
        try output.write(head.isEmpty ? "{" : JSONValue.object(head).text.dropLast() + ", ")
        try output.write("\"generations\": [")
        try writeRows(to: output) { row, outline, piece in
            piece += "{".utf8
            var isFirst = true
            for column in GeneratedColumn.allCases {
                guard let value = outline[column.rawValue] else { continue }
                piece += "\(isFirst ? "" : ", ")\"\(column.rawValue)\": ".utf8
                piece += row[value.range]
                isFirst = false
            }
            piece += "}".utf8
        }
        try output.write("], \"scores\": {")
        for (index, (id, result)) in scores.members.enumerated() {
            try output.write("\(index == 0 ? "" : ", ")\(quoted(id)): {\"score_rows\": [")
            try writeRows(to: output) { row, outline, piece in
                if let score = outline["scores"]?[id] {
                    piece += row[score.range]
                } else {
                    piece += "{\"score\": null}".utf8
                }
            }
            let rest = result.object ?? [:]
            try output.write(rest.isEmpty ? "]}" : "], " + JSONValue.object(rest).text.dropFirst())
        }
        try output.write("}}")
    }

    /// Writes an element for each row.
    private func writeRows(
        to output: ResponseStream,
        _ element: (_ row: [UInt8], JSONOutline, _ piece: inout [UInt8]) -> Void
    ) throws {
        var reader = ChunkReader(open())
        var parser = JSONParser()
        let chunk = Chunk()
        // A row, and the padding behind it.
        var row: [UInt8] = []
        var piece: [UInt8] = []
        var isFirst = true
        while try reader.read(into: chunk) {
            try chunk.withLines { line in
                row.removeAll(keepingCapacity: true)
                row += line
                row += repeatElement(0, count: JSONParser.padding)
                let outline = try parser.outline(padded: row)
                if !isFirst { piece += ", ".utf8 }
                isFirst = false
                element(row, outline, &piece)
                if piece.count >= Self.pieceSize {
                    try piece.withUnsafeBytes { try output.write($0) }
                    piece.removeAll(keepingCapacity: true)
                }
            }
        }
        if !piece.isEmpty { try piece.withUnsafeBytes { try output.write($0) } }
    }
}
