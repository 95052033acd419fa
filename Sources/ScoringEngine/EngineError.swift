/// Why a run could not start or had to stop.
public struct EngineError: Error, Sendable, CustomStringConvertible {
    public var code: Code
    /// What was found, where, and what to do about it, without the remedy.
    public var message: String
    /// What would solve the problem. The caller knows how to express it: as an option, or as part of a request.
    public var remedy: Remedy?
    /// The error behind it, where there is one: a `ParameterError` with the places of all faults, say.
    public var cause: (any Error)?

    public init(_ code: Code, _ message: String, remedy: Remedy? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.cause = cause
    }

    /// An action of the engine's user.
    public enum Remedy: Sendable, Hashable {
        /// To look at the scoring functions that there are. These have a similar name, and the message asks whether one of
        /// them was meant.
        case listFunctions(near: [String])
        /// To read another column in the place of one that is not there.
        case mapColumn
        /// Map columns to these columns or paths.
        case mapColumns([ColumnSuggestion])
        /// Name the judge model.
        case nameJudge
        /// Configure a model.
        case addModel
        /// Add a plugin.
        case addPlugin
    }

    public var description: String { message }

    /// A kind of failure.
    @nonexhaustive
    public enum Code: Hashable, Sendable {
        /// No definition has the identifier.
        case unknownFunction
        /// A definition or the parameters of a request are not valid.
        case invalidDefinition
        /// A function's plugin is not there or cannot be used.
        case plugin
        /// No row has a column that a function needs.
        case missingColumn
        /// The dataset could not be read, or not to its end.
        case dataset
        /// The results could not be written.
        case output
        /// A model that a function asks is not known, or its server is gone.
        case model
    }
}
