/// Files that people bring and that hold no rows in a format that is read here, and what to do with them.
enum ForeignFormat {
    /// What to do with a file of this name; nil where its name says nothing of the kind.
    static func advice(name: String) -> String? {
        let ending = name.lowercased().split(separator: ".").last.map(String.init) ?? ""
        return switch ending {
        case "xlsx", "xls", "xlsm", "ods": spreadsheet
        case "parquet", "pq": parquet
        case "arrow", "feather", "ipc": arrow
        case "pkl", "pickle", "npy", "npz":
            "this is Python's own format; write the rows with DataFrame.to_json(orient=\"records\", lines=True)"
        case "yaml", "yml", "xml", "toml": "\(ending.uppercased()) is not read; convert the rows to JSON Lines"
        case "sqlite", "sqlite3", "db": sqlite
        case "bz2", "xz", "zip", "7z", "tar", "tgz", "lz4", "br":
            "only .gz and .zst are decompressed; unpack the file first"
        default: nil
        }
    }

    /// What to do with a file that begins with these bytes.
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
            return "only gzip and Zstandard are decompressed; unpack the file first"
        }
        if bytes.starts(with: [0xFF, 0xFE, 0, 0]) || bytes == [0, 0, 0xFE, 0xFF] {
            return "the text is UTF-32; convert it to UTF-8"
        }
        return nil
    }

    /// What to do with a URI whose scheme says that the rows are elsewhere.
    static func advice(scheme: String) -> String? {
        switch scheme {
        case "http", "https": "download it, or read it from a pipe: curl -L URL | assay score - …"
        case "s3", "gs", "az", "abfs", "abfss":
            "read it from a pipe: aws s3 cp URI - | assay score - …, or what the store's own program is"
        case "lsfs":
            "lsfs:// is a Llama Stack server's own folder of files; here, give the file's path, and to a server the "
                + "file:// URI of a file in a folder that --allow-path names"
        default: nil
        }
    }

    private static let spreadsheet = "this is a spreadsheet; save the sheet as CSV (UTF-8), which is read here"
    private static let parquet =
        "Parquet is read by the Python package and by DuckDB; to convert it:"
        + " duckdb -c \"COPY 'FILE.parquet' TO 'FILE.jsonl'\""
    private static let arrow =
        "Arrow files are read by the Python package; or convert them to JSON Lines with pyarrow or DuckDB"
    private static let sqlite = "this is a database; export the rows as CSV or JSON Lines"
}

/// A source of which nothing can be read.
struct FailedSource: ByteSource {
    let error: DatasetError

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int { throw error }
}
