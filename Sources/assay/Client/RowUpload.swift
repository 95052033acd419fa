import Concurrency
import Datasets
import Encodings
import JSON
import NIOHTTP1
import ScoringCore
import Synchronization

/// Sends rows to a server as a new dataset, in requests of a few megabytes.
struct RowUpload: ~Copyable {
    private let server: ServerConnection
    private let id: String
    private let name: String
    private let limit: Int
    private var rows: [UInt8] = []
    private var count = 0
    private var isRegistered = false

    /// Bytes of rows in one request.
    private static let pieceSize = 4 << 20

    /// - Parameters:
    ///   - id: the identifier of the new dataset.
    ///   - name: the name of the source in messages.
    ///   - limit: the maximum number of rows to send.
    init(_ server: ServerConnection, id: String, name: String, limit: Int) {
        self.server = server
        self.id = id
        self.name = name
        self.limit = limit
    }

    mutating func run(_ source: any ByteSource) throws {
        var reader = ChunkReader(source)
        let chunk = Chunk()
        while count < limit, try reader.read(into: chunk) {
            try chunk.withLines { line in try add(line) }
        }
        try flush(isLast: true)
    }

    private mutating func add(_ line: UnsafeRawBufferPointer) throws {
        let isBlank = line.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
        if isBlank || count == limit { return }
        count += 1
        if let reason = RejectedLine.reason(of: line) { throw Failure("\(name): row \(count): \(reason)") }
        if !rows.isEmpty { rows += ",".utf8 }
        rows += line
        if rows.count >= Self.pieceSize { try flush() }
    }

    private mutating func flush(isLast: Bool = false) throws {
        if rows.isEmpty && (isRegistered || !isLast) { return }
        let id = JSONValue.string(id).text
        let head =
            isRegistered
            ? "{\"rows\": ["
            : "{\"dataset_id\": \(id), \"purpose\": \"eval/question-answer\", \"source\": {\"type\": \"rows\", "
                + "\"rows\": ["
        let body = Array(head.utf8) + rows + Array((isRegistered ? "]}" : "]}}").utf8)
        let path = isRegistered ? "/v1beta/datasetio/append-rows/\(percentEncoded(self.id))" : "/v1beta/datasets"
        do throws(ServerConnection.Fault) {
            try server.post(path, bytes: body)
        } catch {
            throw Failure("\(name): \(error) (in the rows up to row \(grouped(count)))")
        }
        isRegistered = true
        rows.removeAll(keepingCapacity: true)
    }
}

extension ServerConnection {
    /// Sends the rows of a file, or of standard input for `-`, as a new dataset.
    func upload(_ source: String, as id: String, limit: Int = .max) throws {
        do {
            let location = try DatasetLocation(source)
            var upload = RowUpload(self, id: id, name: location.description, limit: limit)
            try upload.run(location.open())
        } catch let error as DatasetError {
            throw Failure("\(error)")
        }
    }

    /// Writes the rows of a dataset to a file as JSON Lines.
    func writeRows(of datasetID: String, to path: String) throws {
        let file = try OutputFile(path, unlessSameAs: nil, or: [], Cancellation())
        var start = 0
        while true {
            let page = try get(
                "/v1beta/datasetio/iterrows/\(percentEncoded(datasetID))?start_index=\(start)&limit=1000")
            let rows = page["data"]?.array ?? []
            let lines = Array(rows.map { $0.text + "\n" }.joined().utf8)
            try lines.withUnsafeBytes { try file.write($0) }
            start += rows.count
            if page["has_more"] != true || rows.isEmpty { break }
        }
        try file.finish()
    }
}

/// A value that several threads can change.
final class Lock<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) {
        self.value = Mutex(value)
    }

    func update<Result: Sendable>(_ change: @Sendable (inout Value) -> Result) -> Result {
        value.withLock { change(&$0) }
    }
}
