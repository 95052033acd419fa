import Glibc
import JSON
import Platform
import Store

/// A batch that is being collected: a row of the cache that holds its requests, and a file with their lines.
struct BatchDraft {
    var stored: StoredBatch
    let model: Model
    let file: UnnamedFile
    private(set) var bytes = 0

    var form: BatchSettings.Form { model.batchForm }

    /// The bytes of a request in the body that submits it.
    static func line(_ request: BatchRequest, of form: BatchSettings.Form) -> [UInt8] {
        guard form == .anthropic else { return request.line }
        return Array(#"{"custom_id": "\#(request.customID)", "params": "#.utf8) + request.body + Array("}\n".utf8)
    }

    mutating func append(_ line: [UInt8], reserved: Double) throws(RegularFile.Fault) {
        // Anthropic's requests are the elements of an array.
        let line = form == .anthropic && stored.requests > 0 ? [UInt8(ascii: ",")] + line : line
        var fault: RegularFile.Fault?
        line.withUnsafeBytes { bytes in
            do throws(RegularFile.Fault) { try file.append(bytes) } catch { fault = error }
        }
        if let fault { throw fault }
        bytes += line.count
        stored.requests += 1
        stored.reserved += reserved
    }
}

/// The requests of a round, sorted into batches: of one model and one operation each, and within the limits of its server.
struct BatchSpool {
    /// What the requests of one batch have in common.
    struct Group: Hashable {
        var model: String
        var path: String
    }

    private struct Buffered {
        var key: ReplyKey
        var line: [UInt8]
        var reserved: Double
    }

    private struct Open {
        var draft: BatchDraft
        var buffer: [Buffered] = []
        var bufferedBytes = 0
    }

    private let cache: ReplyCache
    private let folder: String
    /// Requests that are claimed in one commit.
    private static let most = (requests: 500, bytes: 4 << 20)
    private var open: [Group: Open] = [:]
    private(set) var drafts: [BatchDraft] = []
    /// The batches that already hold requests of this round, with their model.
    private(set) var waits: [Int64: Model] = [:]
    /// Requests of the round whose batch is already open.
    private(set) var waiting = 0
    /// What was reserved for requests that are already in a batch.
    private(set) var returned = (requests: 0, cost: 0.0)

    init(_ cache: ReplyCache) {
        self.cache = cache
        folder = cache.path.lastIndex(of: "/").map { String(cache.path[..<$0]) } ?? "."
    }

    /// - Parameter size: requests in a batch at most.
    mutating func add(_ request: BatchRequest, reserved: Double, size: Int) throws {
        let group = Group(model: request.model.id, path: request.path)
        let line = BatchDraft.line(request, of: request.model.batchForm)
        let maxBytes = request.model.batch.maxBytes ?? request.model.batchForm.limits.bytes
        func isFull(_ open: Open) -> Bool {
            let requests = open.draft.stored.requests + open.buffer.count
            let bytes = open.draft.bytes + open.bufferedBytes + line.count + 1
            return requests >= size || (requests > 0 && bytes > maxBytes)
        }
        if let current = open[group], isFull(current) {
            try flush(group)
            if let current = open[group], isFull(current) { close(group) }
        }
        if open[group] == nil { open[group] = Open(draft: try makeDraft(request)) }
        open[group]?.buffer.append(Buffered(key: request.key, line: line, reserved: reserved))
        open[group]?.bufferedBytes += line.count
        if let current = open[group],
            current.buffer.count >= Self.most.requests || current.bufferedBytes >= Self.most.bytes
        {
            try flush(group)
        }
    }

    /// Completes all batches.
    mutating func finish() throws {
        for group in open.keys.sorted(by: { ($0.model, $0.path) < ($1.model, $1.path) }) {
            try flush(group)
            close(group)
        }
    }

    private mutating func close(_ group: Group) {
        guard let ended = open.removeValue(forKey: group)?.draft else { return }
        if ended.stored.requests > 0 {
            drafts.append(ended)
        } else {
            try? cache.removeBatch(ended.stored.id)
            cache.cancelReservation(of: ended.stored.lease)
        }
    }

    private mutating func flush(_ group: Group) throws {
        guard var current = open[group], !current.buffer.isEmpty else { return }
        let id = current.draft.stored.id
        let holders = try cache.claim(
            current.buffer.map(\.key), for: id, line: current.draft.stored.requests + 1)
        for (request, holder) in zip(current.buffer, holders) {
            if holder == id {
                try current.draft.append(request.line, reserved: request.reserved)
            } else {
                returned.requests += 1
                returned.cost += request.reserved
                if let holder {
                    waits[holder] = current.draft.model
                    waiting += 1
                }
            }
        }
        (current.buffer, current.bufferedBytes) = ([], 0)
        open[group] = current
    }

    private func makeDraft(_ request: BatchRequest) throws -> BatchDraft {
        let model = request.model
        var stored = StoredBatch(
            token: Self.randomToken(), model: model.id, name: model.name, url: model.url, path: request.path,
            api: model.batchForm.rawValue, keyVariable: model.apiKeyVariable)
        stored.createdAt = time(nil)
        // Before the row, so that nobody takes it for one that was left behind.
        _ = cache.reserve(stored.lease)
        stored = try cache.add(stored)
        return BatchDraft(stored: stored, model: model, file: try UnnamedFile(in: folder))
    }

    private static func randomToken() -> String {
        let text = String(UInt128.random(in: 0...UInt128.max), radix: 16)
        return String(repeating: "0", count: 32 - text.count) + text
    }
}
