import JSON
import Store
import Synchronization

/// The results of a batch, which are stored in the cache while they are read.
final class BatchResults: Sendable {
    private struct State {
        var answered: [(key: ReplyKey, cost: Double?)] = []
        var replies = 0
        var cost = 0.0
        var unpriced = 0
        var ignored = 0
        var unreadable = 0
        var buffer: [BatchResult] = []
    }

    private let stored: StoredBatch
    private let model: Model
    private let cache: ReplyCache
    private let state = Mutex(State())

    init(_ stored: StoredBatch, _ model: Model, _ cache: ReplyCache) {
        self.stored = stored
        self.model = model
        self.cache = cache
    }

    /// Replies that were stored.
    var replies: Int { state.withLock(\.replies) }
    /// What they cost, as far as their servers count tokens; `unpriced` is the number of the others.
    var cost: Double { state.withLock(\.cost) }
    var unpriced: Int { state.withLock(\.unpriced) }
    /// Lines of requests that are not in the batch, or have been read before.
    var ignored: Int { state.withLock(\.ignored) }
    /// Lines that are not valid.
    var unreadable: Int { state.withLock(\.unreadable) }

    /// The replies that were stored, with their costs.
    var answered: [(key: ReplyKey, cost: Double?)] { state.withLock(\.answered) }

    /// Reads a file of results; nil: the results of Anthropic's form.
    func read(_ file: String?, from server: BatchServer) async throws {
        try await server.results(inFile: file, of: stored.remoteID ?? "") { [self] line in
            try state.withLock { state in
                if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { return }
                guard let json = try? JSONValue(parsing: line) else {
                    state.unreadable += 1
                    return
                }
                state.buffer.append(BatchResult(json))
                if state.buffer.count >= 500 { try store(&state) }
            }
        }
        try state.withLock { try store(&$0) }
    }

    /// Takes the faults that a server has found in lines before anything was sent to the model.
    func refuse(_ faults: [BatchStatus.Fault]) throws {
        try state.withLock { state in
            let lines = Set(faults.compactMap(\.line))
            let keys = try cache.requests(of: stored.id, lines: lines)
            for fault in faults {
                guard let line = fault.line, let key = keys[line] else { continue }
                let said: JSONValue = ["code": .string(fault.code), "message": .string(fault.message)]
                let words = excerpt(fault.message.utf8, model.redaction)
                state.buffer.append(
                    .failure(
                        key, BatchResult.Failure(status: nil, message: words, isTemporary: false, error: said)))
            }
            try store(&state)
        }
    }

    private func store(_ state: inout State) throws {
        var replies: [(key: ReplyKey, reply: StoredReply)] = []
        var faults: [(key: ReplyKey, text: String)] = []
        var costs: [ReplyKey: Double] = [:]
        var failures: [ReplyKey: BatchResult.Failure] = [:]
        for result in state.buffer {
            switch result {
            case .reply(let key, let reply):
                replies.append((key, redacted(reply)))
                if let cost = cost(of: reply) { costs[key] = cost }
            case .failure(let key, let failure):
                faults.append((key, failure.text(model.redaction)))
                failures[key] = failure
            case .ignored: state.ignored += 1
            }
        }
        let count = replies.count + faults.count
        state.buffer = []
        let taken = try cache.take(replies, faults: faults, of: stored.id)
        state.ignored += count - taken.count
        for (key, _) in replies where taken.contains(key) && failures[key] == nil {
            state.replies += 1
            state.answered.append((key, costs[key]))
            if let cost = costs[key] { state.cost += cost } else { state.unpriced += 1 }
        }
        // An answer that cannot be read was paid for.
        for (key, failure) in failures where taken.contains(key) && failure.status == 200 { state.unpriced += 1 }
    }

    private func redacted(_ reply: StoredReply) -> StoredReply {
        var reply = reply
        reply.model = model.name
        reply.text = reply.text.map { model.redaction($0) }
        reply.response = model.redaction(reply.response)
        return reply
    }

    private func cost(of reply: StoredReply) -> Double? {
        guard let object = (try? JSONValue(parsing: reply.response))?.object else { return nil }
        guard let usage = TokenUsage(of: chatCompletion(of: object)) else { return nil }
        return usage.cost ?? model.price.map { $0.cost(of: usage) * model.batch.priceFactor }
    }
}
