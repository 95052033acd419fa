public import JSON

/// Why runs cannot be read, written or compared.
public struct RunError: Error, Hashable, Sendable, CustomStringConvertible {
    public var message: String

    package init(_ message: String) { self.message = message }

    public var description: String { message }
}

/// Why two runs, or one function of them, are not compared.
public struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// What differs. The raw values are the names that results and `--allow` use.
    public enum Code: String, CaseIterable, Sendable {
        case noCommonRows = "no_common_rows"
        case duplicateKey = "duplicate_key"
        case missingKey = "missing_key"
        case dataDiffers = "data_differs"
        case functionDiffers = "function_differs"
        case judgeDiffers = "judge_differs"
        case noCommonFunction = "no_common_function"
        case unfinished
        case schema

        /// Whether there is something to compare in spite of it.
        public var canBeAllowed: Bool {
            switch self {
            case .dataDiffers, .functionDiffers, .judgeDiffers, .unfinished: true
            case .noCommonRows, .duplicateKey, .missingKey, .noCommonFunction, .schema: false
            }
        }
    }

    public var code: Code
    /// The function that is not compared; nil: none is.
    public var function: String?
    public var message: String
    /// The place in a definition that differs.
    public var pointer: String?
    /// What the runs have there.
    public var a: JSONValue?
    public var b: JSONValue?

    package init(
        _ code: Code, function: String? = nil, _ message: String, pointer: String? = nil, a: JSONValue? = nil,
        b: JSONValue? = nil
    ) {
        self.code = code
        self.function = function
        self.message = message
        self.pointer = pointer
        self.a = a
        self.b = b
    }

    public var description: String { (function.map { "\($0): " } ?? "") + message }
}
