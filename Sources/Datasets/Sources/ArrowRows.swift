package import CArrow
import CSimdJSON
import Glibc
import JSON
package import ScoringCore

/// Arrow data that cannot be read: the end of a sentence that starts with the dataset's name.
package struct ArrowFault: Error, CustomStringConvertible {
    package var description: String
}

/// The columns of Arrow record batches.
///
/// `@unchecked Sendable`: immutable after initialisation.
package final class ArrowColumns: @unchecked Sendable {
    let schema: OpaquePointer
    package let names: [String]

    /// - Parameter schema: is only read.
    package init(_ schema: UnsafePointer<ArrowSchema>) throws(ArrowFault) {
        var error = [CChar](repeating: 0, count: Int(CA_ERROR_SIZE))
        guard let made = ca_schema_new(schema, &error) else { throw ArrowFault(error) }
        self.schema = made
        names = (0..<ca_schema_count(made)).map { index in
            let name = ca_schema_name(made, index)
            return String(
                decoding: UnsafeRawBufferPointer(start: name.ptr, count: Int(name.len)), as: UTF8.self)
        }
    }

    deinit { ca_schema_free(schema) }

    /// Checks that columns can be read.
    ///
    /// - Parameter wanted: their names; there may be others.
    package func check(_ wanted: Set<String>) throws(ArrowFault) {
        for (index, name) in names.enumerated() where wanted.contains(name) {
            guard let format = ca_schema_unsupported(schema, index) else { continue }
            throw ArrowFault(
                description: "the column \(quoted(name)) has a type that is not supported (Arrow format "
                    + "\(quoted(String(cString: format)))); convert it to text or numbers first")
        }
    }
}

/// A record batch, which is released with the last reference to it.
///
/// `@unchecked Sendable`: only read after initialisation.
package final class ArrowRows: @unchecked Sendable {
    package let columns: ArrowColumns
    let batch: OpaquePointer
    package let count: Int

    /// - Parameter array: is moved: whoever has it must not release it any more.
    package init(_ array: UnsafeMutablePointer<ArrowArray>, of columns: ArrowColumns) throws(ArrowFault) {
        var error = [CChar](repeating: 0, count: Int(CA_ERROR_SIZE))
        guard let made = ca_batch_new(columns.schema, array, &error) else { throw ArrowFault(error) }
        self.columns = columns
        batch = made
        count = ca_batch_rows(made)
    }

    deinit { ca_batch_free(batch) }

    /// Reads a column as cells of a type.
    ///
    /// - Parameter body: receives a `CellState` and a cell for each row, laid out as in a plugin's columns.
    package func withCells<Result>(
        _ column: Int, _ type: ValueType,
        _ body: (_ states: UnsafeBufferPointer<UInt8>, _ cells: UnsafeRawPointer) throws -> Result
    ) throws -> Result {
        guard type != .json, type != .textList, ca_schema_can_read(columns.schema, column, type.rawValue) else {
            throw ArrowFault(
                description: "the column \(quoted(columns.names[column])) does not hold \(type.name) values")
        }
        let states = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(1, count))
        let cells = UnsafeMutableRawPointer.allocate(byteCount: 16 * max(1, count), alignment: 16)
        defer {
            states.deallocate()
            cells.deallocate()
        }
        if count > 0 { _ = ca_batch_read(batch, column, type.rawValue, 0, count, states.baseAddress, cells) }
        return try body(UnsafeBufferPointer(rebasing: UnsafeBufferPointer(states)[..<count]), cells)
    }

    /// The rows of a range as lines of JSON. A row that is too large is a line that says so.
    ///
    /// - Parameter wanted: for each column, whether it is written; nil means all.
    func withLines<Result>(
        _ range: Range<Int>, wanted: [Bool]? = nil, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        if let result = written(range, wanted, body) { return result }
        var lines: [UInt8] = []
        for row in range {
            let isAdded = lines.count < Self.mostLines && written(row..<row + 1, wanted) { lines += $0 } != nil
            if isAdded { continue }
            lines += RejectedLine.bytes(
                "the row, or those read together with it, have more than \(sizeText(Int(CA_MOST_JSON))) as JSON; use "
                    + "columns of numbers and texts, or smaller batches")
            lines.append(UInt8(ascii: "\n"))
        }
        return lines.withUnsafeBytes(body)
    }

    /// The bytes of the rows that are read one by one because they are too large together.
    private static let mostLines = 1 << 30

    /// Nil if the rows are too large.
    private func written<Result>(
        _ range: Range<Int>, _ wanted: [Bool]?, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result? {
        var bytes = ca_bytes()
        defer { free(bytes.bytes) }
        let isWritten =
            if let wanted {
                wanted.withUnsafeBufferPointer {
                    ca_batch_write_rows(batch, range.lowerBound, range.count, $0.baseAddress, &bytes)
                }
            } else {
                ca_batch_write_rows(batch, range.lowerBound, range.count, nil, &bytes)
            }
        return isWritten ? body(UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.count)) : nil
    }
}

/// Arrow rows as lines of JSON.
package struct ArrowLines: ByteSource {
    private var slices: ArraySlice<ArrowSlice>
    private var lines: [UInt8] = []
    private var position = 0

    package init(_ slices: [ArrowSlice]) { self.slices = slices[...] }

    package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        while position == lines.count {
            guard let slice = slices.popFirst() else { return 0 }
            (lines, position) = (slice.rows.withLines(slice.range) { Array($0) }, 0)
        }
        let count = min(buffer.count, lines.count - position)
        buffer.copyBytes(from: lines[position..<position + count])
        position += count
        return count
    }
}

/// A range of the rows of a batch.
package struct ArrowSlice: Sendable {
    package let rows: ArrowRows
    package let range: Range<Int>

    package init(_ rows: ArrowRows, _ range: Range<Int>) {
        self.rows = rows
        self.range = range
    }
}

extension ArrowFault {
    fileprivate init(_ error: [CChar]) {
        description = String(decoding: error.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
