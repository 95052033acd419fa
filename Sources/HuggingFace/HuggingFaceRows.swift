public import Concurrency
public import Datasets
import Encodings
import JSON
import Web

/// Where the datasets server of the Hugging Face Hub is, and how it is asked.
public struct HuggingFaceServer: Sendable {
    /// Its base, such as `https://datasets-server.huggingface.co`.
    public var url: String
    /// What it is sent as a bearer token.
    public var token: String?
    /// Variables of the environment: proxies, SSL_CERT_FILE.
    public var environment: @Sendable (String) -> String?

    public init(
        url: String = HuggingFaceServer.publicURL, token: String? = nil,
        environment: @escaping @Sendable (String) -> String? = { _ in nil }
    ) {
        self.url = url
        self.token = token
        self.environment = environment
    }

    public static let publicURL = "https://datasets-server.huggingface.co"

    /// The server of the environment: that of HF_ENDPOINT, as the package `datasets` finds it, and HF_TOKEN.
    public init(environment: @escaping @Sendable (String) -> String?) {
        let endpoint = environment("HF_ENDPOINT") ?? ""
        self.init(
            url: endpoint.isEmpty
                ? Self.publicURL : endpoint.replacing("://", with: "://datasets-server.", maxReplacements: 1),
            token: environment("HF_TOKEN"), environment: environment)
    }
}

/// The rows of a dataset of the Hugging Face Hub, page by page from its datasets server
/// (https://huggingface.co/docs/dataset-viewer/rows), as JSON Lines.
public final class HuggingFaceRows: ByteSource {
    private let server: HuggingFaceServer
    private let location: HuggingFaceLocation
    private let client: WebClient
    private let cancellation: Cancellation
    private let notices: DatasetNotices?
    private var place: (config: String, split: String)?
    /// The rows that are left to read; nil before it is known how many there are.
    private var rest: Range<Int>?
    private var page: [UInt8] = []
    private var position = 0

    /// Rows that the server gives at once, at most.
    private static let pageLength = 100
    private static let maxPageSize = 256 << 20
    private static let retries = WebClient.Retries(attempts: 6)

    /// - Parameters:
    ///   - cancellation: ends reading, also while it waits.
    ///   - notices: is told what the columns hold that may not be expected.
    public init(
        _ location: HuggingFaceLocation, from server: HuggingFaceServer, cancellation: Cancellation,
        notices: DatasetNotices? = nil
    ) throws(DatasetError) {
        self.location = location
        self.server = server
        self.cancellation = cancellation
        self.notices = notices
        let url: WebURL
        do throws(WebURL.Fault) {
            url = try WebURL(parsing: server.url)
        } catch {
            throw DatasetError(.unreadable, "the address of the datasets server \(error.reason)")
        }
        do throws(WebClient.Fault) {
            client = try WebClient(for: url, WebClient.Options(environment: server.environment))
        } catch {
            throw DatasetError(.unreadable, "the datasets server cannot be reached: \(error.reason)")
        }
    }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        if position == page.count { try readPage() }
        let count = min(buffer.count, page.count - position)
        buffer.copyBytes(from: page[position..<position + count])
        position += count
        return count
    }

    private func readPage() throws(DatasetError) {
        page.removeAll(keepingCapacity: true)
        position = 0
        if let rest, rest.isEmpty { return }
        let place = try findPlace()
        // How many rows there are is said with the first ones; a slice may begin elsewhere.
        if rest == nil {
            let answer = try rows(place, from: location.slice.knownStart, Self.pageLength)
            let wanted = location.slice.range(of: answer.total)
            rest = wanted
            note(answer.features)
            if answer.isPartial, location.slice.knownEnd.map({ $0 > answer.total }) ?? true {
                throw fault(
                    "only has the first \(answer.total) rows of this large dataset; to read some of them, use"
                        + " split=\(place.split)[:\(answer.total)]")
            }
            if answer.start == wanted.lowerBound { return try add(answer) }
        }
        guard let rest, !rest.isEmpty else { return }
        try add(rows(place, from: rest.lowerBound, rest.count))
    }

    private struct Answer {
        var start: Int
        var rows: [JSONValue]
        var total: Int
        var isPartial: Bool
        var features: RowFeatures
    }

    private func rows(
        _ place: (config: String, split: String), from start: Int, _ count: Int
    ) throws(DatasetError) -> Answer {
        let answer = try get(
            "rows",
            [
                ("dataset", location.dataset), ("config", place.config), ("split", place.split), ("offset", "\(start)"),
                ("length", "\(min(max(1, count), Self.pageLength))"),
            ])
        guard let rows = answer["rows"]?.array, let count = answer["num_rows_total"].flatMap({ Int($0.text) }) else {
            throw fault("sent a response without \"rows\" or \"num_rows_total\"")
        }
        return Answer(
            start: start, rows: rows, total: count, isPartial: answer["partial"] == true,
            features: RowFeatures(answer["features"]))
    }

    private func add(_ answer: Answer) throws(DatasetError) {
        guard var rest else { return }
        if answer.rows.isEmpty && !rest.isEmpty { throw fault("ended at row \(rest.lowerBound) of \(answer.total)") }
        for row in answer.rows.prefix(rest.count) {
            if let cells = row["truncated_cells"]?.array, let cell = cells.first {
                page += RejectedLine.bytes(
                    "the datasets server has shortened its \(cell.text), which is too long for it")
                page.append(UInt8(ascii: "\n"))
                rest = rest.dropFirst()
                continue
            }
            guard var object = row["row"]?.object else { throw fault("sent a row that is not an object") }
            if location.namesLabels { object = answer.features.namingLabels(in: object) }
            page += JSONValue.object(object).text.utf8
            page.append(UInt8(ascii: "\n"))
            rest = rest.dropFirst()
        }
        self.rest = rest
    }

    private func note(_ features: RowFeatures) {
        let labels = features.labelColumns.map { quoted($0) }.joined(separator: ", ")
        if !labels.isEmpty && !location.namesLabels {
            notices?.set(
                "\(location): class labels are numbers in \(labels); add labels=text to the address for their names",
                on: "labels")
        }
        let files = features.fileColumns.map { quoted($0) }.joined(separator: ", ")
        if !files.isEmpty {
            notices?.set(
                "\(location): \(files) contains addresses of files, which expire within hours", on: "expiring addresses"
            )
        }
    }

    /// The config and the split, looked up where the address does not name them and there is only one.
    private func findPlace() throws(DatasetError) -> (config: String, split: String) {
        if let place { return place }
        if let config = location.config, let split = location.split {
            place = (config, split)
            return (config, split)
        }
        let splits = try get("splits", [("dataset", location.dataset)])["splits"]?.array ?? []
        let found = splits.compactMap { entry -> (config: String, split: String)? in
            guard let config = entry["config"]?.string, let split = entry["split"]?.string else { return nil }
            return (config, split)
        }
        var fitting = found.filter { entry in
            (location.config ?? entry.config) == entry.config && (location.split ?? entry.split) == entry.split
        }
        if fitting.count > 1, location.config == nil, fitting.contains(where: { $0.config == "default" }) {
            fitting.removeAll { $0.config != "default" }
        }
        guard fitting.count == 1, let place = fitting.first else {
            let known = found.map { "name=\($0.config)&split=\($0.split)" }.joined(separator: ", ")
            throw fault(
                "has \(fitting.isEmpty ? "no split" : "several splits") for this address; choose one in the address:"
                    + " \(known.isEmpty ? "none was found" : known)")
        }
        self.place = place
        return place
    }

    // MARK: Requests

    private func get(_ name: String, _ parameters: [(String, String)]) throws(DatasetError) -> JSONValue {
        let query = parameters.map { "\($0)=\(percentEncoded($1))" }.joined(separator: "&")
        let slash = server.url.hasSuffix("/") ? "" : "/"
        let url = "\(server.url)\(slash)\(name)?\(query)"
        var headers = [("Accept", "application/json")]
        if let token = server.token, !token.isEmpty { headers.append(("Authorization", "Bearer \(token)")) }
        let request = WebClient.Request(url, headers: headers, timeout: .seconds(60), limit: Self.maxPageSize)
        let response: WebClient.Response
        do throws(TransportFailure) {
            response = try waiting(cancellation) { [client] () async throws(TransportFailure) in
                try await client.send(request, Self.retries)
            }
        } catch {
            if cancellation.isCancelled { throw stopped }
            throw fault("could not be read: \(error)")
        }
        if cancellation.isCancelled { throw stopped }
        guard response.status == 200 else { throw fault(explanation(of: response)) }
        guard let answer = try? JSONValue(parsing: response.body) else {
            throw fault("sent a response that is not JSON")
        }
        return answer
    }

    private var stopped: DatasetError { DatasetError(.stopped, "reading was stopped", path: "\(location)") }

    private func explanation(of response: WebClient.Response) -> String {
        var text = "returned status \(response.status)"
        if let error = (try? JSONValue(parsing: response.body))?["error"]?.string { text += ": \(error.prefix(300))" }
        switch response.status {
        case 401, 403, 404:
            text +=
                server.token == nil
                ? "; for a private or gated dataset, set HF_TOKEN to the token of an account that may read it"
                : "; the account of the token in HF_TOKEN may need to request access"
        case 429 where server.token == nil: text += "; with a token in HF_TOKEN, more requests are allowed"
        default: break
        }
        return text
    }

    private func fault(_ message: String) -> DatasetError {
        DatasetError(.unreadable, "the datasets server at \(server.url) \(message)", path: "\(location)")
    }
}
