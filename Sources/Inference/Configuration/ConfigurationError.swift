public import JSON

/// A fault in a configuration file: its place, what was found, and what was expected.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    public var file: String
    /// The place in the file's JSON.
    public var pointer: JSONPointer
    /// The place of a JSON syntax error: line and column in bytes, both from 1.
    public var line: Int?
    public var column: Int?
    public var found: String
    public var expected: String

    package init(
        file: String, pointer: JSONPointer = JSONPointer(), line: Int? = nil, column: Int? = nil, found: String,
        expected: String
    ) {
        self.file = file
        self.pointer = pointer
        self.line = line
        self.column = column
        self.found = found
        self.expected = expected
    }

    package init(file: String, _ fault: JSONFault) {
        self.init(file: file, pointer: fault.pointer, found: fault.found, expected: fault.expected)
    }

    /// One line: `assay.json: /models/0/url: found 7; expected a string`.
    public var description: String {
        var sentence = file
        if let line, let column { sentence += ": line \(line), column \(column)" }
        if !pointer.description.isEmpty { sentence += ": \(pointer)" }
        return sentence + ": found \(found); expected \(expected)"
    }
}
