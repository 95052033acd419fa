import Concurrency
public import Inference

extension InferenceService? {
    /// Runs `body` with a service that has a request's own keys, and shuts that down afterwards; without keys, with this
    /// service itself. Blocks.
    ///
    /// - Parameter keys: keys by the environment variables that they replace.
    public func using<Value, Failure: Error>(
        keys: [String: String], _ body: (InferenceService?) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        guard !keys.isEmpty, let own = self?.authorized(with: keys) else { return try body(self) }
        defer { waiting { await own.shutDown() } }
        return try body(own)
    }
}
