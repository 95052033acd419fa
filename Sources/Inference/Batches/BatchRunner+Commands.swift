public import Store

/// One step with a batch of the cache, for commands.
extension BatchRunner {
    /// What a command found.
    public enum Finding: Sendable {
        /// It has ended, and its replies are in the cache.
        case ended
        case open
        /// Another process looks after it.
        case inUse
    }

    /// Takes the replies of a batch into the cache, if they are there.
    public func fetch(_ batch: StoredBatch, of model: Model) async throws -> Finding {
        guard cache.reserve(batch.lease) else { return .inUse }
        defer { cache.cancelReservation(of: batch.lease) }
        guard let stored = try cache.batch(batch.id) else { return .ended }
        var open = OpenBatch(stored, of: model, isOurs: true, at: .now)
        for _ in 0..<12 {
            let (state, misses) = (open.stored.state, open.resultMisses)
            if try await advance(&open, others: 0) { return .ended }
            // Results that cannot be used are downloaded again soon.
            if open.resultMisses > misses {
                try await Task.sleep(for: min(model.batch.pollInterval, .seconds(1)))
            } else if open.stored.state == .open, state == .open {
                break
            }
        }
        return .open
    }

    /// What has become of a batch that is cancelled.
    public enum Cancellation: Sendable {
        /// Its server, or the process that submits it, will stop.
        case requested
        /// It had ended; its replies can be fetched.
        case ended
        /// It had not been submitted, and is forgotten.
        case removed
    }

    /// Asks the server to stop working on a batch. What is done by then can be fetched, and is paid for.
    ///
    /// - Parameter isForGood: whether the runs that wait for it do not make its other requests again.
    public func cancel(
        _ batch: StoredBatch, of model: Model, isForGood: Bool = true
    ) async throws -> Cancellation {
        if isForGood { try cache.cancelBatch(batch.id) }
        let server = try server(of: model, BatchSettings.Form(rawValue: batch.api))
        do {
            guard let id = try await remoteID(of: batch, server) else {
                return try cache.batch(batch.id) == nil ? .removed : .requested
            }
            do throws(BatchServerFault) {
                try await server.cancel(id)
            } catch {
                // Servers refuse to cancel what has ended.
                guard [400, 404, 409, 422].contains(error.status), try await server.status(of: id).isEnded else {
                    throw error
                }
                return .ended
            }
            return .requested
        } catch let fault as BatchServerFault {
            throw fault.error
        }
    }

    /// What the server calls a batch. One that was not submitted is removed, if no process is about to.
    private func remoteID(of batch: StoredBatch, _ server: BatchServer) async throws -> String? {
        if let id = batch.remoteID { return id }
        guard cache.reserve(batch.lease) else { return nil }
        defer { cache.cancelReservation(of: batch.lease) }
        guard var stored = try cache.batch(batch.id), stored.remoteID == nil else {
            return try cache.batch(batch.id)?.remoteID
        }
        if stored.state == .creating {
            // What was just created may not be listed yet.
            for attempt in 0..<3 {
                if attempt > 0 { try await Task.sleep(for: min(server.model.batch.pollInterval, .seconds(2))) }
                guard let found = try await find(stored, server) else { continue }
                try accept(found, &stored)
                return found.id
            }
        }
        await server.deleteFile(named: BatchServer.fileName(stored))
        if let file = stored.inputFile { await server.deleteFile(file) }
        try cache.removeBatch(stored.id)
        return nil
    }
}

extension InferenceService {
    /// What has the requests of a server's job answered in batches; nil if no model is configured so, or there is no cache.
    ///
    /// - Parameter progress: gets the state of the batches that are open.
    public func batchRunner(
        ofJobWithin budget: BudgetLimits, progress: @escaping @Sendable (BatchRunner.OpenBatches) -> Void
    ) -> BatchRunner? {
        guard let cache, catalog.sendsJobsInBatches else { return nil }
        var options = BatchRunner.Options()
        options.isForJobs = true
        options.limits = overrides
        options.budget = budget
        options.userAgent = userAgent
        return BatchRunner(cache: cache, options, environment: environment, notice: log, progress: progress)
    }
}

extension ModelConfiguration {
    /// The configuration of the model that a batch was submitted to, as far as the cache knows it.
    public init(of batch: StoredBatch) {
        self.init(id: batch.model, url: batch.url, model: batch.name, apiKeyVariable: batch.keyVariable)
        self.batch.form = BatchSettings.Form(rawValue: batch.api)
        if let api = ModelAPI.allCases.first(where: { batch.path.hasSuffix("/" + $0.path) }) { self.api = api }
    }
}
