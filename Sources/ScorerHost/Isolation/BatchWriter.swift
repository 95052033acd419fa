import CScorerPlugin
import CWorkerProtocol
import Glibc
import ScoringCore

/// Writes some rows of a batch into memory as a worker reads them.
struct BatchWriter {
    private let columns: [assay_column]
    private let rows: Range<Int>
    /// Where each column's parts go, and the size of it all.
    private var layouts: [aw_column] = []
    private(set) var byteCount = 0

    /// Works out the layout of the rows `rows` of `batch`. Cost: a look at the length of each text.
    init(_ batch: UnsafePointer<assay_batch>, _ rows: Range<Int>) {
        self.rows = rows
        columns = (0..<Int(batch.pointee.n_columns)).compactMap { batch.pointee.columns[$0]?.pointee }
        byteCount = MemoryLayout<aw_batch>.size + columns.count * MemoryLayout<aw_column>.size
        layouts = columns.map { layout(of: $0) }
    }

    /// - Parameter base: the start of `byteCount` bytes.
    func write(to base: UnsafeMutableRawPointer) {
        base.storeBytes(of: aw_batch(n_rows: UInt64(rows.count), n_columns: UInt64(columns.count)), as: aw_batch.self)
        let heads = base + MemoryLayout<aw_batch>.size
        for (index, (column, layout)) in zip(columns, layouts).enumerated() {
            heads.storeBytes(of: layout, toByteOffset: index * MemoryLayout<aw_column>.size, as: aw_column.self)
            write(column, layout, to: base)
        }
    }

    private mutating func take(_ count: Int) -> UInt64 {
        defer { byteCount = (byteCount + count + 7) & ~7 }
        return UInt64(byteCount)
    }

    private mutating func layout(of column: assay_column) -> aw_column {
        var layout = aw_column()
        layout.type = column.type
        if column.validity != nil {
            layout.has_validity = 1
            layout.validity = take((rows.count + 7) / 8)
        }
        guard let width = width(of: column.type) else {
            let texts = texts(of: column)
            layout.n_texts = UInt64(texts.count)
            layout.values = take(8 * texts.count)
            var length = 0
            for (index, text) in texts.enumerated() where hasValue(column, index) { length += Int(text.len) }
            layout.texts = take(length)
            if isList(column) { layout.list_offsets = take(8 * (rows.count + 1)) }
            return layout
        }
        layout.values = take(width * rows.count)
        return layout
    }

    private func write(_ column: assay_column, _ layout: aw_column, to base: UnsafeMutableRawPointer) {
        if let validity = column.validity { writeBits(validity, to: base + Int(layout.validity)) }
        let values = base + Int(layout.values)
        if let width = width(of: column.type) {
            values.copyMemory(from: column.values + width * rows.lowerBound, byteCount: width * rows.count)
            return
        }
        let ends = values.assumingMemoryBound(to: UInt64.self)
        let bytes = base + Int(layout.texts)
        var end = 0
        for (index, text) in texts(of: column).enumerated() {
            let length = hasValue(column, index) ? Int(text.len) : 0
            if let start = text.ptr, length > 0 { memcpy(bytes + end, start, length) }
            end += length
            ends[index] = UInt64(end)
        }
        if let offsets = column.list_offsets, isList(column) {
            let places = (base + Int(layout.list_offsets)).assumingMemoryBound(to: Int64.self)
            for row in 0...rows.count { places[row] = offsets[rows.lowerBound + row] - offsets[rows.lowerBound] }
        }
    }

    private func isList(_ column: assay_column) -> Bool { column.type == ValueType.textList.rawValue }

    /// Whether a text is to be copied. That of a cell without a value is nobody's.
    private func hasValue(_ column: assay_column, _ index: Int) -> Bool {
        guard let validity = column.validity, !isList(column) else { return true }
        let row = rows.lowerBound + index
        return validity[row >> 3] >> (row & 7) & 1 != 0
    }

    /// The texts of the rows.
    private func texts(of column: assay_column) -> UnsafeBufferPointer<assay_str> {
        let all = column.values.assumingMemoryBound(to: assay_str.self)
        guard let offsets = column.list_offsets, isList(column) else {
            return UnsafeBufferPointer(start: all + rows.lowerBound, count: rows.count)
        }
        let first = Int(offsets[rows.lowerBound])
        return UnsafeBufferPointer(start: all + first, count: Int(offsets[rows.upperBound]) - first)
    }

    private func writeBits(_ bitmap: UnsafePointer<UInt8>, to place: UnsafeMutableRawPointer) {
        let bytes = place.assumingMemoryBound(to: UInt8.self)
        let count = (rows.count + 7) / 8
        if rows.lowerBound & 7 == 0 {
            bytes.update(from: bitmap + rows.lowerBound / 8, count: count)
            return
        }
        bytes.update(repeating: 0, count: count)
        for (index, row) in rows.enumerated() where bitmap[row >> 3] >> (row & 7) & 1 != 0 {
            bytes[index >> 3] |= 1 << (index & 7)
        }
    }

    /// The bytes of a cell; nil for texts.
    private func width(of type: UInt32) -> Int? {
        switch ValueType(rawValue: type) {
        case .f64, .i64: 8
        case .bool: 1
        default: nil
        }
    }
}
