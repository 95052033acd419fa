import CScorerPlugin

/// The rows of a batch: one column for each input of the declaration, by its index there. Only valid during the call
/// that received it.
public struct Rows {
    private let batch: UnsafePointer<assay_batch>

    init(_ batch: UnsafePointer<assay_batch>) {
        self.batch = batch
    }

    public var count: Int { Int(batch.pointee.n_rows) }

    /// The cells of a text or json input.
    public func texts(_ input: Int) -> Texts {
        let column = column(input, .text, .json)
        return Texts(cells: cells(column, of: assay_str.self), validity: column.validity)
    }

    /// The cells of a number input.
    public func numbers(_ input: Int) -> Values<Double> {
        let column = column(input, .f64)
        return Values(cells: cells(column, of: Double.self), validity: column.validity)
    }

    /// The cells of an integer input.
    public func integers(_ input: Int) -> Values<Int64> {
        let column = column(input, .i64)
        return Values(cells: cells(column, of: Int64.self), validity: column.validity)
    }

    /// The cells of a boolean input.
    public func booleans(_ input: Int) -> Values<Bool> {
        let column = column(input, .bool)
        return Values(cells: cells(column, of: Bool.self), validity: column.validity)
    }

    /// The cells of an input of lists of texts.
    public func lists(_ input: Int) -> Lists {
        let column = column(input, .textList)
        guard let offsets = column.list_offsets else { preconditionFailure("a list input has no offsets") }
        return Lists(cells: cells(column, of: assay_str.self), offsets: offsets, validity: column.validity)
    }

    private func column(_ input: Int, _ types: CellType...) -> assay_column {
        precondition(input < Int(batch.pointee.n_columns), "there is no input \(input)")
        guard let column = batch.pointee.columns[input]?.pointee, types.contains(where: { $0.rawValue == column.type })
        else { preconditionFailure("input \(input) is declared with another type") }
        return column
    }

    private func cells<Cell>(_ column: assay_column, of type: Cell.Type) -> UnsafePointer<Cell> {
        guard let values = column.values else { preconditionFailure("an input has no cells") }
        return values.assumingMemoryBound(to: type)
    }

    /// One column of texts.
    public struct Texts {
        let cells: UnsafePointer<assay_str>
        let validity: UnsafePointer<UInt8>?

        /// The UTF-8 bytes of a row's text. Always valid UTF-8; empty for a row without a value.
        @inline(__always)
        public subscript(row: Int) -> UnsafeRawBufferPointer {
            hasValue(row)
                ? UnsafeRawBufferPointer(start: cells[row].ptr, count: Int(cells[row].len))
                : UnsafeRawBufferPointer(start: nil, count: 0)
        }

        /// Always true for a required input.
        @inline(__always)
        public func hasValue(_ row: Int) -> Bool { isValid(validity, row) }
    }

    /// One column of numbers, integers or booleans.
    public struct Values<Value: BitwiseCopyable> {
        let cells: UnsafePointer<Value>
        let validity: UnsafePointer<UInt8>?

        /// A row's value; nil if it has none. A required input always has a value.
        @inline(__always)
        public subscript(row: Int) -> Value? { isValid(validity, row) ? cells[row] : nil }
    }

    /// One column of lists of texts.
    public struct Lists {
        let cells: UnsafePointer<assay_str>
        let offsets: UnsafePointer<Int64>
        let validity: UnsafePointer<UInt8>?

        /// The UTF-8 bytes of a row's texts; nil if the row has no list.
        public subscript(row: Int) -> [UnsafeRawBufferPointer]? {
            guard isValid(validity, row) else { return nil }
            return (offsets[row]..<offsets[row + 1]).map { index in
                UnsafeRawBufferPointer(start: cells[Int(index)].ptr, count: Int(cells[Int(index)].len))
            }
        }
    }
}

/// Whether a cell has a value, by the Arrow validity bitmap of its column.
@inline(__always)
private func isValid(_ validity: UnsafePointer<UInt8>?, _ row: Int) -> Bool {
    validity.map { $0[row >> 3] >> (row & 7) & 1 != 0 } ?? true
}
