import Glibc
import Store
import Synchronization
import Web

/// What has become of a step that a server is asked for.
enum BatchStep {
    case done
    /// It is asked again at the next turn.
    case later
}

extension BatchRunner {
    // MARK: Submission

    /// Submits a batch: its file is uploaded, and the batch is created.
    ///
    /// Each step is noted before the next: if the process is killed, the next one finds the batch at the server by its file or
    /// its token, or removes it from the cache if it was not created yet.
    func submit(_ draft: BatchDraft) async throws -> OpenBatch {
        let server = try server(of: draft.model)
        var stored = draft.stored
        try cache.update(stored)
        do {
            if server.form != .anthropic {
                var isFirst = true
                stored.inputFile = try await repeating(draft.model) { () throws(BatchServerFault) in
                    // An upload that seemed to fail may have left a file.
                    if !isFirst { await server.deleteFile(named: BatchServer.fileName(draft.stored)) }
                    isFirst = false
                    return try await server.upload(draft)
                }
            }
            (stored.state, stored.checkedAt) = (.creating, time(nil))
            try cache.update(stored)
            try await create(&stored, draft, server)
        } catch {
            // Nothing is submitted if it was refused; otherwise the next run finds out.
            if stored.state == .preparing || (error as? BatchServerFault)?.mayBeDone == false {
                if let file = stored.inputFile { await server.deleteFile(file) }
                discard(draft)
            } else {
                cache.cancelReservation(of: stored.lease)
            }
            throw (error as? BatchServerFault).map(explained) ?? error
        }
        var batch = OpenBatch(stored, of: draft.model, isOurs: true, at: .now)
        batch.postpone(at: .now, fraction: .random(in: 0...1))
        state.withLock { _ = $0.counted.insert(stored.id) }
        return batch
    }

    /// Creates a batch of what is at the server, or finds the one that an earlier attempt has created.
    private func create(_ stored: inout StoredBatch, _ draft: BatchDraft?, _ server: BatchServer) async throws {
        let batch = stored
        var isFirst = true
        let status = try await repeating(server.model) { () throws(BatchServerFault) in
            defer { isFirst = false }
            if !isFirst, let found = try await self.find(batch, server) { return found }
            return try await server.create(batch, draft, window: self.options.window)
        }
        try accept(status, &stored, server.model)
        notice("batch \(stored.title): submitted, with \(countedRequests(stored.requests)) to \(server.model)")
    }

    private func accept(_ status: BatchStatus, _ stored: inout StoredBatch, _ model: Model) throws {
        stored.remoteID = status.id
        stored.state = .open
        stored.progress = status.state
        stored.submittedAt = time(nil)
        try cache.update(stored)
    }

    private func find(_ batch: StoredBatch, _ server: BatchServer) async throws(BatchServerFault) -> BatchStatus? {
        let known = (try? cache.batches().compactMap(\.remoteID)) ?? []
        do throws(BatchServerFault) {
            return try await server.find(batch, except: Set(known))
        } catch {
            // A server without a list is believed to have nothing.
            guard error.isTemporary else { return nil }
            throw error
        }
    }

    /// Repeats a step while that may help.
    private func repeating<Value>(
        _ model: Model, _ step: () async throws(BatchServerFault) -> Value
    ) async throws -> Value {
        var failures = 0
        var mayBeDone = false
        while true {
            do throws(BatchServerFault) {
                return try await step()
            } catch {
                mayBeDone = mayBeDone || error.mayBeDone
                // A server that asks for patience gets it.
                let isPatient = error.retryAt != nil || error.status == 429
                if error.isTemporary, isPatient || failures < maxRetries(of: model) {
                    failures += 1
                    let pause = min(Backoff.pause(after: failures), model.batch.pollInterval * 20)
                    let wanted = error.retryAt.map { $0 - .now } ?? .zero
                    if wanted > .seconds(5) { notice("waiting, as requested by \(error.error.message)") }
                    try await Task.sleep(for: max(pause, min(wanted, .seconds(3600))))
                    continue
                }
                var fault = error
                fault.mayBeDone = mayBeDone
                throw fault
            }
        }
    }

    /// A fault that ends the run.
    private func explained(_ fault: BatchServerFault) -> InferenceError {
        var error = fault.error
        if [404, 405, 501].contains(fault.status) {
            error.message += "; the server may have no batch API: run without --batch"
        }
        return error
    }

    // MARK: Waiting

    /// Takes the next step with a batch of this process.
    ///
    /// - Parameter others: how many batches of the same group are open beside it.
    /// - Returns: whether the batch has ended.
    func advance(_ batch: inout OpenBatch, others: Int) async throws -> Bool {
        let server = try server(of: batch.model)
        switch batch.stored.state {
        case .preparing:
            // Its process was killed before it created anything. Its requests are collected again.
            await server.deleteFile(named: BatchServer.fileName(batch.stored))
            if let file = batch.stored.inputFile { await server.deleteFile(file) }
            try remove(batch)
            return true
        case .creating: return try await adopt(&batch, server)
        case .open: return try await poll(&batch, server, others: others)
        case .taken:
            try await cleanUp(&batch.stored, [], server)
            return true
        case .ended: return true
        }
    }

    private func remove(_ batch: OpenBatch) throws {
        state.withLock { state in
            state.ledger.release(requests: batch.stored.requests, reserved: batch.stored.reserved)
        }
        try cache.removeBatch(batch.stored.id)
    }

    /// Finds out whether the server has a batch whose process was killed while it created it.
    private func adopt(_ batch: inout OpenBatch, _ server: BatchServer) async throws -> Bool {
        do {
            if let found = try await find(batch.stored, server) {
                try accept(found, &batch.stored, batch.model)
                notice("batch \(batch.stored.title): found at the server, submitted by a run that was killed")
                batch.nextPoll = .now
                return false
            }
            batch.misses += 1
            if batch.misses < 3 {
                // What is just being created may not be listed yet.
                batch.postpone(at: .now, fraction: .random(in: 0...1))
                return false
            }
            guard batch.stored.inputFile != nil else {
                try remove(batch)
                return true
            }
            try await create(&batch.stored, nil, server)
            batch.misses = 0
            return false
        } catch let fault as BatchServerFault {
            if fault.isTemporary || fault.mayBeDone {
                batch.postpone(to: fault.retryAt, at: .now, fraction: .random(in: 0...1))
                return false
            }
            if [401, 403].contains(fault.status) { throw explained(fault) }
            // Its file is gone, say.
            if let file = batch.stored.inputFile { await server.deleteFile(file) }
            try remove(batch)
            return true
        }
    }

    private func poll(_ batch: inout OpenBatch, _ server: BatchServer, others: Int) async throws -> Bool {
        let id = batch.stored.remoteID ?? ""
        let status: BatchStatus
        do throws(BatchServerFault) {
            status = try await server.status(of: id)
        } catch {
            let fault = error
            if fault.error.code == .cancelled { throw CancellationError() }
            // A batch is not always known at once.
            if fault.status == 404 {
                batch.misses += 1
                if batch.misses > OpenBatch.mostMisses {
                    notice("batch \(id): the server does not know it any more; its requests are submitted again")
                    try await resolve(&batch, server, missing: "the server lost the batch")
                    return true
                }
            } else if !fault.isTemporary {
                throw explained(fault)
            } else {
                batch.failures += 1
                if batch.failures == 3 { notice("batch \(id): \(fault.error.message); it is asked again") }
            }
            batch.postpone(to: fault.retryAt, at: .now, fraction: .random(in: 0...1))
            return false
        }
        (batch.misses, batch.failures) = (0, 0)
        (batch.stored.checkedAt, batch.stored.progress) = (time(nil), status.text)
        try cache.update(batch.stored)
        // What has ended may not have its files at once.
        if !status.isEnded || (status.isIncomplete && batch.resultMisses < OpenBatch.mostMisses) {
            if status.isEnded { batch.resultMisses += 1 }
            batch.postpone(at: .now, fraction: .random(in: 0...1))
            return false
        }
        if status.isOverLimit {
            try await yieldRoom(&batch, server, others: others, status)
            return true
        }
        return try await take(&batch, server, status) == .done
    }

    /// Makes later batches smaller or fewer, after one was refused because too much is waiting at the server.
    private func yieldRoom(
        _ batch: inout OpenBatch, _ server: BatchServer, others: Int, _ status: BatchStatus
    ) async throws {
        let stored = batch.stored
        let (size, refusals) = state.withLock { state -> (Int?, Int) in
            var room = state.room[batch.group] ?? Room()
            if others > 0 {
                room.batches = others
            } else {
                room.size = max(1, options.minimum, stored.requests / 2)
                room.refusals += 1
            }
            state.room[batch.group] = room
            state.ledger.release(requests: stored.requests, reserved: stored.reserved)
            return (others > 0 ? nil : room.size, room.refusals)
        }
        _ = try cache.end(ended(batch.stored, .taken))
        let reason = status.faults.first.map { excerpt($0.message.utf8, batch.model.redaction) } ?? status.state
        let next = size.map { "batches of \(countedRequests($0)) follow" } ?? "its requests wait for other batches"
        notice("batch \(stored.title) was refused: \(reason); \(next)")
        try await cleanUp(&batch.stored, status.files, server)
        // A server that has no room even for a small batch is full with other things.
        if let size, size >= stored.requests {
            try await Task.sleep(for: min(batch.model.batch.pollInterval * (1 << min(refusals, 5)), .seconds(600)))
        }
    }

    private func ended(_ stored: StoredBatch, _ state: StoredBatch.State) -> StoredBatch {
        var stored = stored
        stored.state = state
        return stored
    }

    // MARK: The end of a batch

    private func take(_ batch: inout OpenBatch, _ server: BatchServer, _ status: BatchStatus) async throws -> BatchStep
    {
        let results = BatchResults(batch.stored, batch.model, cache)
        let lines = status.faults.compactMap(\.line)
        if !lines.isEmpty { try results.refuse(status.faults) }
        var sources: [String?] = status.files
        if server.form == .anthropic { sources = status.state == "ended" ? [nil] : [] }
        var isWhole = true
        for source in sources {
            do {
                try await results.read(source, from: server)
            } catch let fault as BatchServerFault {
                if fault.error.code == .cancelled { throw CancellationError() }
                batch.resultMisses += 1
                if !fault.isTemporary, ![401, 403].contains(fault.status), batch.resultMisses > OpenBatch.mostMisses {
                    notice("batch \(batch.stored.title): \(fault.error.message); its results are lost")
                    isWhole = false
                    continue
                }
                if [401, 403].contains(fault.status) { throw explained(fault) }
                keep(results, of: &batch)
                batch.postpone(to: fault.retryAt, at: .now, fraction: .random(in: 0...1))
                return .later
            }
        }
        // A file that breaks off in a line is read again, before its requests are made again.
        if results.unreadable > 0, batch.resultMisses < 3 {
            batch.resultMisses += 1
            keep(results, of: &batch)
            batch.postpone(at: .now, fraction: .random(in: 0...1))
            return .later
        }
        keep(results, of: &batch)
        try await resolve(&batch, server, status, results, isWhole: isWhole && results.unreadable == 0)
        return .done
    }

    /// Counts the replies that have been stored.
    private func keep(_ results: BatchResults, of batch: inout OpenBatch) {
        batch.replies += results.replies
        batch.spent += results.cost
        batch.unpriced += results.unpriced
        let (taken, model) = (results.answered, batch.model)
        state.withLock { state in
            for (key, cost) in taken {
                state.attempts[key, default: 0] += 1
                state.answered.insert(key)
                if let cost { state.ledger.learn(cost, factor: model.batch.priceFactor, model: model.id) }
            }
        }
    }

    /// Settles all requests of a batch that has ended.
    private func resolve(
        _ batch: inout OpenBatch, _ server: BatchServer, _ status: BatchStatus, _ results: BatchResults, isWhole: Bool
    ) async throws {
        let whole = status.faults.first { $0.line == nil }
        let hasRun = status.state != "failed"
        var missing = BatchResult.Failure.missing(
            hasRun ? "the server returned no result (the batch is \(status.state))" : "the batch failed")
        if let whole {
            missing.message = "the batch \(status.state): " + excerpt(whole.message.utf8, batch.model.redaction)
            let codes = ["server_error", "internal_error", "rate_limit_exceeded", "unavailable", "timeout"]
            missing.isTemporary = hasRun || codes.contains(whole.code)
        }
        let isPartlyRefused = !hasRun && status.faults.contains { $0.line != nil }
        try await resolve(
            &batch, server, missing, counts: !isPartlyRefused, files: isWhole ? status.files : [],
            ignored: results.ignored)
    }

    private func resolve(_ batch: inout OpenBatch, _ server: BatchServer, missing reason: String) async throws {
        try await resolve(&batch, server, .missing(reason), counts: true, files: [], ignored: 0)
    }

    /// - Parameters:
    ///   - missing: what befell the requests without a result.
    ///   - counts: whether that was an attempt.
    private func resolve(
        _ batch: inout OpenBatch, _ server: BatchServer, _ missing: BatchResult.Failure, counts: Bool,
        files: [String], ignored: Int
    ) async throws {
        batch.stored.state = .taken
        let left = try cache.end(batch.stored)
        // Also those that a process has stored that was killed.
        let failures = try cache.faults(of: batch.stored.id).compactMapValues { BatchResult.Failure(text: $0) }
        settle(batch, failures, left: left, missing, counts: counts)
        let rest = ignored > 0 ? "; lines that do not belong to it: \(ignored)" : ""
        notice(
            "batch \(batch.stored.title): \(batch.replies) replies, \(failures.count) failed, \(left.count) without "
                + "a result\(rest)")
        try await cleanUp(&batch.stored, files, server)
    }

    private func settle(
        _ batch: OpenBatch, _ failures: [ReplyKey: BatchResult.Failure], left: [ReplyKey],
        _ missing: BatchResult.Failure, counts: Bool
    ) {
        let most = maxRetries(of: batch.model) + 1
        let share = batch.stored.requests > 0 ? batch.stored.reserved / Double(batch.stored.requests) : 0
        state.withLock { state in
            func fail(_ key: ReplyKey, _ failure: BatchResult.Failure, counts: Bool) {
                if counts { state.attempts[key, default: 0] += 1 }
                let attempts = state.attempts[key] ?? 1
                if failure.isTemporary && attempts < most { return }
                if options.fallsBack && failure.isTemporary {
                    state.direct.insert(key)
                } else {
                    state.failures[key] = failure.error(of: batch.model, in: batch.stored.title, attempts: attempts)
                }
            }
            for (key, failure) in failures { fail(key, failure, counts: true) }
            for key in left { fail(key, missing, counts: counts) }
            state.ledger.settle(
                reserved: batch.stored.reserved, spent: batch.spent + Double(batch.unpriced) * share)
        }
    }

    /// Deletes the files of batches whose process was killed when their replies were stored.
    func cleanUpLeftovers() async throws {
        for var stored in try cache.batches() where stored.state == .taken && cache.reserve(stored.lease) {
            defer { cache.cancelReservation(of: stored.lease) }
            let configuration = ModelConfiguration(of: stored)
            guard let model = try? ModelCatalog([configuration], environment: environment).find(stored.model),
                let server = try? BatchServer(model, userAgent: options.userAgent, environment: environment)
            else { continue }
            let status = if let id = stored.remoteID { try? await server.status(of: id) } else { BatchStatus?.none }
            try await cleanUp(&stored, status?.files ?? [], server)
            await server.shutDown()
        }
    }

    /// Deletes the files of a batch whose replies are stored.
    private func cleanUp(_ stored: inout StoredBatch, _ files: [String], _ server: BatchServer) async throws {
        for file in [stored.inputFile].compactMap({ $0 }) + files { await server.deleteFile(file) }
        stored.state = .ended
        try cache.update(stored)
    }
}
