import JSON
public import ScoringEngine

/// Why an evaluation could not start, or had to stop.
public struct EvaluationError: Error, Sendable, CustomStringConvertible {
    public var code: Code
    /// What was found, where, and what to do about it. Contains no secrets.
    public var message: String
    /// What would solve the problem, in a form that the caller can express, see `EngineError`.
    public var remedy: EngineError.Remedy?
    /// The JSON pointer of the faulty member in the request or benchmark, if there is one.
    public var pointer: String?
    /// The error behind it, where there is one.
    public var cause: (any Error)?

    public init(_ code: Code, _ message: String, at pointer: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.pointer = pointer
        self.cause = cause
    }

    /// The request or benchmark is invalid.
    init(_ fault: JSONFault) {
        self.init(.invalid, fault.message, at: fault.pointer.description)
    }

    /// The place in the candidate of the request, such as `sampling_params`; nil where the fault is elsewhere.
    public var placeInCandidate: String? {
        let start = Self.candidatePointer.description + "/"
        guard let pointer, pointer.utf8.starts(with: start.utf8) else { return nil }
        return String(pointer.dropFirst(start.count))
    }

    /// Where a request has its candidate.
    static let candidatePointer = JSONPointer("/benchmark_config/eval_candidate")

    public var description: String { pointer.map { "\($0): \(message)" } ?? message }

    /// A kind of failure.
    @nonexhaustive
    public enum Code: Hashable, Sendable {
        /// The benchmark, its metadata or the request is not valid.
        case invalid
        /// Something that the evaluation needs is not there: a provider's configuration, a dataset, a program.
        case unavailable
        /// The benchmark's provider cannot do this.
        case unsupported
        /// The candidate or a judge is not known, or its server is gone.
        case model
        /// The dataset could not be read, or not to its end.
        case dataset
        /// The results could not be written.
        case output
        /// The provider's engine failed.
        case provider
        /// The evaluation was cancelled before it had a result.
        case cancelled
    }
}

extension EvaluationError: Equatable {
    /// Whether both say the same. Their causes are not compared.
    public static func == (one: EvaluationError, other: EvaluationError) -> Bool {
        one.code == other.code && one.message == other.message && one.remedy == other.remedy
            && one.pointer == other.pointer
    }
}
