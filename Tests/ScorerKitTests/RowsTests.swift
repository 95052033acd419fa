import CScorerPlugin
import Testing

@testable import ScorerKit

@Suite("A scorer in Swift reads its rows")
struct RowsTests {
    /// Calls `body` with a batch of one column.
    private func withRows<Cell>(
        _ type: CellType, _ cells: [Cell], rows: Int, validity: [UInt8]? = nil, offsets: [Int64]? = nil,
        _ body: (Rows) -> Void
    ) {
        cells.withUnsafeBytes { cells in
            (validity ?? []).withUnsafeBufferPointer { bitmap in
                (offsets ?? []).withUnsafeBufferPointer { offsets in
                    var column = assay_column(
                        struct_size: UInt32(MemoryLayout<assay_column>.size), type: type.rawValue,
                        validity: validity == nil ? nil : bitmap.baseAddress, values: cells.baseAddress,
                        list_offsets: offsets.baseAddress)
                    withUnsafePointer(to: &column) { column in
                        var columns: [UnsafePointer<assay_column>?] = [column]
                        columns.withUnsafeMutableBufferPointer { columns in
                            var batch = assay_batch(
                                struct_size: UInt32(MemoryLayout<assay_batch>.size), n_columns: 1,
                                n_rows: UInt64(rows), columns: columns.baseAddress)
                            body(Rows(&batch))
                        }
                    }
                }
            }
        }
    }

    @Test("numbers, integers and booleans, with rows that have none")
    func values() {
        withRows(.f64, [1.5, -2.0, 0.0], rows: 3, validity: [0b101]) { rows in
            #expect(rows.count == 3)
            #expect((0..<3).map { rows.numbers(0)[$0] } == [1.5, nil, 0.0])
        }
        withRows(.i64, [Int64.max, -1], rows: 2) { rows in
            #expect((0..<2).map { rows.integers(0)[$0] } == [Int64.max, -1])
        }
        withRows(.bool, [UInt8(1), 0], rows: 2) { rows in
            #expect((0..<2).map { rows.booleans(0)[$0] } == [true, false])
        }
    }

    @Test("texts and lists of texts, the ninth row by the second byte of the bitmap")
    func texts() {
        let bytes = Array("abcd".utf8CString)
        bytes.withUnsafeBufferPointer { bytes in
            let cells = (0..<4).map { assay_str(ptr: bytes.baseAddress.map { $0 }, len: $0) }
            withRows(.text, cells, rows: 4, validity: [0b1110]) { rows in
                let texts = rows.texts(0)
                #expect((0..<4).map { String(decoding: texts[$0], as: UTF8.self) } == ["", "a", "ab", "abc"])
                #expect((0..<4).map { texts.hasValue($0) } == [false, true, true, true])
            }
            let nine = (0..<9).map { _ in assay_str(ptr: bytes.baseAddress, len: 4) }
            withRows(.json, nine, rows: 9, validity: [0, 1]) { rows in
                #expect((0..<9).filter { rows.texts(0).hasValue($0) } == [8])
            }
            withRows(.textList, cells, rows: 3, validity: [0b101], offsets: [0, 1, 1, 4]) { rows in
                let lists = (0..<3).map { row in
                    rows.lists(0)[row].map { $0.map { String(decoding: $0, as: UTF8.self) } }
                }
                #expect(lists == [[""], nil, ["a", "ab", "abc"]])
            }
        }
    }
}
