import Glibc
import Store
import Synchronization
import Web

/// Why a batch is not submitted, although nothing has failed for good.
enum NotSubmitted: Error {
    /// The time to wait is over. `mayBeDone`: the server may have the batch.
    case isOver(mayBeDone: Bool, reason: String)
    /// Somebody has cancelled it.
    case isCancelled
}

extension BatchRunner {
    /// Submits a batch: its file is uploaded, and the batch is created.
    ///
    /// Each step is noted before the next: if the process is killed, the next one finds the batch at the server by its file or
    /// its token, or removes it from the cache if it was not created yet.
    ///
    /// - Returns: nil if it was cancelled, or the server could not take it before the time to wait was over.
    func submit(_ draft: BatchDraft) async throws -> OpenBatch? {
        let server = try server(of: draft.model, draft.form)
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
            if try cache.batch(stored.id)?.isCancelled == true { throw NotSubmitted.isCancelled }
            (stored.state, stored.checkedAt) = (.creating, time(nil))
            try cache.update(stored)
            // From here on, the server may have it.
            setOpen(
                state.withLock(\.open).filter { $0.stored.id != draft.stored.id }
                    + [OpenBatch(stored, of: draft.model, isOurs: true, at: .now)])
            try await create(&stored, draft, server)
        } catch {
            try await giveUp(draft, stored, server, after: error)
            return nil
        }
        var batch = OpenBatch(stored, of: draft.model, isOurs: true, at: .now)
        batch.attemptedAt = stored.checkedAt
        batch.postpone(at: .now, fraction: .random(in: 0...1))
        state.withLock { _ = $0.counted.insert(stored.id) }
        return batch
    }

    /// Removes a batch that was not submitted, or leaves it to the next run to find out whether it was.
    ///
    /// - Throws: what ends the run.
    private func giveUp(
        _ draft: BatchDraft, _ stored: StoredBatch, _ server: BatchServer, after error: any Error
    ) async throws {
        let isRefused =
            switch error {
            case let fault as BatchServerFault: !fault.mayBeDone
            case NotSubmitted.isOver(let mayBeDone, _): !mayBeDone
            case is NotSubmitted: true
            default: false
            }
        if stored.state == .preparing || isRefused {
            if let file = stored.inputFile { await server.deleteFile(file) }
            if case NotSubmitted.isCancelled = error { try refuseRequests(ofCancelled: stored) }
            discard(draft)
        } else {
            cache.cancelReservation(of: stored.lease)
        }
        switch error {
        case NotSubmitted.isCancelled: notice("batch \(stored.title): cancelled before it was submitted")
        case NotSubmitted.isOver(_, let reason):
            state.withLock { $0.isStopped = true }
            notice("not submitted in time (--batch-wait): \(countedRequests(stored.requests)): \(reason)")
        case let fault as BatchServerFault: throw explained(fault)
        default: throw error
        }
    }

    /// Leaves the requests of a cancelled batch that have no outcome without one.
    func refuseRequests(ofCancelled stored: StoredBatch) throws {
        let keys = try cache.openRequests(of: stored.id)
        state.withLock { state in
            for key in keys { state.failures[key] = Self.cancelled(stored) }
        }
    }

    /// Why a request of a cancelled batch has no reply.
    static func cancelled(_ stored: StoredBatch) -> InferenceError {
        InferenceError(
            .notAsked,
            "not answered: batch \(stored.title) was cancelled with 'assay batches cancel'; the same command submits the "
                + "request again")
    }

    /// Creates a batch of what is at the server, or finds the one that an earlier attempt has created.
    func create(_ stored: inout StoredBatch, _ draft: BatchDraft?, _ server: BatchServer) async throws {
        let batch = stored
        var mayBeDone = false
        let status = try await repeating(server.model) { () throws(BatchServerFault) in
            if mayBeDone, let found = try await self.find(batch, server) { return found }
            do throws(BatchServerFault) {
                return try await server.create(batch, draft, window: self.options.window)
            } catch {
                mayBeDone = mayBeDone || error.mayBeDone
                throw error
            }
        }
        try accept(status, &stored)
        notice("batch \(stored.title): submitted, with \(countedRequests(stored.requests)) to \(server.model)")
        // Whoever cancelled it in the meantime could not name it to the server.
        if try cache.batch(stored.id)?.isCancelled == true { try? await server.cancel(status.id) }
    }

    func accept(_ status: BatchStatus, _ stored: inout StoredBatch) throws {
        stored.remoteID = status.id
        stored.state = .open
        stored.progress = status.state
        stored.submittedAt = time(nil)
        stored.misses = 0
        try cache.update(stored)
    }

    func find(_ batch: StoredBatch, _ server: BatchServer) async throws(BatchServerFault) -> BatchStatus? {
        let known = (try? cache.batches().compactMap(\.remoteID)) ?? []
        let strangers = state.withLock(\.strangers)
        do throws(BatchServerFault) {
            return try await server.find(batch, except: strangers.union(known))
        } catch {
            // A server without a list is believed to have nothing.
            guard error.isTemporary else { return nil }
            throw error
        }
    }

    /// Repeats a step while that may help, and there is time.
    private func repeating<Value>(
        _ model: Model, _ step: () async throws(BatchServerFault) -> Value
    ) async throws -> Value {
        var failures = 0
        var mayBeDone = false
        // A short pause does no harm even where nothing is waited for.
        let end = deadline.map { max($0, .now + .seconds(10)) }
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
                    let whole = max(pause, min(wanted, .seconds(3600)))
                    if let end, .now + whole > end {
                        throw NotSubmitted.isOver(mayBeDone: mayBeDone, reason: error.error.message)
                    }
                    if wanted > .seconds(5) { notice("waiting, as requested by \(error.error.message)") }
                    try await Task.sleep(for: whole)
                    continue
                }
                var fault = error
                fault.mayBeDone = mayBeDone
                throw fault
            }
        }
    }

    /// A fault that ends the run.
    func explained(_ fault: BatchServerFault) -> InferenceError {
        var error = fault.error
        if [404, 405, 501].contains(fault.status) {
            error.message += "; check the URL; the server may have no batch API: run without --batch"
        }
        if fault.status == 413 {
            error.message +=
                "; the batch is too large for the server: lower batch.max_bytes of the model in the configuration"
        }
        return error
    }
}
