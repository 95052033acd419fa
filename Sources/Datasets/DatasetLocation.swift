import Encodings
import Glibc
import Platform

/// The location of a dataset, and its format.
public struct DatasetLocation: Hashable, Sendable, CustomStringConvertible {
    /// The format of the rows.
    public enum Format: Hashable, Sendable {
        /// One JSON object per line; `.jsonl` or `.ndjson`.
        case jsonLines
        /// One JSON array of objects; `.json`. Objects one after the other, and an object whose member "data" or "rows"
        /// is the array, are read as well.
        case jsonArray
        /// A table with a header row; `.csv`.
        case commaSeparated
        /// The same with tabs; `.tsv`.
        case tabSeparated
    }

    enum Compression {
        case none, gzip, zstd
    }

    /// The file's path, or nil for standard input.
    public let path: String?
    /// The format of the rows.
    public let format: Format
    /// The compression according to the name; the first bytes take precedence.
    private let compression: Compression
    /// The options that describe the file.
    private let options: DatasetOptions

    /// Reads a location in the form of the command line; the file need not exist.
    ///
    /// - Parameters:
    ///   - argument: a path, a `file://` URI, or `-` for standard input, which contains JSON Lines. The ending of the name
    ///     determines the format, followed by `.gz` or `.zst` if the file is compressed. A FIFO or device with any other name
    ///     contains JSON Lines.
    ///   - options: further options; their format takes precedence over the name.
    /// - Throws: also if the options apply to tables but the format is not a table.
    public init(_ argument: String, options: DatasetOptions = DatasetOptions()) throws(DatasetError) {
        self.options = options
        if argument == "-" {
            path = nil
            format = options.format ?? .jsonLines
            compression = .none
            try checkOptions()
            return
        }
        let path = try Self.path(of: argument)
        self.path = path
        let (format, compression) = Self.nameSays(path)
        self.compression = compression
        self.format = if let format = options.format ?? format { format } else { try Self.formatOfUnknownName(path) }
        try checkOptions()
    }

    private func checkOptions() throws(DatasetError) {
        guard options.concernsTables, !isTable else { return }
        throw DatasetError(
            .unknownFormat,
            "--delimiter, --no-header and --columns apply to tables, but this is read as JSON; if it is a table, add"
                + " --input-format csv", path: description)
    }

    /// Whether the format is only assumed, as for standard input.
    public var isFormatAssumed: Bool { options.format == nil && (path.map { Self.nameSays($0).format == nil } ?? true) }

    /// Whether the rows come from a table, whose cells are all text.
    public var isTable: Bool { format == .commaSeparated || format == .tabSeparated }

    /// Its name in messages.
    public var description: String { path ?? "standard input" }

    /// Whether it can be read more than once: true for regular files.
    public var isReopenable: Bool {
        path != nil && status.map(Self.isRegular) ?? false
    }

    /// The size of the file in bytes, compressed if it is; nil if it has none.
    public var byteSize: Int? {
        status.flatMap { Self.isRegular($0) ? Int($0.st_size) : nil }
    }

    /// Opens it for reading as JSON Lines.
    ///
    /// A row that cannot be read, as it is too long or a table's record is damaged, is a ``RejectedLine``.
    /// - Parameters:
    ///   - columns: the needed columns, nil for all. Only tables use this; other formats may deliver more.
    ///   - control: counts the bytes that have been read of the `byteSize`.
    ///   - notices: receives a notice if the file is read in another way than its name says.
    public func open(
        columns: ColumnSelection? = nil, control: ReadControl? = nil, notices: DatasetNotices? = nil
    ) throws(DatasetError) -> any ByteSource {
        let file =
            if let path {
                try DescriptorSource(path: path, control: control)
            } else {
                DescriptorSource.standardInput(control: control)
            }
        return format.decode(
            file, options, compression: compression, columns: columns, path: description, notices: notices)
    }

    private static func path(of argument: String) throws(DatasetError) -> String {
        var path = argument
        if let colon = argument.firstRange(of: "://") {
            let scheme = argument[..<colon.lowerBound].lowercased()
            guard scheme == "file" else {
                let advice = ForeignFormat.advice(scheme: scheme).map { "; \($0)" } ?? ""
                throw DatasetError(
                    .unknownFormat, "only file:// and hf:// URIs, paths and - can be read\(advice)", path: argument)
            }
            let rest = argument[colon.upperBound...]
            let host = rest.prefix { $0 != "/" }
            guard host.isEmpty || host == "localhost",
                let decoded = percentDecoded(rest.dropFirst(host.count)).flatMap({
                    String(validating: $0, as: UTF8.self)
                })
            else {
                throw DatasetError(
                    .unknownFormat, "not a file URI on this machine, such as file:///data/rows.jsonl", path: argument)
            }
            path = decoded
        }
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw DatasetError(.unknownFormat, "the dataset's path is empty or contains a zero byte", path: argument)
        }
        return path
    }

    static func nameSays(_ path: String) -> (format: Format?, compression: Compression) {
        var name = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
        var compression = Compression.none
        if name.hasSuffix(".gz") {
            compression = .gzip
            name.removeLast(3)
        } else if name.hasSuffix(".zst") {
            compression = .zstd
            name.removeLast(4)
        }
        let format: Format? =
            if name.hasSuffix(".jsonl") || name.hasSuffix(".ndjson") {
                .jsonLines
            } else if name.hasSuffix(".json") {
                .jsonArray
            } else if name.hasSuffix(".csv") {
                .commaSeparated
            } else if name.hasSuffix(".tsv") {
                .tabSeparated
            } else {
                nil
            }
        return (format, compression)
    }

    private static func formatOfUnknownName(_ path: String) throws(DatasetError) -> Format {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw DatasetError(.unreadable, "cannot be opened: \(systemMessage(errno))", path: path)
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG:
            throw DatasetError(
                .unknownFormat,
                ForeignFormat.advice(name: path)
                    ?? "the ending does not name a known format; expected .jsonl, .ndjson, .json, .csv or .tsv,"
                    + " optionally with .gz or .zst; or name the format with --input-format", path: path)
        case S_IFDIR:
            throw DatasetError(.unreadable, "is a folder; name a file in it", path: path)
        default:
            return .jsonLines
        }
    }

    private var status: stat? {
        var status = stat()
        let result = if let path { stat(path, &status) } else { fstat(STDIN_FILENO, &status) }
        return result == 0 ? status : nil
    }

    private static func isRegular(_ status: stat) -> Bool {
        status.st_mode & S_IFMT == S_IFREG
    }
}
