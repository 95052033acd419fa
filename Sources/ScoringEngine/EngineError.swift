/// Why a run could not start or had to stop.
public struct EngineError: Error, Sendable, CustomStringConvertible {
    public var code: Code
    /// What was found, where, and what to do about it.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
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
