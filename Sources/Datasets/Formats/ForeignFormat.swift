/// Common files in unsupported formats, with advice on what to do with them.
enum ForeignFormat {
    /// Advice for a file with this name; nil if the name is not that of an unsupported format.
    static func advice(name: String) -> String? {
        let ending = name.lowercased().split(separator: ".").last.map(String.init) ?? ""
        return switch ending {
        case "xlsx", "xls", "xlsm", "ods": spreadsheet
        case "parquet", "pq": parquet
        case "arrow", "feather", "ipc": arrow
        case "pkl", "pickle", "npy", "npz":
            "this is a Python pickle; write the rows with DataFrame.to_json(orient=\"records\", lines=True)"
        case "yaml", "yml", "xml", "toml": "\(ending.uppercased()) is not supported; convert the rows to JSON Lines"
        case "sqlite", "sqlite3", "db": sqlite
        case "bz2", "xz", "zip", "7z", "tar", "tgz", "lz4", "br":
            "only .gz and .zst can be decompressed; unpack the file first"
        default: nil
        }
    }

    /// Advice for a file that starts with these bytes.
    static func advice(firstBytes bytes: [UInt8]) -> String? {
        func begins(_ text: String) -> Bool { bytes.starts(with: text.utf8) }
        if begins("PAR1") { return parquet }
        if begins("PK\u{3}\u{4}") {
            return "this is a ZIP archive or an Excel workbook: unpack it, or save the sheet as CSV (UTF-8)"
        }
        if bytes.starts(with: [0xD0, 0xCF, 0x11, 0xE0]) { return spreadsheet }
        if begins("ARRO") { return arrow }
        if begins("SQLi") { return sqlite }
        if begins("BZh") || bytes.starts(with: [0xFD, 0x37, 0x7A, 0x58]) {
            return "only gzip and Zstandard can be decompressed; unpack the file first"
        }
        if bytes.starts(with: [0xFF, 0xFE, 0, 0]) || bytes == [0, 0, 0xFE, 0xFF] {
            return "the text is UTF-32; convert it to UTF-8"
        }
        return nil
    }

    private static let spreadsheet = "this is a spreadsheet; save the sheet as CSV (UTF-8)"
    private static let parquet =
        "this is a Parquet file; the Python package reads it, and DuckDB converts it:"
        + " duckdb -c \"COPY 'FILE.parquet' TO 'FILE.jsonl'\""
    private static let arrow =
        "this is an Arrow file; the Python package reads it, and pyarrow or DuckDB can convert it to JSON Lines"
    private static let sqlite = "this is a database; export the rows as CSV or JSON Lines"
}

/// A source that always fails.
struct FailedSource: ByteSource {
    let error: DatasetError

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int { throw error }
}
