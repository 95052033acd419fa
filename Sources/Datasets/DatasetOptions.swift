/// Options about the format of a dataset; the rest is determined from its name and its first bytes.
public struct DatasetOptions: Sendable, Hashable {
    /// The format of the rows; nil means according to the ending of the name.
    public var format: DatasetLocation.Format?
    /// The encoding of the text; nil means UTF-8, or according to a byte order mark.
    public var encoding: TextEncoding?
    /// The ASCII character between the cells of a table; nil means a comma or, in `.tsv`, a tab, unless the first row shows a
    /// different one.
    public var delimiter: UInt8?
    /// The source of a table's column names.
    public var header = Header.firstRow
    /// The maximum size of a row, in bytes, up to 1 GiB. Several copies of a row are in memory while it is read and scored.
    public var rowSize = 256 << 20

    /// The source of a table's column names.
    public enum Header: Sendable, Hashable {
        case firstRow
        /// They are called `column_1`, `column_2`, …; the first row is data.
        case numbers
        /// They have these names; the first row is data.
        case names([String])
    }

    public init() {}

    /// Whether any option applies to tables only.
    public var concernsTables: Bool { delimiter != nil || header != .firstRow }
}

/// The columns to read from a dataset.
public struct ColumnSelection: Sendable, Hashable, ExpressibleByArrayLiteral {
    /// Those that are needed.
    public var asked: Set<String>
    /// Whether all other columns are included.
    public var includesOthers: Bool

    public init(_ asked: Set<String>, includesOthers: Bool = false) {
        self.asked = asked
        self.includesOthers = includesOthers
    }

    public init(arrayLiteral names: String...) {
        self.init(Set(names))
    }
}

/// The byte between the cells of a table.
enum Delimiter {
    static let comma = UInt8(ascii: ",")
    static let semicolon = UInt8(ascii: ";")
    static let tab: UInt8 = 0x09
    static let pipe = UInt8(ascii: "|")

    /// Its name in messages and options.
    static func name(_ byte: UInt8) -> String {
        switch byte {
        case comma: "comma"
        case semicolon: "semicolon"
        case tab: "tab"
        case pipe: "pipe"
        default: String(UnicodeScalar(byte))
        }
    }
}
