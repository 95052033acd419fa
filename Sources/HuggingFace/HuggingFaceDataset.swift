public import Concurrency
public import Datasets
import Encodings
import JSON
import NIOHTTP1
import Synchronization
import Web

/// A split of a dataset of the Hugging Face Hub, page by page from its datasets server
/// (https://huggingface.co/docs/dataset-viewer/rows) or from the cache.
///
/// However often it is read, all rows are of one revision, which the server names in the header `X-Revision`. What the
/// cache has of this revision is not downloaded again: reading a split that is there asks the server once, whether the
/// revision is still the newest.
public final class HuggingFaceDataset: Sendable {
    private struct State {
        var split: HubCache.Split?
        /// The revision of the rows, as far as the server says it.
        var revision: String?
        /// Whether a page has been read: from then on, the revision stays.
        var hasRead = false
        /// Whether keeping something has failed.
        var keepsNothing = false
    }

    let location: HuggingFaceLocation
    private let server: HuggingFaceServer
    private let client: WebClient
    private let cancellation: Cancellation
    private let notices: DatasetNotices?
    private let state: Mutex<State>

    private static let maxPageSize = 256 << 20
    private static let retries = WebClient.Retries(attempts: 6)
    /// Where the cache can take the place of the server.
    private static let fewRetries = WebClient.Retries(attempts: 2, longestPause: .seconds(5))

    /// - Parameters:
    ///   - cancellation: ends reading, also while it waits.
    ///   - notices: is told what the columns hold that may not be expected, and what the cache could not do.
    /// - Throws: if the server's address, a proxy or the certificates cannot be used.
    public init(
        _ location: HuggingFaceLocation, from server: HuggingFaceServer, cancellation: Cancellation,
        notices: DatasetNotices? = nil
    ) throws(DatasetError) {
        self.location = location
        self.server = server
        self.cancellation = cancellation
        self.notices = notices
        state = Mutex(State(revision: location.revision))
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

    /// The revision of the rows that were read; nil if none was read, or the server does not say it.
    public var revision: String? { state.withLock { $0.hasRead ? $0.revision : nil } }

    /// The split that is read, once it is known.
    var splitName: String? { state.withLock { $0.split?.name } }

    /// The rows from the first one, as JSON Lines.
    public func rows() -> any ByteSource { HuggingFaceRows(self) }

    // MARK: Pages

    /// A page of rows, counted from 0.
    func page(_ number: Int) throws(DatasetError) -> HubPage {
        if cancellation.isCancelled { throw stopped }
        let split = try findSplit()
        let (known, hasRead) = state.withLock { ($0.revision, $0.hasRead) }
        if let known, let page = keptPage(number, of: split, revision: known) {
            pin(known)
            return page
        }
        // Before anything was read, the newest revision in the cache can take the place of that of the server.
        var spare: (revision: String, page: HubPage)?
        if known == nil, !hasRead, let newest = server.cache?.newestRevision(of: split) {
            spare = keptPage(number, of: split, revision: newest).map { (newest, $0) }
        }
        do throws(HubFault) {
            return try download(number, of: split, known, retries: spare == nil ? Self.retries : Self.fewRetries)
        } catch {
            guard let spare, !error.isCancelled else { throw explained(error) }
            if error.isFinal { throw described(error, "; its copy in the cache can be read with HF_HUB_OFFLINE=1") }
            pin(spare.revision)
            notices?.set(
                "\(location): the rows were read from the cache, at revision \(spare.revision), because the datasets "
                    + "server at \(server.url) \(error.message)", on: "revision")
            return spare.page
        }
    }

    private func keptPage(_ number: Int, of split: HubCache.Split, revision: String) -> HubPage? {
        guard let body = server.cache?.page(number, of: split, revision: revision) else { return nil }
        return (try? JSONValue(parsing: body)).flatMap(HubPage.init)
    }

    private func pin(_ revision: String?) {
        state.withLock { ($0.revision, $0.hasRead) = (revision, true) }
    }

    private func download(
        _ number: Int, of split: HubCache.Split, _ known: String?, retries: WebClient.Retries
    ) throws(HubFault) -> HubPage {
        let response = try get(
            "rows",
            [
                ("dataset", split.dataset), ("config", split.config), ("split", split.name),
                ("offset", "\(number * HubPage.length)"), ("length", "\(HubPage.length)"),
            ], retries)
        guard let page = HubPage(response.json) else {
            throw HubFault("sent a response without \"rows\" or \"num_rows_total\"")
        }
        if let known, response.revision != known, response.revision != nil || location.revision != nil {
            throw HubFault(
                location.revision == nil
                    ? "has changed the dataset while it was read, from revision \(known) to "
                        + "\(response.revision ?? "another one"); run the command again"
                    : "has the revision \(response.revision ?? "main"), and the rows of \(known) are not in the cache",
                isFinal: true)
        }
        pin(known ?? response.revision)
        if let revision = response.revision, page.isWhole(number: number), page.features.fileColumns.isEmpty {
            keeping { cache throws(HubCache.Fault) in
                try cache.setNewestRevision(revision, of: split)
                try cache.keep(response.body, asPage: number, of: split, revision: revision)
            }
        }
        return page
    }

    /// Keeps something, as long as that works: a full disk does not end a run.
    private func keeping(_ body: (HubCache) throws(HubCache.Fault) -> Void) {
        guard let cache = server.cache, !state.withLock(\.keepsNothing) else { return }
        do throws(HubCache.Fault) {
            try body(cache)
        } catch {
            state.withLock { $0.keepsNothing = true }
            notices?.set("\(location): the rows are not kept in the cache: \(error.reason)", on: "cache")
        }
    }

    // MARK: The split

    /// The config and the split, looked up where the address does not name them and there is only one.
    private func findSplit() throws(DatasetError) -> HubCache.Split {
        if let split = state.withLock(\.split) { return split }
        var split = HubCache.Split(server: server.url, dataset: location.dataset, config: "", name: "")
        if let config = location.config, let name = location.split {
            (split.config, split.name) = (config, name)
        } else {
            (split.config, split.name) = try choose(from: try splits())
        }
        state.withLock { $0.split = split }
        return split
    }

    private func splits() throws(DatasetError) -> [JSONValue] {
        let kept = server.cache?.splits(of: location.dataset, server: server.url)
        do throws(HubFault) {
            let response = try get(
                "splits", [("dataset", location.dataset)], kept == nil ? Self.retries : Self.fewRetries)
            let splits = response.json["splits"]?.array ?? []
            // A server that names no revisions may be any server.
            if !splits.isEmpty, response.revision != nil {
                keeping { cache throws(HubCache.Fault) in
                    try cache.keep(splits: response.body, of: location.dataset, server: server.url)
                }
            }
            return splits
        } catch {
            guard !error.isFinal, !error.isCancelled, let kept,
                let splits = (try? JSONValue(parsing: kept))?["splits"]?.array
            else { throw explained(error) }
            return splits
        }
    }

    private func choose(from splits: [JSONValue]) throws(DatasetError) -> (config: String, split: String) {
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
        return place
    }

    // MARK: Requests

    /// Why the server did not send something: the end of a sentence that begins with it.
    private struct HubFault: Error {
        var message: String
        /// Whether this is the server's answer, rather than a failure to get one.
        var isFinal = false
        var isOffline = false
        var isCancelled = false

        init(_ message: String, isFinal: Bool = false) {
            self.message = message
            self.isFinal = isFinal
        }
    }

    private struct Response {
        var body: [UInt8]
        var json: JSONValue
        var revision: String?
    }

    private func get(
        _ name: String, _ parameters: [(String, String)], _ retries: WebClient.Retries
    ) throws(HubFault) -> Response {
        if server.isOffline {
            var fault = HubFault("is not asked (HF_HUB_OFFLINE or HF_DATASETS_OFFLINE is set)")
            fault.isOffline = true
            throw fault
        }
        let query = parameters.map { "\($0)=\(percentEncoded($1))" }.joined(separator: "&")
        let slash = server.url.hasSuffix("/") ? "" : "/"
        let url = "\(server.url)\(slash)\(name)?\(query)"
        var headers = [("Accept", "application/json")]
        if let token = server.token, !token.isEmpty { headers.append(("Authorization", "Bearer \(token)")) }
        let request = WebClient.Request(url, headers: headers, timeout: .seconds(60), limit: Self.maxPageSize)
        let response: WebClient.Response
        do throws(TransportFailure) {
            response = try waiting(cancellation) { [client] () async throws(TransportFailure) in
                try await client.send(request, retries)
            }
        } catch {
            var fault = HubFault("could not be read: \(error)")
            fault.isCancelled = cancellation.isCancelled
            throw fault
        }
        if cancellation.isCancelled {
            var fault = HubFault("was not waited for")
            fault.isCancelled = true
            throw fault
        }
        guard response.status == 200 else {
            throw HubFault(explanation(of: response), isFinal: !response.isTransient)
        }
        guard let json = try? JSONValue(parsing: response.body) else {
            throw HubFault("sent a response that is not JSON")
        }
        let revision = response.headers.first(name: "X-Revision").flatMap { HubCache.isRevision($0) ? $0 : nil }
        return Response(body: response.body, json: json, revision: revision)
    }

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

    private func explained(_ fault: HubFault) -> DatasetError {
        guard fault.isOffline else { return described(fault) }
        let rows = state.withLock(\.hasRead) ? "these rows of the dataset" : "the dataset"
        let place = server.cache.map { "the cache in \($0.folder) does not have \(rows)" } ?? "no cache is used"
        return described(fault, ", and \(place); unset HF_HUB_OFFLINE to download the rows")
    }

    private func described(_ fault: HubFault, _ addition: String = "") -> DatasetError {
        if fault.isCancelled { return stopped }
        return self.fault(fault.message + addition)
    }

    private var stopped: DatasetError { DatasetError(.stopped, "reading was stopped", path: "\(location)") }

    func fault(_ message: String) -> DatasetError {
        DatasetError(.unreadable, "the datasets server at \(server.url) \(message)", path: "\(location)")
    }

    /// Says what the columns hold that may not be expected.
    func note(_ features: RowFeatures) {
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
}
