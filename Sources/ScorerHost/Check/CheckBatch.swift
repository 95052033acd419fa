import CScorerPlugin
import ScoringCore

/// Rows in memory as the plugin header lays them out.
final class CheckBatch {
    let rowCount: Int
    private(set) var columns: [CellColumn] = []
    private var blocks: [UnsafeMutableRawPointer] = []

    deinit {
        for block in blocks { block.deallocate() }
    }

    init(_ inputs: [ColumnDescription], _ rows: [[CheckCell]]) {
        rowCount = rows.count
        for (index, input) in inputs.enumerated() { columns.append(column(input.type, rows.map { $0[index] })) }
    }

    /// Runs `body` with the batch as a plugin gets it.
    func withBatch<Value, Failure>(
        _ body: (UnsafePointer<assay_batch>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let structs = take(MemoryLayout<assay_column>.stride * columns.count).bindMemory(
            to: assay_column.self, capacity: columns.count)
        let pointers = take(MemoryLayout<UnsafePointer<assay_column>?>.stride * columns.count).bindMemory(
            to: UnsafePointer<assay_column>?.self, capacity: columns.count)
        for (index, column) in columns.enumerated() {
            structs[index] = assay_column(
                struct_size: UInt32(MemoryLayout<assay_column>.size), type: column.type.rawValue,
                validity: column.validity, values: column.values, list_offsets: column.listOffsets)
            pointers[index] = UnsafePointer(structs + index)
        }
        let place = take(MemoryLayout<assay_batch>.stride).bindMemory(to: assay_batch.self, capacity: 1)
        place.pointee = assay_batch(
            struct_size: UInt32(MemoryLayout<assay_batch>.size), n_columns: UInt32(columns.count),
            n_rows: UInt64(rowCount), columns: UnsafePointer(pointers))
        return try body(UnsafePointer(place))
    }

    private func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
        let block = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 16), alignment: 16)
        block.initializeMemory(as: UInt8.self, repeating: 0, count: max(byteCount, 16))
        blocks.append(block)
        return block
    }

    private func column(_ type: ValueType, _ cells: [CheckCell]) -> CellColumn {
        var validity: UnsafeMutablePointer<UInt8>?
        for (row, cell) in cells.enumerated() {
            guard case .null = cell else { continue }
            if validity == nil {
                let bits = take((cells.count + 7) / 8).assumingMemoryBound(to: UInt8.self)
                bits.update(repeating: 0xFF, count: (cells.count + 7) / 8)
                validity = bits
            }
            validity?[row >> 3] &= ~(1 << UInt8(row & 7))
        }
        var offsets: UnsafeMutablePointer<Int64>?
        let values: UnsafeMutableRawPointer
        switch type {
        case .text, .json, .textList:
            var texts: [String] = []
            if type == .textList { offsets = take(8 * (cells.count + 1)).assumingMemoryBound(to: Int64.self) }
            for (row, cell) in cells.enumerated() {
                switch cell {
                case .text(let text): texts.append(text)
                case .list(let list): texts += list
                default: if type != .textList { texts.append("") }
                }
                offsets?[row + 1] = Int64(texts.count)
            }
            values = slices(of: texts)
        case .f64, .i64, .bool:
            values = take(8 * cells.count)
            for (row, cell) in cells.enumerated() {
                switch cell {
                case .number(let number): values.storeBytes(of: number, toByteOffset: 8 * row, as: Double.self)
                case .integer(let integer): values.storeBytes(of: integer, toByteOffset: 8 * row, as: Int64.self)
                case .bool(let bool): values.storeBytes(of: bool ? 1 : 0, toByteOffset: row, as: UInt8.self)
                default: break
                }
            }
        }
        return CellColumn(
            type: type, values: UnsafeRawPointer(values), validity: validity.map { UnsafePointer($0) },
            listOffsets: offsets.map { UnsafePointer($0) })
    }

    private func slices(of texts: [String]) -> UnsafeMutableRawPointer {
        let bytes = take(texts.reduce(0) { $0 + $1.utf8.count })
        let slices = take(MemoryLayout<assay_str>.stride * texts.count)
        var offset = 0
        for (index, text) in texts.enumerated() {
            let count = text.utf8.count
            UnsafeMutableRawBufferPointer(start: bytes + offset, count: count).copyBytes(from: text.utf8)
            let start = (bytes + offset).assumingMemoryBound(to: CChar.self)
            slices.storeBytes(
                of: assay_str(ptr: start, len: UInt64(count)), toByteOffset: index * MemoryLayout<assay_str>.stride,
                as: assay_str.self)
            offset += count
        }
        return slices
    }
}
