public import ScoringEngine

/// Why an evaluation could not start, or had to stop.
public struct EvaluationError: Error, Sendable, Hashable, CustomStringConvertible {
    public var code: Code
    /// What was found, where, and what to do about it. Holds no secret.
    public var message: String
    /// What would mend it, for whoever knows how that is asked for, see `EngineError`.
    public var remedy: EngineError.Remedy?
    /// The member of the request or of the benchmark that is at fault, as a JSON pointer, where one is.
    public var pointer: String?

    public init(_ code: Code, _ message: String, at pointer: String? = nil) {
        self.code = code
        self.message = message
        self.pointer = pointer
    }

    public var description: String { pointer.map { "\($0): \(message)" } ?? message }

    /// A kind of failure.
    public struct Code: Hashable, Sendable {
        private enum Value {
            case invalid, unavailable, unsupported, model, dataset, output, provider, cancelled
        }
        private var value: Value

        /// The benchmark, its metadata or the request is not valid.
        public static let invalid = Code(value: .invalid)
        /// Something that the evaluation needs is not there: a provider's configuration, a dataset, a program.
        public static let unavailable = Code(value: .unavailable)
        /// The benchmark's provider cannot do this.
        public static let unsupported = Code(value: .unsupported)
        /// The candidate or a judge is not known, or its server is gone.
        public static let model = Code(value: .model)
        /// The dataset could not be read, or not to its end.
        public static let dataset = Code(value: .dataset)
        /// The results could not be written.
        public static let output = Code(value: .output)
        /// The provider's engine failed.
        public static let provider = Code(value: .provider)
        /// The evaluation was cancelled before it had a result.
        public static let cancelled = Code(value: .cancelled)
    }
}
