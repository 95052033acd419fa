import Concurrency
import Datasets
import JSON
import Store

/// Adds rows to a draft of a dataset, and checks each: a dataset contains only JSON objects.
struct RowImport: ~Copyable {
    private let draft: DatasetDraft
    private let maxRows: Int
    private let maxSize: Int
    private let maxRowSize: Int
    private let cancellation: Cancellation
    /// The new names of columns, by their names.
    var names: [String: String] = [:]
    private var parser = JSONParser()
    private var lines: [UInt8] = []
    private var count = 0
    private var size = 0

    /// Bytes to write in one transaction.
    private static let blockSize = 4 << 20

    init(_ draft: DatasetDraft, _ configuration: ServerConfiguration, cancellation: Cancellation) {
        self.draft = draft
        maxRows = configuration.maxRows
        maxSize = configuration.maxDatasetSize
        maxRowSize = configuration.maxRowSize
        self.cancellation = cancellation
    }

    /// Reads a whole source.
    ///
    /// - Parameter name: the name of the source in messages.
    mutating func run(_ source: any ByteSource, named name: String) throws {
        var reader = ChunkReader(source, longestLine: maxRowSize)
        let chunk = Chunk()
        do {
            while try reader.read(into: chunk) {
                if cancellation.isCancelled { throw ResponseStream.Abandoned() }
                try chunk.withLines { line in try add(line, name) }
            }
        } catch let error as DatasetError {
            throw APIError.invalid(error.description, code: "invalid_dataset", at: "/source")
        }
        try flush()
    }

    private mutating func add(_ line: UnsafeRawBufferPointer, _ name: String) throws {
        // Blank lines count too: millions of them are small when compressed.
        size += line.count + 1
        if size > maxSize { throw APIError.tooLarge("\(name) has more than the \(maxSize) bytes that are allowed") }
        let isBlank = line.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
        if isBlank { return }
        let isObject: Bool
        var repairs = 0
        if let reason = RejectedLine.reason(of: line) { throw fault("row \(count + 1): \(reason)", name) }
        do throws(JSONError) {
            isObject = try parser.isObject(line, repairs: &repairs)
        } catch {
            throw fault("row \(count + 1) is \(error.message)", name)
        }
        if !isObject { throw fault("row \(count + 1) is not a JSON object", name) }
        count += 1
        if count > maxRows { throw APIError.tooLarge("\(name) has more than the \(maxRows) rows that are allowed") }
        if repairs > 0 || !names.isEmpty, let row = try? parser.parse(line, repairs: &repairs) {
            // Stored rows are JSON, with null instead of NaN and the like.
            lines += renamed(row).text.utf8
        } else {
            lines.append(contentsOf: line)
        }
        // A carriage return at the end of a line is white space after the last token.
        lines.append(UInt8(ascii: "\n"))
        if lines.count >= Self.blockSize { try flush() }
    }

    private func renamed(_ row: JSONValue) -> JSONValue {
        guard !names.isEmpty, let members = row.object?.members else { return row }
        return .object(JSONObject(members.map { (names[$0.key] ?? $0.key, $0.value) }))
    }

    private func fault(_ reason: String, _ name: String) -> APIError {
        .invalid("\(name): \(reason)", code: "invalid_dataset", at: "/source")
    }

    private mutating func flush() throws(StoreError) {
        if lines.isEmpty { return }
        try draft.append(RowBlock(lines: lines))
        lines.removeAll(keepingCapacity: true)
    }
}
