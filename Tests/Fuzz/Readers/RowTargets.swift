import Datasets
import FuzzDriver
import JSON
import ScoringCore

private let requests: [ColumnRequest] = [
    ColumnRequest("a", .text), ColumnRequest("a", .json), ColumnRequest("b", .f64), ColumnRequest("b", .i64),
    ColumnRequest("c", .bool), ColumnRequest("d", .textList), ColumnRequest("é", .text),
]

/// Lines read in one chunk and in small ones are the same rows.
func jsonl(_ bytes: [UInt8]) {
    let whole = rows(of: MemorySource(bytes), chunkSize: bytes.count + 1)
    let pieces = rows(of: MemorySource(bytes), chunkSize: 64)
    if whole != pieces { violated("rows depend on the chunks", whole, pieces) }
}

/// A table becomes valid JSON Lines, whatever pieces it is delivered in. The first byte chooses the delimiter.
func csv(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    let delimiter = [UInt8(ascii: ","), UInt8(ascii: "\t"), UInt8(ascii: ";"), UInt8(ascii: "|")][Int(first % 4)]
    let table = Array(bytes.dropFirst())
    func source(_ base: any ByteSource) -> CSVSource {
        CSVSource(base, delimiter: delimiter, path: "fuzz.csv", recordLimit: 1 << 16)
    }
    let (whole, fault) = text(of: source(MemorySource(table)))
    let (pieces, otherFault) = text(of: source(Trickle(table)))
    if whole != pieces || fault != otherFault {
        violated("the table depends on its pieces", fault ?? "", otherFault ?? "")
    }
    checkLines(whole)
}

/// An array of objects becomes valid JSON Lines, whatever pieces it is delivered in.
func jsonArray(_ bytes: [UInt8]) {
    let (whole, fault) = text(of: JSONArraySource(MemorySource(bytes)))
    let (pieces, otherFault) = text(of: JSONArraySource(Trickle(bytes)))
    if whole != pieces || fault != otherFault {
        violated("the array depends on its pieces", fault ?? "", otherFault ?? "")
    }
    if whole.contains(0x0D) { violated("a carriage return is left in a line", whole) }
    _ = rows(of: MemorySource(whole), chunkSize: 256)
}

/// Compressed bytes give the same, whatever pieces they are delivered in. The first byte chooses the format.
func compressed(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    let rest = Array(bytes.dropFirst())
    func source(_ base: any ByteSource) -> any ByteSource {
        first % 2 == 0 ? GzipSource(base) : ZstdSource(base)
    }
    let (whole, fault) = text(of: source(MemorySource(rest)))
    let (pieces, otherFault) = text(of: source(Trickle(rest)))
    // A fault may come a little earlier or later; what was read before both is the same.
    let common = min(whole.count, pieces.count)
    if whole[..<common] != pieces[..<common] || (fault == nil) != (otherFault == nil) {
        violated("the text depends on its pieces", fault ?? "", otherFault ?? "")
    }
}

// MARK: Reading

/// Delivers a few bytes at a time.
private struct Trickle: ByteSource {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(1 + position % 5, buffer.count, bytes.count - position)
        buffer.copyBytes(from: bytes[position..<position + count])
        position += count
        return count
    }
}

/// What a source gives, 1 MiB at most, and the fault that it ends with.
private func text(of source: consuming any ByteSource) -> ([UInt8], String?) {
    var text: [UInt8] = []
    var source = source
    var buffer = [UInt8](repeating: 0, count: 4096)
    while text.count < 1 << 20 {
        let result: Result<Int, DatasetError> = buffer.withUnsafeMutableBytes { buffer in
            do throws(DatasetError) {
                return .success(try source.read(into: buffer))
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(0): return (text, nil)
        case .success(let count): text += buffer[..<count]
        case .failure(let error): return (text, "\(error)")
        }
    }
    return (text, nil)
}

/// Each row as text: its fault, or its cells.
private func rows(of source: any ByteSource, chunkSize: Int) -> [String] {
    var reader = ChunkReader(source, chunkSize: chunkSize, longestLine: 1 << 20)
    let chunk = Chunk()
    let batch = RowBatch(requests)
    var rows: [String] = []
    while (try? reader.read(into: chunk)) == true {
        batch.read(chunk)
        _ = batch.checkWholeRows()
        for row in 0..<batch.count {
            let fault = batch.fault(row)?.description
            rows.append(fault ?? requests.indices.map { cell(batch, $0, row) }.joined(separator: "\u{1F}"))
        }
    }
    return rows
}

private func cell(_ batch: RowBatch, _ column: Int, _ row: Int) -> String {
    guard let state = CellState(rawValue: batch.states(column)[row]) else { violated("an unknown state", column) }
    guard state == .value else { return "\(state)" }
    let values = batch.values(column)
    switch requests[column].type {
    case .text, .json:
        let text = batch.text(column, row: row)
        guard let valid = String(validating: text, as: UTF8.self) else { violated("a cell is not UTF-8", Array(text)) }
        return valid
    case .f64: return "\(values.load(fromByteOffset: 8 * row, as: Double.self).bitPattern)"
    case .i64: return "\(values.load(fromByteOffset: 8 * row, as: Int64.self))"
    case .bool: return "\(values.load(fromByteOffset: row, as: UInt8.self))"
    case .textList:
        guard let offsets = batch.listOffsets(column), offsets[row] <= offsets[row + 1] else {
            violated("a list without offsets", column)
        }
        return (offsets[row]..<offsets[row + 1]).map { index in
            // The layout of assay_str: an address and a length.
            let start = values.load(fromByteOffset: 16 * Int(index), as: UnsafeRawPointer?.self)
            let count = values.load(fromByteOffset: 16 * Int(index) + 8, as: Int.self)
            return String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
        }.joined(separator: "\u{1E}")
    }
}

private func checkLines(_ text: [UInt8]) {
    // A record that cannot be read is a line that begins with a zero byte and says why.
    for line in text.split(separator: UInt8(ascii: "\n")) where line.first != 0 {
        guard let value = try? JSONValue(parsing: Array(line)), value.object != nil else {
            violated("a row is not a JSON object", Array(line))
        }
    }
}
