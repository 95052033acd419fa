import Glibc
import Store
import Synchronization
import Web

extension BatchRunner {
    /// Takes the next step with a batch of this process.
    ///
    /// - Parameter others: how many batches of the same group are open beside it.
    /// - Returns: whether the batch has ended.
    func advance(_ batch: inout OpenBatch, others: Int) async throws -> Bool {
        guard let row = try cache.batch(batch.stored.id) else {
            // It was cancelled before it was submitted.
            release(batch.stored)
            return true
        }
        batch.stored.isCancelled = row.isCancelled
        let server = try server(of: batch.model, BatchSettings.Form(rawValue: batch.stored.api))
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
        if batch.stored.isCancelled { try refuseRequests(ofCancelled: batch.stored) }
        release(batch.stored)
        try cache.removeBatch(batch.stored.id)
    }

    /// Finds out whether the server has a batch whose process was killed while it created it.
    private func adopt(_ batch: inout OpenBatch, _ server: BatchServer) async throws -> Bool {
        do {
            if let found = try await find(batch.stored, server) {
                batch.attemptedAt = batch.stored.checkedAt
                try accept(found, &batch.stored)
                notice("batch \(batch.stored.title): found at the server, submitted by an earlier attempt")
                if batch.stored.isCancelled { try? await server.cancel(found.id) }
                batch.nextPoll = .now
                return false
            }
            batch.stored.misses += 1
            try cache.update(batch.stored)
            // Kept in the cache, because each run may ask only once.
            let age = time(nil) - (batch.stored.checkedAt ?? batch.stored.createdAt)
            if batch.stored.misses < 3, age < 600 {
                // What is just being created may not be listed yet.
                batch.postpone(at: .now, fraction: .random(in: 0...1))
                return false
            }
            guard batch.stored.inputFile != nil, !batch.stored.isCancelled else {
                if let file = batch.stored.inputFile { await server.deleteFile(file) }
                try remove(batch)
                return true
            }
            batch.stored.checkedAt = time(nil)
            try cache.update(batch.stored)
            try await create(&batch.stored, nil, server)
            return false
        } catch NotSubmitted.isOver(_, let reason) {
            notice("batch \(batch.stored.title): not submitted in time (--batch-wait): \(reason)")
            state.withLock { $0.isStopped = true }
            batch.postpone(at: .now, fraction: .random(in: 0...1))
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
                batch.stored.misses += 1
                try cache.update(batch.stored)
                let age = time(nil) - (batch.stored.submittedAt ?? batch.stored.createdAt)
                if batch.stored.misses > OpenBatch.mostMisses || (batch.stored.misses > 1 && age > 3600) {
                    notice("batch \(id): the server does not know it any more; its requests are submitted again")
                    try await resolve(&batch, server, missing: "the server lost the batch")
                    return true
                }
            } else if !fault.isTemporary {
                // A proxy may answer in place of the server for a while.
                batch.refusals += 1
                if fault.status == 401 || batch.refusals > OpenBatch.mostRefusals { throw explained(fault) }
            } else {
                batch.failures += 1
                if batch.failures == 3 { notice("batch \(id): \(fault.error.message); it is asked again") }
            }
            batch.postpone(to: fault.retryAt, at: .now, fraction: .random(in: 0...1))
            return false
        }
        (batch.stored.misses, batch.failures, batch.refusals) = (0, 0, 0)
        batch.stored.isCancelled = try cache.batch(batch.stored.id)?.isCancelled ?? batch.stored.isCancelled
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
        guard let size, size >= stored.requests else { return }
        let pause = min(batch.model.batch.pollInterval * (1 << min(refusals, 5)), .seconds(600))
        if let deadline, .now + pause > deadline {
            state.withLock { $0.isStopped = true }
        } else {
            try await Task.sleep(for: pause)
        }
    }

    private func ended(_ stored: StoredBatch, _ state: StoredBatch.State) -> StoredBatch {
        var stored = stored
        stored.state = state
        return stored
    }
}
