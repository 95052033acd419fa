import Glibc
import Store
import Synchronization

/// What has become of a step that a server is asked for.
enum BatchStep {
    case done
    /// It is asked again at the next turn.
    case later
}

/// The end of a batch.
extension BatchRunner {
    func take(_ batch: inout OpenBatch, _ server: BatchServer, _ status: BatchStatus) async throws -> BatchStep {
        let results = BatchResults(batch.stored, batch.model, cache)
        if status.faults.contains(where: { $0.line != nil }) { try results.refuse(status.faults) }
        var sources: [String?] = status.files
        if server.form == .anthropic { sources = status.state == "ended" ? [nil] : [] }
        for source in sources {
            do {
                try await results.read(source, from: server)
            } catch let fault as BatchServerFault {
                if fault.error.code == .cancelled { throw CancellationError() }
                keep(results, of: &batch)
                if fault.status == 401 { throw explained(fault) }
                if fault.isTemporary {
                    batch.postpone(to: fault.retryAt, at: .now, fraction: .random(in: 0...1))
                    return .later
                }
                if try isReadAgain(&batch, BatchResults.Flaw(reason: fault.error.message, isCertain: true)) {
                    return .later
                }
            }
        }
        keep(results, of: &batch)
        if try isForeign(results, &batch, server) { return .later }
        if let flaw = results.flaw(status, server.form, hasSources: !sources.isEmpty), try isReadAgain(&batch, flaw) {
            return .later
        }
        try await resolve(&batch, server, status, results)
        return .done
    }

    /// Whether results that are not whole are downloaded again: what was paid for is not requested again.
    ///
    /// - Returns: false if what was read must do.
    /// - Throws: if there are results that cannot be read.
    private func isReadAgain(_ batch: inout OpenBatch, _ flaw: BatchResults.Flaw) throws -> Bool {
        batch.resultMisses += 1
        if batch.resultMisses <= OpenBatch.mostDownloads {
            batch.postpone(at: .now, fraction: .random(in: 0...1))
            return true
        }
        if batch.stored.isCancelled || !flaw.isCertain { return false }
        let title = batch.stored.title
        throw InferenceError(
            .badReply,
            "batch \(title) has ended, but its results cannot be used: \(flaw.reason). Nothing was deleted at the server, and "
                + "nothing is requested again: run the same command later. To give the results up, run 'assay batches cancel "
                + "\(title)'; the requests without a reply are then submitted again, and paid for again")
    }

    /// Whether a batch that was found at the server by its time and its size is another one. Then the next one is looked for.
    private func isForeign(
        _ results: BatchResults, _ batch: inout OpenBatch, _ server: BatchServer
    ) throws -> Bool {
        guard server.form == .anthropic, results.isOfOthers, let id = batch.stored.remoteID,
            try cache.openRequests(of: batch.stored.id).count == batch.stored.requests
        else { return false }
        state.withLock { _ = $0.strangers.insert(id) }
        notice("batch \(id): it holds none of the requests of this run; looking for another one")
        batch.stored.checkedAt = batch.attemptedAt ?? batch.stored.createdAt
        (batch.stored.remoteID, batch.stored.state, batch.stored.misses) = (nil, .creating, 0)
        try cache.update(batch.stored)
        batch.nextPoll = .now
        return true
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
        _ batch: inout OpenBatch, _ server: BatchServer, _ status: BatchStatus, _ results: BatchResults
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
        var counts = true
        if let fault = status.faults.first(where: { $0.line != nil }), !hasRun {
            let (group, most) = (batch.group, maxRetries(of: batch.model))
            let rounds = state.withLock { state in
                state.refusedRounds[group, default: []].insert(state.round)
                return state.refusedRounds[group]?.count ?? 0
            }
            counts = rounds > most
            if counts {
                missing.isTemporary = false
                missing.message =
                    "the server refused \(countedBatches(rounds)) in a row because of single lines, the last one because of: "
                    + excerpt(fault.message.utf8, batch.model.redaction)
            }
        }
        // What could not be read stays where it is.
        let files = results.unreadable == 0 ? status.files : []
        // What was read before is not in the batch any more.
        let ignored = batch.resultMisses == 0 ? results.ignored : 0
        let ending = hasRun && !["completed", "ended"].contains(status.state) ? " (\(status.state))" : ""
        try await resolve(&batch, server, missing, counts: counts, files: files, ignored: ignored, ending: ending)
    }

    func resolve(_ batch: inout OpenBatch, _ server: BatchServer, missing reason: String) async throws {
        try await resolve(&batch, server, .missing(reason), counts: true, files: [], ignored: 0, ending: "")
    }

    /// - Parameters:
    ///   - missing: what befell the requests without a result.
    ///   - counts: whether that was an attempt.
    ///   - ending: how the batch ended, where it was not completed.
    private func resolve(
        _ batch: inout OpenBatch, _ server: BatchServer, _ missing: BatchResult.Failure, counts: Bool,
        files: [String], ignored: Int, ending: String
    ) async throws {
        if batch.stored.isCancelled {
            // For other processes that wait for it.
            let text = BatchResult.Failure.missing("the batch was cancelled").text(batch.model.redaction)
            let keys = try cache.openRequests(of: batch.stored.id)
            _ = try cache.take([], faults: keys.map { ($0, text) }, of: batch.stored.id)
        }
        batch.stored.state = .taken
        let left = try cache.end(batch.stored)
        // Also those that a process has stored that was killed.
        let failures = try cache.faults(of: batch.stored.id).compactMapValues { BatchResult.Failure(text: $0) }
        settle(batch, failures, left: left, missing, counts: counts)
        let rest = ignored > 0 ? "; lines that do not belong to it: \(ignored)" : ""
        notice(
            "batch \(batch.stored.title)\(ending): \(batch.replies == 1 ? "1 reply" : "\(batch.replies) replies"), "
                + "\(failures.count) failed, \(left.count) without a result\(rest)")
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
                if failure.isTemporary && batch.stored.isCancelled {
                    state.failures[key] = Self.cancelled(batch.stored)
                    return
                }
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
                let server = try? BatchServer(
                    model, BatchSettings.Form(rawValue: stored.api), userAgent: options.userAgent,
                    environment: environment)
            else { continue }
            let status = if let id = stored.remoteID { try? await server.status(of: id) } else { BatchStatus?.none }
            try await cleanUp(&stored, status?.files ?? [], server)
            await server.shutDown()
        }
    }

    /// Deletes the files of a batch whose replies are stored.
    func cleanUp(_ stored: inout StoredBatch, _ files: [String], _ server: BatchServer) async throws {
        for file in [stored.inputFile].compactMap({ $0 }) + files { await server.deleteFile(file) }
        stored.state = .ended
        try cache.update(stored)
    }
}
