import ScoringCore

@testable import Datasets

/// What a batch has for a row, in words to compare.
struct RowContents: Equatable, CustomStringConvertible {
    var line: String
    var fault: String?
    var cells: [String]

    var description: String { "\(line) \(fault ?? "") \(cells)" }
}

/// A batch together with the chunk that its cells point into.
final class BatchReading {
    let batch: RowBatch
    private let chunk = Chunk()

    init(_ requests: [ColumnRequest], isUntyped: Bool = false) {
        batch = RowBatch(requests, isUntyped: isUntyped)
    }

    convenience init(_ requests: [ColumnRequest], isUntyped: Bool = false, _ text: String) throws {
        self.init(requests, isUntyped: isUntyped)
        try read(Array(text.utf8))
    }

    /// Reads lines that come in one chunk.
    func read(_ bytes: [UInt8]) throws {
        var reader = ChunkReader(MemorySource(bytes), chunkSize: bytes.count + 1)
        guard try reader.read(into: chunk) else { return }
        batch.read(chunk)
    }

    /// A cell as text: `missing`, `null`, `mistyped`, or its value.
    func cell(_ column: Int, row: Int) -> String {
        switch CellState(rawValue: batch.states(column)[row]) {
        case nil: return "an unknown state"
        case .missing: return "missing"
        case .null: return "null"
        case .mistyped: return "mistyped"
        case .value: break
        }
        let values = batch.values(column)
        switch batch.requests[column].type {
        case .text, .json: return String(decoding: batch.text(column, row: row), as: UTF8.self)
        case .f64: return values.load(fromByteOffset: 8 * row, as: Double.self).description
        case .i64: return values.load(fromByteOffset: 8 * row, as: Int64.self).description
        case .bool:
            let byte = values.load(fromByteOffset: row, as: UInt8.self)
            return byte == 0 ? "false" : byte == 1 ? "true" : "\(byte)"
        case .textList:
            guard let offsets = batch.listOffsets(column) else { return "no offsets" }
            return (offsets[row]..<offsets[row + 1]).map { index in
                // The layout of assay_str: an address and a length.
                let start = values.load(fromByteOffset: 16 * Int(index), as: UnsafeRawPointer?.self)
                let count = values.load(fromByteOffset: 16 * Int(index) + 8, as: Int.self)
                return "<" + String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self) + ">"
            }.joined()
        }
    }

    func cells(_ column: Int) -> [String] { (0..<batch.count).map { cell(column, row: $0) } }

    func contents(_ row: Int) -> RowContents {
        RowContents(
            line: String(decoding: batch.line(row), as: UTF8.self), fault: batch.fault(row)?.description,
            cells: batch.requests.indices.map { cell($0, row: row) })
    }

    var rows: [RowContents] { (0..<batch.count).map(contents) }
}
