/// Reads the text of a ``ColumnPath``, by Unicode scalars: a combining mark makes another character of a quote.
struct ColumnPathParser {
    private let characters: [Unicode.Scalar]
    private var position = 0

    /// The root and the steps of a text that has a `.`, `[` or `/` in it.
    static func parse(_ text: String) throws(ColumnPath.Fault) -> (root: String, steps: [ColumnPath.Step]) {
        if text.unicodeScalars.first == "/" { return try pointer(text) }
        var parser = ColumnPathParser(characters: Array(text.unicodeScalars))
        return try parser.path()
    }

    /// A JSON pointer (RFC 6901).
    private static func pointer(_ text: String) throws(ColumnPath.Fault) -> (String, [ColumnPath.Step]) {
        var names: [String] = []
        var offset = 1
        for token in text.unicodeScalars.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            var name = ""
            var rest = token[...]
            while let character = rest.popFirst() {
                guard character == "~" else {
                    name.unicodeScalars.append(character)
                    continue
                }
                switch rest.popFirst() {
                case "0": name.unicodeScalars.append("~")
                case "1": name.unicodeScalars.append("/")
                default:
                    throw ColumnPath.Fault(
                        offset: offset, message: "in a JSON pointer, ~ is written ~0 and / within a name ~1")
                }
            }
            names.append(name)
            offset += token.count + 1
        }
        return (names[0], names.dropFirst().map { .member($0) })
    }

    private init(characters: [Unicode.Scalar]) {
        self.characters = characters
    }

    private var next: Unicode.Scalar? { position < characters.count ? characters[position] : nil }

    private mutating func path() throws(ColumnPath.Fault) -> (String, [ColumnPath.Step]) {
        if characters.starts(with: ["$", "."]) {
            position = 2
        } else if characters.starts(with: ["$", "["]) {
            position = 1
        }
        let root: String
        if next == "[" {
            guard case .member(let name) = try bracket() else {
                throw ColumnPath.Fault(offset: 0, message: "a path starts with the name of a column, not with a number")
            }
            root = name
        } else {
            root = try name()
        }
        var steps: [ColumnPath.Step] = []
        while let character = next {
            switch character {
            case ".":
                position += 1
                steps.append(.member(try name()))
            case "[": steps.append(try bracket())
            default: throw fault("expected a . or [ after a ]")
            }
        }
        return (root, steps)
    }

    private mutating func name() throws(ColumnPath.Fault) -> String {
        let start = position
        while let character = next, character != ".", character != "[" {
            if character == "]" { throw fault("a ] without a [ before it") }
            position += 1
        }
        if position == start {
            throw fault("a name is missing here; write a name that contains . or [ as [\"name\"]")
        }
        let name = text(from: start)
        if name == "*" {
            position = start
            throw fault("* stands for several values, but a path leads to one")
        }
        return name
    }

    /// The content of brackets: a number, or a name in quotes.
    private mutating func bracket() throws(ColumnPath.Fault) -> ColumnPath.Step {
        position += 1
        if let quote = next, quote == "\"" || quote == "'" {
            let start = position
            position += 1
            var name = ""
            while let character = next, character != quote {
                position += 1
                if character == "\\" {
                    name.unicodeScalars.append(try escape())
                } else {
                    name.unicodeScalars.append(character)
                }
            }
            guard next == quote else {
                position = start
                throw fault("this quote is not closed")
            }
            position += 1
            guard next == "]" else { throw fault("a ] is missing here") }
            position += 1
            return .member(name)
        }
        let start = position
        while let character = next, character != "]" { position += 1 }
        guard next == "]" else { throw fault("a ] is missing here") }
        let text = text(from: start)
        guard let index = Int(text), !text.hasPrefix("+") else {
            position = start
            switch text {
            case "": throw fault("a number is missing between the brackets, such as [0]")
            case "*": throw fault("* stands for several values, but a path leads to one")
            case _ where text.contains(":"): throw fault("a slice stands for several values, but a path leads to one")
            default: throw fault("expected a number in brackets, such as [0], or a name in quotes, such as [\"name\"]")
            }
        }
        position += 1
        return .element(index)
    }

    /// What an escape stands for whose backslash was read: as in JSON, and any other character for itself.
    private mutating func escape() throws(ColumnPath.Fault) -> Unicode.Scalar {
        guard let character = next else { return "\\" }
        position += 1
        switch character {
        case "b": return "\u{8}"
        case "f": return "\u{c}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u":
            let digits = String(String.UnicodeScalarView(characters[position...].prefix(4)))
            guard digits.utf8.count == 4, !digits.hasPrefix("+"),
                let scalar = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init)
            else { throw fault("\\u is followed by four hexadecimal digits of a character, such as \\u001b") }
            position += 4
            return scalar
        default: return character
        }
    }

    private func text(from start: Int) -> String {
        String(String.UnicodeScalarView(characters[start..<position]))
    }

    private func fault(_ message: String) -> ColumnPath.Fault { ColumnPath.Fault(offset: position, message: message) }
}
