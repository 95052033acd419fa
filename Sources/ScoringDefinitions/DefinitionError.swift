public import JSON

/// A fault in a scoring function's definition, or in the parameters of a request: its place, what was found, and what was
/// expected.
public struct DefinitionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The path of the file or folder, or `request`.
    public var file: String
    /// The place in the file's JSON, or in the parameters of a request.
    public var pointer: JSONPointer
    /// The place of a JSON syntax error: line and column in bytes, both from 1.
    public var line: Int?
    public var column: Int?
    public var found: String
    public var expected: String
    /// A suggestion for what may have been meant.
    public var suggestion: String?

    init(
        file: String, pointer: JSONPointer = JSONPointer(), line: Int? = nil, column: Int? = nil, found: String,
        expected: String, suggestion: String? = nil
    ) {
        self.file = file
        self.pointer = pointer
        self.line = line
        self.column = column
        self.found = found
        self.expected = expected
        self.suggestion = suggestion
    }

    init(file: String, _ fault: JSONFault, suggestion: String? = nil) {
        self.init(
            file: file, pointer: fault.pointer, found: fault.found, expected: fault.expected, suggestion: suggestion)
    }

    /// One line: `my.json: /params/type: found "basci"; expected one of basic, …; did you mean "basic"?`.
    public var description: String {
        var sentence = file
        if let line, let column { sentence += ": line \(line), column \(column)" }
        if !pointer.description.isEmpty { sentence += ": \(pointer)" }
        sentence += ": found \(found); expected \(expected)"
        if let suggestion { sentence += "; did you mean \(quoted(suggestion))?" }
        return sentence
    }
}

/// All faults of a definition, or of the parameters of a request; at least one.
public struct InvalidDefinition: Error, Sendable, Hashable, CustomStringConvertible {
    public let errors: [DefinitionError]

    /// One line per fault.
    public var description: String {
        errors.map(\.description).joined(separator: "\n")
    }
}
