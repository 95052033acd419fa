/// Why a run could not start or had to stop.
public struct EngineError: Error, Sendable, CustomStringConvertible {
    public var code: Code
    /// What was found, where, and what to do about it, without the remedy.
    public var message: String
    /// What would solve the problem. The caller knows how to express it: as an option, or as part of a request.
    public var remedy: Remedy?

    public init(_ code: Code, _ message: String, remedy: Remedy? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    /// An action of the engine's user.
    public enum Remedy: Sendable, Hashable {
        /// List the scoring functions.
        case listFunctions
        /// Map a missing column to another one.
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
    public struct Code: Hashable, Sendable {
        private enum Value {
            case unknownFunction, invalidDefinition, plugin, missingColumn, dataset, output, model
        }
        private var value: Value

        /// No definition has the identifier.
        public static let unknownFunction = Code(value: .unknownFunction)
        /// A definition or the parameters of a request are not valid.
        public static let invalidDefinition = Code(value: .invalidDefinition)
        /// A function's plugin is missing or cannot be used.
        public static let plugin = Code(value: .plugin)
        /// No row has a column that a function needs.
        public static let missingColumn = Code(value: .missingColumn)
        /// The dataset could not be read completely.
        public static let dataset = Code(value: .dataset)
        /// The results could not be written.
        public static let output = Code(value: .output)
        /// A model that a function asks is unknown, or its server cannot be reached.
        public static let model = Code(value: .model)
    }
}
