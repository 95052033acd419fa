import Store

/// What happens to requests that the cache cannot answer.
public struct BatchMode: Sendable {
    /// Receives them; nil if they are sent.
    var collector: BatchCollector?
    /// Those that are not sent again, most of them because they have failed in a batch.
    var failures: [ReplyKey: InferenceError] = [:]
    /// How often the requests that batches of this run have answered were made.
    var answered: [ReplyKey: Int] = [:]
    /// How often requests without a reply were made in batches of this run.
    var unanswered: [ReplyKey: Int] = [:]
    /// Those that are sent by themselves, also where the others are left.
    var direct: Set<ReplyKey> = []
    /// Whether requests are left for batches, of this run or a later one.
    var leavesOpen = false
    /// Whether only models whose configuration asks for it have their requests collected.
    var isForJobs = false
    /// The requests of batches of this run, and what they cost.
    var spent = (requests: 0, cost: 0.0)

    /// - Parameter collector: receives the requests; nil sends them.
    public init(collector: BatchCollector? = nil) {
        self.collector = collector
    }
}

extension InferenceSession {
    /// The answer to a request that is not sent to its model itself; nil for one that is.
    ///
    /// - Parameters:
    ///   - original: the key of the request before it was changed to what its server takes; nil: it was not.
    ///   - label: the name under which the request is counted.
    func answerOfBatch(
        to request: InferenceRequest, of model: Model, _ key: ReplyKey, original: ReplyKey? = nil, for label: String
    ) -> Result<InferenceReply, InferenceError>? {
        let mode = service.batchMode
        if let requests = mode.unanswered[key], isFirstCount(ofBatched: key) {
            count(label) { $0.requests += requests }
        }
        if let failure = mode.failures[key] { return .failure(failure) }
        if mode.leavesOpen {
            if let batch = try? service.cache?.batch(of: key) {
                return .failure(InferenceError(.notAsked, "not answered yet: the request is in batch \(batch.title)"))
            }
            if !mode.direct.contains(key), original.map({ !mode.direct.contains($0) }) ?? true {
                return .failure(
                    InferenceError(
                        .notAsked, "not sent: the time to wait for batches is over; the same command submits it"))
            }
        }
        guard let collector = mode.collector, !mode.isForJobs || model.batch.jobs else { return nil }
        do throws(UnsupportedRequest) {
            collector.add(try BatchRequest(request, of: model, key: key))
            return .failure(InferenceError(.notAsked, "not sent: the request is left for a batch"))
        } catch {
            return .failure(InferenceError(.invalidRequest, "\(model): \(error.reason)"))
        }
    }
}
