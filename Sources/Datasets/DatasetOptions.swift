/// What a dataset's owner says about how it is written; the rest is made out from its name and its first bytes.
public struct DatasetOptions: Sendable, Hashable {
    /// How rows are written; nil: as the end of the name says.
    public var format: DatasetLocation.Format?
    /// How text is encoded; nil: in UTF-8, or as a byte order mark says.
    public var encoding: TextEncoding?
    /// The ASCII character between the cells of a table; nil: a comma or, in `.tsv`, a tab, unless the first row shows
    /// that it is another one.
    public var delimiter: UInt8?
    /// Where a table's columns get their names from.
    public var header = Header.firstRow

    /// Where a table's columns get their names from.
    public enum Header: Sendable, Hashable {
        case firstRow
        /// They are called `column_1`, `column_2`, …; the first row is data.
        case numbers
        /// They have these names; the first row is data.
        case names([String])
    }

    public init() {}

    /// Whether anything is said about tables in particular.
    public var concernsTables: Bool { delimiter != nil || header != .firstRow }
}

/// Columns that someone wants of a dataset.
public struct ColumnSelection: Sendable, Hashable, ExpressibleByArrayLiteral {
    /// Those that are needed.
    public var asked: Set<String>
    /// Whether all others are wanted, too.
    public var includesOthers: Bool

    public init(_ asked: Set<String>, includesOthers: Bool = false) {
        self.asked = asked
        self.includesOthers = includesOthers
    }

    public init(arrayLiteral names: String...) {
        self.init(Set(names))
    }
}

/// A byte that stands between the cells of a table.
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
