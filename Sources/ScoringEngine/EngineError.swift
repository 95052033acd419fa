/// Why a run could not start or had to stop.
public struct EngineError: Error, Sendable, CustomStringConvertible {
    public var code: Code
    /// What was found, and where; and what to do about it, but for the remedy.
    public var message: String
    /// What would mend it, for whoever knows how that is asked for here: with an option, or a request.
    public var remedy: Remedy?

    public init(_ code: Code, _ message: String, remedy: Remedy? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    /// Something that the user of the engine can do.
    public enum Remedy: Sendable, Hashable {
        /// To look at the scoring functions that there are.
        case listFunctions
        /// To read another column in the place of one that is not there.
        case mapColumn
        /// To read these columns, or places within them, in the place of others.
        case mapColumns([ColumnSuggestion])
        /// To say that the first row of a table is data, or to read another column in the place of one that is not there.
        case nameColumns
        /// To name the model in the role "judge".
        case nameJudge
        /// To make a model known.
        case addModel
        /// To make a plugin known.
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
        /// A function's plugin is not there or cannot be used.
        public static let plugin = Code(value: .plugin)
        /// No row has a column that a function needs.
        public static let missingColumn = Code(value: .missingColumn)
        /// The dataset could not be read, or not to its end.
        public static let dataset = Code(value: .dataset)
        /// The results could not be written.
        public static let output = Code(value: .output)
        /// A model that a function asks is not known, or its server is gone.
        public static let model = Code(value: .model)
    }
}
