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
        for _ in 0..<4 {
            let state = open.stored.state
            if try await advance(&open, others: 0) { return .ended }
            if open.stored.state == .open, state == .open { break }
        }
        return .open
    }

    /// Asks the server to stop working on a batch. What is done by then can be fetched, and is paid for.
    public func cancel(_ batch: StoredBatch, of model: Model) async throws {
        guard let id = batch.remoteID else { return }
        do {
            try await server(of: model).cancel(id)
        } catch let fault as BatchServerFault {
            throw fault.error
        }
    }
}

extension InferenceService {
    /// What has the requests of a server's job answered in batches; nil if no model is configured so, or there is no cache.
    public func batchRunner(ofJobWithin budget: BudgetLimits) -> BatchRunner? {
        guard let cache, catalog.sendsJobsInBatches else { return nil }
        var options = BatchRunner.Options()
        options.isForJobs = true
        options.limits = overrides
        options.budget = budget
        options.userAgent = userAgent
        return BatchRunner(cache: cache, options, environment: environment, notice: log, progress: { _ in })
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
