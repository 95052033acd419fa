import ArgumentParser
import Concurrency
import Datasets
import HuggingFace
import Platform
import ScoringEngine

/// The format of the dataset, and the file that is joined to it.
struct DatasetArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The format of the rows, for standard input and for file names without a known ending.",
            valueName: "format"))
    var inputFormat: InputFormat?

    @Option(
        help: ArgumentHelp(
            "The character between the cells of a table: comma, semicolon, tab, pipe, or any other character (default: "
                + "detected in the first row).", valueName: "character"))
    var delimiter: DelimiterArgument?

    @Flag(help: "The table has no header row; its columns are called column_1, column_2, ….")
    var noHeader = false

    @Option(
        help: ArgumentHelp(
            "The names of the columns of a table without a header row, separated by commas.", valueName: "names"))
    var columns: String?

    @Option(
        help: ArgumentHelp(
            "The encoding of the text: utf-8, utf-16le, utf-16be, windows-1252 or latin-1 (default: from the byte "
                + "order mark, or utf-8).", valueName: "encoding"))
    var encoding: EncodingArgument?

    @Option(
        help: ArgumentHelp(
            "To each row, add the columns of the row of FILE with the same key, such as the expected answers. If both "
                + "have a column NAME, that of FILE is called joined.NAME.", valueName: "file"))
    var join: String?

    @Option(
        help: ArgumentHelp(
            "The column or path of the key of --join; LEFT=RIGHT if its name differs in FILE.",
            valueName: "column"))
    var on: String?

    @Option(
        name: .customLong("huggingface-url"),
        help: ArgumentHelp(
            "The datasets server for hf:// datasets; HF_TOKEN is sent to it (default: that of HF_ENDPOINT, or Hugging "
                + "Face's own).", valueName: "url"))
    var huggingFaceURL: String?

    func validate() throws {
        if (join == nil) != (on == nil) {
            throw ValidationError("--join FILE and --on COLUMN must be used together")
        }
        if let on, JoinKey(on) == nil { throw ValidationError("--on \(on): expected COLUMN or LEFT=RIGHT") }
        if let names = columnNames, names.contains("") || Set(names).count < names.count {
            throw ValidationError("--columns: expected distinct names that are not empty")
        }
        if let huggingFaceURL { try checkURL(huggingFaceURL, of: "--huggingface-url") }
    }

    private var columnNames: [String]? {
        columns.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    }

    private var options: DatasetOptions {
        var options = DatasetOptions()
        options.format = inputFormat?.format
        options.encoding = encoding?.encoding
        options.delimiter = delimiter?.byte
        options.header = columnNames.map { .names($0) } ?? (noHeader ? .numbers : .firstRow)
        return options
    }

    /// The dataset that an argument names, including the join.
    ///
    /// - Parameters:
    ///   - limits: limits of its rows.
    ///   - hubCache: where rows of the Hugging Face Hub are kept.
    func input(
        _ argument: String, _ limits: DataLimitOptions, _ hubCache: HubCache?
    ) throws(DatasetError) -> DatasetInput {
        var (options, joinOptions) = (options, DatasetOptions())
        if let size = limits.maxRowSize { (options.rowSize, joinOptions.rowSize) = (size, size) }
        var input = try input(argument, options, hubCache)
        if let join, let key = on.flatMap({ JoinKey($0) }) {
            if join == "-" && argument == "-" {
                throw DatasetError(.unknownFormat, "standard input cannot be both the dataset and --join", path: join)
            }
            let other = try self.input(join, joinOptions, hubCache)
            input.dataset = input.dataset.joined(with: other.dataset, on: key)
            input.joinedPath = other.path
            let stop = input.stop
            input.stop = {
                stop()
                other.stop()
            }
        }
        return input
    }

    private func input(
        _ argument: String, _ options: DatasetOptions, _ hubCache: HubCache?
    ) throws(DatasetError) -> DatasetInput {
        let reading = ReadControl()
        if HuggingFaceLocation.isMeant(by: argument) {
            let location = try HuggingFaceLocation(argument)
            var server = HuggingFaceServer(environment: { environmentVariable($0) })
            if let huggingFaceURL { server.url = huggingFaceURL }
            server.cache = hubCache
            let cancellation = Cancellation()
            let notices = DatasetNotices()
            let split = try HuggingFaceDataset(location, from: server, cancellation: cancellation, notices: notices)
            var dataset = Dataset(named: "\(location)", isRemote: true) { () throws(DatasetError) in
                RowSizeLimit(split.rows(), limit: options.rowSize)
            }
            dataset.notices = notices
            return DatasetInput(
                dataset: dataset, path: nil, byteSize: nil, reading: reading, revision: { split.revision },
                stop: { cancellation.cancel() })
        }
        let location = try DatasetLocation(argument, options: options)
        return DatasetInput(
            dataset: Dataset(location, control: reading), path: location.path, byteSize: location.byteSize,
            reading: reading, stop: { reading.stop() })
    }
}

/// A dataset from the command line.
struct DatasetInput {
    var dataset: Dataset
    /// Its path; nil if it is not a file.
    var path: String?
    /// The file that is joined to it.
    var joinedPath: String?
    /// The file's size.
    var byteSize: Int?
    /// Shows how much of the file has been read.
    var reading: ReadControl
    /// The commit of the rows that were read, for a dataset of the Hugging Face Hub.
    var revision: @Sendable () -> String? = { nil }
    /// Ends a blocked read.
    var stop: @Sendable () -> Void

    /// Prints the warnings that were collected while the rows were read.
    func printNotices(isQuiet: Bool) {
        if isQuiet { return }
        for warning in dataset.notices.warnings { printError("warning: \(oneLine(warning))") }
    }
}

enum InputFormat: String, ExpressibleByArgument, CaseIterable {
    case jsonl, json, csv, tsv

    var format: DatasetLocation.Format {
        switch self {
        case .jsonl: .jsonLines
        case .json: .jsonArray
        case .csv: .commaSeparated
        case .tsv: .tabSeparated
        }
    }
}

/// The character between the cells of a table.
struct DelimiterArgument: ExpressibleByArgument {
    var byte: UInt8

    init?(argument: String) {
        switch argument.lowercased() {
        case "comma": byte = UInt8(ascii: ",")
        case "semicolon": byte = UInt8(ascii: ";")
        case "tab", "\\t": byte = 0x09
        case "pipe": byte = UInt8(ascii: "|")
        case "space": byte = 0x20
        default:
            guard argument.utf8.count == 1, let only = argument.utf8.first,
                (0x20..<0x7F).contains(only) || only == 0x09,
                only != UInt8(ascii: "\"")
            else { return nil }
            byte = only
        }
    }
}

/// The encoding of a file's text.
struct EncodingArgument: ExpressibleByArgument {
    var encoding: TextEncoding

    init?(argument: String) {
        guard let encoding = TextEncoding(name: argument) else { return nil }
        self.encoding = encoding
    }
}
