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
        var lines = 0
        /// The requests of the lines so far, and whether a reply was among them.
        var seen: [ReplyKey: Bool] = [:]
        var taken = 0
        /// Lines that name a request, of this batch or another one.
        var named = 0
        var buffer: [BatchResult] = []
        var bufferedBytes = 0
    }

    /// What is wrong with the results as a whole.
    struct Flaw {
        var reason: String
        /// Whether results are there that could not be read. Otherwise, there may be no more of them.
        var isCertain: Bool
    }

    private let stored: StoredBatch
    private let model: Model
    private let cache: ReplyCache
    private let state = Mutex(State())
    /// The number of requests whose results are taken: those of the batch, and as many of others.
    private var mostRequests: Int { 1_000 + 2 * stored.requests }

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
    /// Lines of requests that are not in the batch, or not any more.
    var ignored: Int { state.withLock(\.ignored) }
    /// Lines that are not valid.
    var unreadable: Int { state.withLock(\.unreadable) }

    /// The replies that were stored, with their costs.
    var answered: [(key: ReplyKey, cost: Double?)] { state.withLock(\.answered) }

    /// Whether there are results, and none of them belongs to the batch. What is no result tells nothing.
    var isOfOthers: Bool { state.withLock { $0.lines > 0 && $0.named == $0.lines && $0.taken == 0 } }

    /// What is wrong with the results, after all of them were read.
    func flaw(_ status: BatchStatus, _ form: BatchSettings.Form, hasSources: Bool) -> Flaw? {
        state.withLock { state in
            let (found, expected) = (state.seen.count, status.expectedResults(form).map { min($0, stored.requests) })
            if !hasSources {
                guard let expected, expected > 0, status.state != "failed" else { return nil }
                return Flaw(
                    reason: "the server counts \(expected) results and does not say where they are", isCertain: true)
            }
            if let expected, found < expected {
                return Flaw(reason: "\(found) of \(expected) results could be read", isCertain: true)
            }
            if found == 0, state.lines > 0 || expected == nil {
                return Flaw(reason: "nothing in them is the result of a request", isCertain: true)
            }
            if state.unreadable > 0 {
                return Flaw(reason: "\(state.unreadable) lines are not valid JSON", isCertain: false)
            }
            if expected == nil, status.state == "completed", found < stored.requests {
                return Flaw(reason: "there are \(found) results of \(stored.requests) requests", isCertain: false)
            }
            return nil
        }
    }

    /// Reads a file of results; nil: the results of Anthropic's form.
    func read(_ file: String?, from server: BatchServer) async throws {
        try await server.results(inFile: file, of: stored.remoteID ?? "") { [self] in try take($0, isCut: $1) }
        try finish()
    }

    /// Takes a line of results.
    ///
    /// - Parameter isCut: whether it is the start of a line that is too long.
    func take(_ line: [UInt8], isCut: Bool) throws {
        try state.withLock { state in
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { return }
            state.lines += 1
            if isCut {
                guard let key = ReplyKey(inStartOf: line) else {
                    state.unreadable += 1
                    return
                }
                let reason = "its reply has more than \(LineSplitter.longest >> 20) MiB"
                add(.failure(key, BatchResult.Failure(status: 200, message: reason, isTemporary: false)), &state)
            } else if let json = try? JSONValue(sent: line) {
                if json["custom_id"]?.string != nil { state.named += 1 }
                add(BatchResult(json), &state)
                state.bufferedBytes += line.count
            } else {
                state.unreadable += 1
            }
            if state.buffer.count >= 500 || state.bufferedBytes >= 16 << 20 { try store(&state) }
        }
    }

    /// Stores what has been taken.
    func finish() throws { try state.withLock { try store(&$0) } }

    /// The requests that are remembered, of this batch or not.
    var remembered: Int { state.withLock(\.seen.count) }

    /// Takes a result. Of several results of a request, the first one counts, and a reply before a failure.
    private func add(_ result: BatchResult, _ state: inout State) {
        if let key = result.key, state.seen[key] == nil, state.seen.count >= mostRequests {
            // Results without end, of requests that nobody made, must not fill the memory.
            state.ignored += 1
            return
        }
        switch result {
        case .reply(let key, _):
            if state.seen[key] == true { return }
            state.seen[key] = true
        case .failure(let key, _):
            if state.seen[key] != nil { return }
            state.seen[key] = false
        case .ignored:
            state.ignored += 1
            return
        }
        state.buffer.append(result)
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
            case .ignored: break
            }
        }
        (state.buffer, state.bufferedBytes) = ([], 0)
        let taken = try cache.take(replies, faults: faults, of: stored.id)
        for (key, _) in replies {
            failures[key] = nil
            guard taken.contains(key) else {
                state.ignored += 1
                continue
            }
            state.replies += 1
            state.answered.append((key, costs[key]))
            if let cost = costs[key] { state.cost += cost } else { state.unpriced += 1 }
        }
        for (key, failure) in failures {
            if !taken.contains(key) { state.ignored += 1 }
            // An answer that cannot be read was paid for.
            if taken.contains(key), failure.status == 200 { state.unpriced += 1 }
        }
        state.taken += taken.count
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

extension ReplyKey {
    /// The custom_id of a line that is too long to be read, if it is at the start, as servers write it.
    fileprivate init?(inStartOf line: [UInt8]) {
        let start = String(decoding: line.prefix(4096), as: UTF8.self)
        guard let name = start.firstRange(of: "\"custom_id\"")?.upperBound else { return nil }
        let digits = start[name...].drop { " :\"".contains($0) }.prefix { $0.isHexDigit }
        self.init(hexadecimal: String(digits))
    }
}
