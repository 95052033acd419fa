import JSON
import NIOCore
import NIOHTTP1
import Platform
import Store
import Synchronization
import Web

/// Why a request about a batch failed.
struct BatchServerFault: Error {
    var error: InferenceError
    /// Whether the same request may succeed later.
    var isTemporary: Bool
    /// Whether the server may have done what it was asked for, although it did not say so.
    var mayBeDone = false
    var status: Int?
    /// When the server wants to be asked again.
    var retryAt: ContinuousClock.Instant?
}

/// The batch API of a model's server.
final class BatchServer: Sendable {
    let model: Model
    let form: BatchSettings.Form
    private let client: WebClient
    private let userAgent: String
    private let environment: @Sendable (String) -> String?
    /// How long a request about a batch may take.
    private let timeout: Duration

    /// How long requests about a batch, uploads, and downloads of results may take.
    private static let timeouts = (
        short: Duration.seconds(60), upload: Duration.seconds(1800), results: Duration.seconds(3600)
    )
    /// Bytes of a response that is no results.
    private static let limit = 16 << 20
    /// Bytes of results, decompressed.
    private static let resultsLimit = 16 << 30

    /// - Parameters:
    ///   - form: that of the batches; nil: the one that is configured.
    ///   - limits: replace those of the model.
    init(
        _ model: Model, _ form: BatchSettings.Form? = nil, limits: LimitOverrides = LimitOverrides(), userAgent: String,
        environment: @escaping @Sendable (String) -> String?
    ) throws(InferenceError) {
        self.model = model
        self.form = form ?? model.batchForm
        timeout = min(Self.timeouts.short, limits.applied(to: model.limits).timeout)
        self.userAgent = userAgent
        self.environment = environment
        client = try Self.client(for: model.address.url, of: model, environment)
    }

    private static func client(
        for url: WebURL, of model: Model, _ environment: @escaping @Sendable (String) -> String?,
        address: IPAddress? = nil
    ) throws(InferenceError) -> WebClient {
        var options = WebClient.Options(environment: environment)
        options.address = address
        options.silence = .seconds(120)
        options.decompressionLimit = resultsLimit
        do throws(WebClient.Fault) {
            return try WebClient(for: url, options)
        } catch {
            throw InferenceError(.invalidModel, "\(model): \(error.reason)")
        }
    }

    func shutDown() async { await client.shutDown() }

    // MARK: Steps

    /// Uploads a file of requests.
    ///
    /// - Returns: its id at the server.
    func upload(_ draft: BatchDraft) async throws(BatchServerFault) -> String {
        let name = Self.fileName(draft.stored)
        if form == .together { return try await uploadByRedirection(draft, name) }
        let boundary = "assay-" + draft.stored.token
        let body = BatchUpload.form(draft.file, name: name, purpose: "batch", boundary: boundary)
        let type = ("Content-Type", "multipart/form-data; boundary=\(boundary)")
        var json = try await send(.POST, "files", headers: [type], body: body)
        let id = try id(in: json)
        // Azure looks at a file before it can be used.
        for attempt in 0..<600 where ["pending", "running"].contains(json["status"]?.string?.lowercased() ?? "") {
            let pause = min(model.batch.pollInterval, .seconds(1 + attempt / 10))
            do {
                try await Task.sleep(for: pause)
            } catch {
                throw BatchServerFault(error: .cancelled, isTemporary: false)
            }
            json = try await send(.GET, "files/\(try part(id))")
        }
        return id
    }

    static func fileName(_ batch: StoredBatch) -> String { "assay-\(batch.token).jsonl" }

    /// Together's way: the server says where to put the file.
    private func uploadByRedirection(
        _ draft: BatchDraft, _ name: String
    ) async throws(BatchServerFault) -> String {
        let fields = "purpose=batch-api&file_name=\(name)&file_type=jsonl"
        let first = request(
            .POST, "files", headers: [("Content-Type", "application/x-www-form-urlencoded")], body: Array(fields.utf8))
        let response = try await perform { () throws(TransportFailure) in try await client.send(first) }
        guard let place = response.headers.first(name: "Location"),
            let id = response.headers.first(name: "X-Together-File-Id"),
            let url = try? WebURL(parsing: place)
        else { throw unexpected("it does not say where the file is to be uploaded", response) }
        let store = try await client(forRedirectionTo: url)
        var put = WebClient.Request(place, method: .PUT, headers: [], timeout: Self.timeouts.upload, limit: Self.limit)
        put.headers = [("User-Agent", userAgent)]
        let body = BatchUpload(head: [], file: draft.file, tail: [])
        let stored: WebClient.Response
        do throws(BatchServerFault) {
            stored = try await perform { () throws(TransportFailure) in
                try await store.send(put, body: body, length: body.length)
            }
        } catch {
            await store.shutDown()
            throw error
        }
        await store.shutDown()
        guard stored.isSuccess else { throw unexpected("the file could not be uploaded", stored) }
        _ = try await send(.POST, "files/\(try part(id))/preprocess")
        return id
    }

    /// Creates a batch of an uploaded file, or of the requests themselves.
    ///
    /// - Parameter draft: the requests, for Anthropic's form.
    func create(_ batch: StoredBatch, _ draft: BatchDraft?, window: String) async throws(BatchServerFault)
        -> BatchStatus
    {
        let json: JSONValue
        if form == .anthropic, let draft {
            json = try await send(.POST, "messages/batches", body: BatchUpload.array(draft.file))
        } else {
            let body: JSONValue = [
                "input_file_id": .string(batch.inputFile ?? ""), "endpoint": .string(batch.path),
                "completion_window": .string(window), "metadata": ["assay": .string(batch.token)],
            ]
            json = try await send(.POST, "batches", json: body)
        }
        return try status(json)
    }

    func status(of id: String) async throws(BatchServerFault) -> BatchStatus {
        try status(try await send(.GET, "\(batches)/\(try part(id))"))
    }

    func cancel(_ id: String) async throws(BatchServerFault) {
        _ = try await send(.POST, "\(batches)/\(try part(id))/cancel", Self.fewRetries)
    }

    /// Finds a batch that was created without its id becoming known.
    ///
    /// By its file or the token in its metadata; Anthropic's have neither, and are known by their number of requests and the time
    /// of their creation: the first one since the attempt, with some room for clocks that differ.
    ///
    /// - Parameter known: the ids of other batches.
    /// - Returns: nil if the server does not have it.
    func find(_ batch: StoredBatch, except known: Set<String>) async throws(BatchServerFault) -> BatchStatus? {
        var after: String?
        var candidates: [BatchStatus] = []
        let start = (batch.checkedAt ?? batch.createdAt) - 300
        for _ in 0..<20 {
            let query = "limit=100" + (after.map { "&\(form == .anthropic ? "after_id" : "after")=\($0)" } ?? "")
            let json = try await send(.GET, batches, query: query)
            let list = (json["data"]?.array ?? json.array ?? []).compactMap { BatchStatus($0) }
            for status in list where !known.contains(status.id) {
                if status.token == batch.token { return status }
                if let file = batch.inputFile, status.inputFile == file { return status }
                if form == .anthropic, status.total == batch.requests, let time = status.createdAt, time >= start {
                    candidates.append(status)
                }
            }
            // The newest come first.
            if form == .anthropic, let time = list.last?.createdAt, time < start { break }
            guard json["has_more"]?.bool == true, let last = list.last?.id, last != after, (try? part(last)) != nil
            else { break }
            after = last
        }
        return candidates.min { ($0.createdAt ?? 0) < ($1.createdAt ?? 0) }
    }

    /// Deletes a file. What still fails after some attempts is ignored, because no reply depends on it.
    func deleteFile(_ id: String) async {
        guard let id = try? part(id) else { return }
        _ = try? await send(.DELETE, "files/\(id)", Self.fewRetries)
    }

    /// Deletes the file of a batch whose id did not become known.
    func deleteFile(named name: String) async {
        guard form != .anthropic, let json = try? await send(.GET, "files", query: "limit=100") else { return }
        for file in json["data"]?.array ?? [] where file["filename"]?.string == name {
            if let id = file["id"]?.string { await deleteFile(id) }
        }
    }

    /// Reads results.
    ///
    /// - Parameters:
    ///   - file: the id of their file; nil: Anthropic's, of a batch.
    ///   - take: gets each line, and whether it is too long and was cut off. What it throws is thrown on.
    func results(
        inFile file: String?, of batch: String, _ take: @escaping @Sendable ([UInt8], Bool) throws -> Void
    ) async throws {
        let end = try file.map { "files/\(try part($0))/content" } ?? "messages/batches/\(try part(batch))/results"
        var get = request(.GET, end, timeout: Self.timeouts.results)
        var source = client
        var response = try await lines(from: source, get, take)
        if (300..<400).contains(response.status), let place = response.headers.first(name: "Location"),
            let url = try? WebURL(parsing: place)
        {
            // Where the server keeps its files, which is not to see the key.
            source = try await client(forRedirectionTo: url)
            get = WebClient.Request(place, headers: [("User-Agent", userAgent)], timeout: get.timeout, limit: get.limit)
            do {
                response = try await lines(from: source, get, take)
            } catch {
                await source.shutDown()
                throw error
            }
            await source.shutDown()
        }
        if response.status != 200 { throw refusal(response) ?? unexpected("the results cannot be read", response) }
    }

    private func lines(
        from source: WebClient, _ get: WebClient.Request, _ take: @escaping @Sendable ([UInt8], Bool) throws -> Void
    ) async throws -> WebClient.Response {
        let reading = Mutex((pieces: GzipPieces(limit: Self.resultsLimit), splitter: LineSplitter()))
        do {
            let response = try await source.get(get) { piece in
                try reading.withLock { reading in
                    try reading.pieces.add(piece) { try reading.splitter.add($0, take) }
                }
            }
            guard response.status == 200 else { return response }
            try reading.withLock { reading in
                try reading.pieces.finish { try reading.splitter.add($0, take) }
                try reading.splitter.finish(take)
                if !reading.pieces.isWhole { throw GzipPieces.Fault() }
            }
            return response
        } catch is GzipPieces.Fault {
            throw BatchServerFault(
                error: InferenceError(.badReply, "\(model): the gzip data of the results is damaged, or not whole"),
                isTemporary: false, status: 200)
        } catch let failure as TransportFailure {
            throw fault(failure)
        }
    }

    // MARK: Requests

    private var batches: String { form == .anthropic ? "messages/batches" : "batches" }

    /// An id as a part of a path.
    private func part(_ id: String) throws(BatchServerFault) -> String {
        let allowed = id.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF) || "-_.:=".utf8.contains(byte)
        }
        if allowed, !id.isEmpty, id != ".", id != ".." { return id }
        // LiteLLM's ids are long, and Base64.
        throw BatchServerFault(
            error: InferenceError(.badReply, "\(model): the server named an id that is not allowed in a URL"),
            isTemporary: false)
    }

    private func request(
        _ method: HTTPMethod, _ end: String, query: String = "", headers: [(String, String)] = [],
        body: [UInt8]? = nil, timeout: Duration? = nil
    ) -> WebClient.Request {
        var all: [(name: String, value: String)] = [("User-Agent", userAgent), ("Accept", "application/json")]
        for header in model.headers { all.append((header.name, header.value.value)) }
        for header in headers {
            all.removeAll { $0.name.lowercased() == header.0.lowercased() }
            all.append((header.0, header.1))
        }
        return WebClient.Request(
            model.address.batchTarget(end, query: query), method: method, headers: all, body: body,
            timeout: timeout ?? self.timeout,
            limit: Self.limit)
    }

    /// For requests that can be made any number of times, and that nobody repeats later.
    private static let fewRetries = WebClient.Retries(attempts: 4, longestPause: .seconds(10))

    private func send(
        _ method: HTTPMethod, _ end: String, query: String = "", json: JSONValue? = nil,
        _ retries: WebClient.Retries = WebClient.Retries(attempts: 1)
    ) async throws(BatchServerFault) -> JSONValue {
        let headers = json == nil ? [] : [("Content-Type", "application/json")]
        let request = request(method, end, query: query, headers: headers, body: json.map { Array($0.text.utf8) })
        return try read(try await perform { () throws(TransportFailure) in try await client.send(request, retries) })
    }

    private func send(
        _ method: HTTPMethod, _ end: String, headers: [(String, String)] = [("Content-Type", "application/json")],
        body: BatchUpload
    ) async throws(BatchServerFault) -> JSONValue {
        let request = request(method, end, headers: headers, timeout: Self.timeouts.upload)
        return try read(
            try await perform { () throws(TransportFailure) in
                try await client.send(request, body: body, length: body.length)
            })
    }

    private func perform(
        _ body: () async throws(TransportFailure) -> WebClient.Response
    ) async throws(BatchServerFault) -> WebClient.Response {
        do throws(TransportFailure) {
            return try await body()
        } catch {
            throw fault(error)
        }
    }

    /// A client for the place that the server has named for a file.
    private func client(forRedirectionTo url: WebURL) async throws(BatchServerFault) -> WebClient {
        do throws(InferenceError) {
            let redirection = Redirection(from: model.address.url, to: url)
            // A proxy looks up names by itself.
            let proxies = ProxySettings(environment: environment)
            if let proxy = try? proxies.proxy(for: url), !proxy.host.isEmpty {
                if let reason = redirection.fault([], []) { throw InferenceError(.badReply, "\(model): \(reason)") }
                return try Self.client(for: url, of: model, environment)
            }
            async let origin = IPAddress.addresses(of: redirection.origin.host)
            let place = await IPAddress.addresses(of: url.host)
            if place.isEmpty { throw InferenceError(.unreachable, "\(model): the host \(url.host) cannot be found") }
            if let reason = redirection.fault(await origin, place) {
                throw InferenceError(.badReply, "\(model): \(reason)")
            }
            return try Self.client(for: url, of: model, environment, address: place.first)
        } catch {
            throw BatchServerFault(error: error, isTemporary: error.code == .unreachable)
        }
    }

    private func read(_ response: WebClient.Response) throws(BatchServerFault) -> JSONValue {
        if let refusal = refusal(response) { throw refusal }
        if response.body.isEmpty { return .null }
        guard let json = try? JSONValue(parsing: response.body) else {
            throw unexpected("it is not valid JSON", response)
        }
        return json
    }

    private func id(in json: JSONValue) throws(BatchServerFault) -> String {
        if let id = json["id"]?.string, !id.isEmpty { return id }
        throw BatchServerFault(
            error: InferenceError(.badReply, "\(model): its reply to an upload has no id: \(said(json))"),
            isTemporary: false, mayBeDone: true)
    }

    private func status(_ json: JSONValue) throws(BatchServerFault) -> BatchStatus {
        if let status = BatchStatus(json) { return status }
        throw BatchServerFault(
            error: InferenceError(.badReply, "\(model): its reply does not describe a batch: \(said(json))"),
            isTemporary: true, mayBeDone: true)
    }

    private func said(_ json: JSONValue) -> String { excerpt(json.text.utf8, model.redaction) }

    // MARK: Failures

    private func refusal(_ response: WebClient.Response) -> BatchServerFault? {
        let whole = HTTPTransport.Response(
            status: response.status, headers: response.headers, body: ByteBuffer(bytes: response.body))
        guard let attempt = Attempt(refusedBy: whole, of: model, at: .now), case .failure(let error) = attempt.result
        else { return nil }
        var fault = BatchServerFault(error: error, isTemporary: false, status: response.status)
        fault.isTemporary = Self.isTemporary(attempt.outcome)
        // 529: overloaded, and nothing was done.
        fault.mayBeDone = response.status >= 500 && response.status != 529
        // The name of the model has nothing to do with it.
        fault.error.message = model.withoutAdvice(fault.error.message, onStatus: response.status)
        if case .throttled(_, let time) = attempt.outcome { fault.retryAt = time }
        return fault
    }

    private static func isTemporary(_ outcome: AttemptOutcome) -> Bool {
        switch outcome {
        case .throttled, .timedOut, .unreachable, .failed: true
        default: false
        }
    }

    private func fault(_ failure: TransportFailure) -> BatchServerFault {
        let attempt = Attempt(failure, of: model, isMultiplexed: false)
        guard case .failure(let error) = attempt.result else {
            // Not reached: a failure has no reply.
            return BatchServerFault(error: .cancelled, isTemporary: false)
        }
        var fault = BatchServerFault(error: error, isTemporary: Self.isTemporary(attempt.outcome))
        fault.mayBeDone = attempt.mayBeBilled || failure.kind == .cancelled
        return fault
    }

    private func unexpected(_ reason: String, _ response: WebClient.Response) -> BatchServerFault {
        let words = excerpt(response.body.prefix(1 << 14), model.redaction)
        let message = "\(model): status \(response.status): \(reason)" + (words.isEmpty ? "" : ": \(words)")
        return BatchServerFault(
            error: InferenceError(.badReply, message, status: response.status), isTemporary: response.status >= 500,
            mayBeDone: true, status: response.status)
    }
}
