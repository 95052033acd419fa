import Datasets
import Encodings
import Glibc
import JSON
import NIOCore
import ScorerHost
import Synchronization

/// The rows of a dataset of the Hugging Face Hub, page by page from its datasets server
/// (https://huggingface.co/docs/dataset-viewer/rows), as JSON Lines.
final class HuggingFaceRows: ByteSource {
    private let server: WebAddress
    private let token: String?
    private let cancellation: Cancellation
    private let dataset: String
    private var config: String?
    private var split: String?
    private var offset = 0
    private var total: Int?
    private var page: [UInt8] = []
    private var position = 0

    /// Rows that the server gives at once, at most.
    private static let pageLength = 100
    private static let maxPageSize = 256 << 20
    private static let attempts = 6

    /// - Parameter uri: `huggingface://datasets/OWNER/NAME?split=…&config=…`; "datasets/" may be missing.
    init(_ uri: String, _ configuration: ServerConfiguration, cancellation: Cancellation) throws(APIError) {
        func fault(_ message: String) -> APIError {
            .invalid("/source/uri: " + message, code: "invalid_uri", at: "/source/uri")
        }
        let rest = uri.dropFirst("huggingface://".count)
        let path = rest.prefix { $0 != "?" }
        var names = path.split(separator: "/").map(String.init)
        if names.first == "datasets" && names.count > 1 { names.removeFirst() }
        let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.".unicodeScalars)
        guard (1...2).contains(names.count), names.allSatisfy({ $0.unicodeScalars.allSatisfy(allowed.contains) }) else {
            throw fault("\(quoted(uri)) is not like huggingface://datasets/OWNER/NAME?split=SPLIT")
        }
        guard let server = WebAddress(configuration.huggingFaceURL) else {
            throw fault("the server's address of the datasets server, \(configuration.huggingFaceURL), is none")
        }
        let parameters = queryParameters(rest.dropFirst(path.count + 1))
        for name in parameters.keys where name != "split" && name != "config" && name != "name" {
            throw fault("the parameter \(quoted(name)) is unknown; split and config are known")
        }
        dataset = names.joined(separator: "/")
        split = parameters["split"]
        config = parameters["config"] ?? parameters["name"]
        self.server = server
        token = configuration.huggingFaceToken
        self.cancellation = cancellation
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        if position == page.count { try readPage() }
        let count = min(buffer.count, page.count - position)
        buffer.copyBytes(from: page[position..<position + count])
        position += count
        return count
    }

    private func readPage() throws(DatasetError) {
        page.removeAll(keepingCapacity: true)
        position = 0
        if let total, offset >= total { return }
        let (config, split) = try place()
        let answer = try get(
            "rows",
            [
                ("dataset", dataset), ("config", config), ("split", split), ("offset", "\(offset)"),
                ("length", "\(Self.pageLength)"),
            ])
        guard let rows = answer["rows"]?.array, let count = answer["num_rows_total"].flatMap({ Int($0.text) }) else {
            throw fault("answered without \"rows\" or \"num_rows_total\"")
        }
        if answer["partial"] == true { throw fault("has only a part of the dataset") }
        total = count
        if rows.isEmpty && offset < count { throw fault("ended at row \(offset) of \(count)") }
        for row in rows {
            if let cells = row["truncated_cells"]?.array, let cell = cells.first {
                throw fault("cut \(cell.text) of row \(offset) short, as it is too long")
            }
            guard let object = row["row"], object.object != nil else { throw fault("sent a row that is no object") }
            page += object.text.utf8
            page.append(UInt8(ascii: "\n"))
            offset += 1
        }
    }

    /// The config and the split, looked up where the URI does not name them and there is only one.
    private func place() throws(DatasetError) -> (config: String, split: String) {
        if let config, let split { return (config, split) }
        let splits = try get("splits", [("dataset", dataset)])["splits"]?.array ?? []
        let found = splits.compactMap { entry -> (config: String, split: String)? in
            guard let config = entry["config"]?.string, let split = entry["split"]?.string else { return nil }
            return (config, split)
        }
        var fitting = found.filter { (config ?? $0.config) == $0.config && (split ?? $0.split) == $0.split }
        if fitting.count > 1, config == nil, fitting.contains(where: { $0.config == "default" }) {
            fitting.removeAll { $0.config != "default" }
        }
        guard fitting.count == 1, let place = fitting.first else {
            let known = found.map { "config=\($0.config)&split=\($0.split)" }.joined(separator: ", ")
            throw fault(
                "has several or none of what the URI asks for; say which in the URI: \(known.isEmpty ? "none" : known)")
        }
        (config, split) = (place.config, place.split)
        return place
    }

    private func get(_ name: String, _ parameters: [(String, String)]) throws(DatasetError) -> JSONValue {
        let query = parameters.map { "\($0)=\(percentEncoded($1))" }.joined(separator: "&")
        let slash = server.target.hasSuffix("/") ? "" : "/"
        guard let address = server.redirected(to: "\(server.target)\(slash)\(name)?\(query)"),
            let machine = address.resolve().first
        else { throw fault("is not known") }
        var reason = ""
        for attempt in 0..<Self.attempts {
            if cancellation.isCancelled { throw DatasetError(.stopped, "the client is gone") }
            let body = Mutex<[UInt8]>([])
            let head: FetchedHead
            do {
                head = try fetch(
                    address, from: machine, headers: token.map { [("Authorization", "Bearer \($0)")] } ?? [],
                    timeout: .seconds(60), cancellation: cancellation
                ) { piece in
                    try body.withLock { body in
                        body += piece.readableBytesView
                        if body.count > Self.maxPageSize { throw DatasetError(.tooLarge, "a page is too large") }
                    }
                }
            } catch {
                reason = "could not be read: \(error)"
                pause(attempt, nil)
                continue
            }
            if head.status == 200 {
                guard let answer = try? JSONValue(parsing: body.withLock { $0 }) else {
                    throw fault("answered no JSON")
                }
                return answer
            }
            reason = "answered with status \(head.status)"
            guard [408, 429, 500, 502, 503, 504].contains(head.status) else { break }
            pause(attempt, head.retryAfter.flatMap { Int($0) })
        }
        throw fault(reason)
    }

    /// Waits before another attempt.
    private func pause(_ attempt: Int, _ seconds: Int?) {
        let milliseconds = seconds.map { min($0, 60) * 1000 } ?? 250 << attempt
        for _ in 0..<milliseconds / 50 where !cancellation.isCancelled { usleep(50_000) }
    }

    private func fault(_ message: String) -> DatasetError {
        DatasetError(
            .unreadable, "the datasets server at \(server.text) \(message)", path: "huggingface://datasets/\(dataset)")
    }
}
