public import ScoringEngine

/// Why an evaluation could not start, or had to stop.
public struct EvaluationError: Error, Sendable, Hashable, CustomStringConvertible {
    public var code: Code
    /// What was found, where, and what to do about it. Contains no secrets.
    public var message: String
    /// What would solve the problem, in a form that the caller can express, see `EngineError`.
    public var remedy: EngineError.Remedy?
    /// The JSON pointer of the faulty member in the request or benchmark, if there is one.
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
        /// Something that the evaluation needs is missing: a provider's configuration, a dataset, a program.
        public static let unavailable = Code(value: .unavailable)
        /// The benchmark's provider cannot do this.
        public static let unsupported = Code(value: .unsupported)
        /// The candidate or a judge is unknown, or its server cannot be reached.
        public static let model = Code(value: .model)
        /// The dataset could not be read completely.
        public static let dataset = Code(value: .dataset)
        /// The results could not be written.
        public static let output = Code(value: .output)
        /// The provider's engine failed.
        public static let provider = Code(value: .provider)
        /// The evaluation was cancelled before it had a result.
        public static let cancelled = Code(value: .cancelled)
    }
}
