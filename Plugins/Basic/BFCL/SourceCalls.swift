/// A programming language in whose syntax calls are written.
enum CallLanguage: String {
    case python = "Python"
    case java = "Java"
    case javaScript = "JavaScript"
}

/// The call in what a model wrote in the syntax of Java or JavaScript: `Name(parameter=value, …)`.
enum SourceCall {
    /// A call whose values are texts, as they were written; quotes around a whole value are off.
    struct Call {
        var name: String
        var arguments: [(name: String, value: String)]
    }

    /// The call of an answer; nil if it is anything else. Linear in the length of the answer.
    static func call(in answer: String, _ language: CallLanguage) -> Call? {
        var source = Array(answer.unicodeScalars)[...]
        if source.first == "[" { source = source.dropFirst() }
        if source.last == "]" { source = source.dropLast() }
        source = source.trimmed
        while source.last == ";" { source = source.dropLast().trimmed }
        guard let open = source.firstIndex(of: "("), source.last == ")" else { return nil }
        let name = source[..<open].trimmed
        guard isPath(name), let parts = SourceText.parts(source[(open + 1)..<(source.endIndex - 1)], language) else {
            return nil
        }
        var call = Call(name: name.text, arguments: [])
        var seen: Set<String> = []
        for part in parts {
            let part = part.trimmed
            guard !part.isEmpty else { return nil }
            if let (parameter, value) = assignment(part) {
                guard seen.insert(parameter).inserted else { return nil }
                call.arguments.append((parameter, unquoted(value, language)))
            } else if isPath(part) {
                // A name without a parameter is no argument that a description knows.
                return nil
            }
        }
        return call
    }

    private static func assignment(_ part: ArraySlice<Unicode.Scalar>) -> (String, ArraySlice<Unicode.Scalar>)? {
        guard let equals = part.firstIndex(of: "="), equals + 1 < part.endIndex, part[equals + 1] != "=",
            part[equals + 1] != ">"
        else { return nil }
        let name = part[..<equals].trimmed
        let value = part[(equals + 1)...].trimmed
        return isPath(name) && !value.isEmpty ? (name.text, value) : nil
    }

    /// Names with periods between.
    private static func isPath(_ text: ArraySlice<Unicode.Scalar>) -> Bool {
        var startsName = true
        for scalar in text {
            if scalar == "." {
                guard !startsName else { return false }
                startsName = true
            } else {
                guard scalar.isWordCharacter || scalar == "$", !startsName || !scalar.isDecimalDigit else {
                    return false
                }
                startsName = false
            }
        }
        return !startsName
    }

    private static func unquoted(_ value: ArraySlice<Unicode.Scalar>, _ language: CallLanguage) -> String {
        guard value.count >= 2, let first = value.first, first == value.last, first == "\"" || first == "'" else {
            return value.text
        }
        return value.dropFirst().dropLast().text
    }
}

/// Takes a list of source text apart at its commas.
enum SourceText {
    /// The parts between commas outside quotes and brackets; nil if these do not match.
    static func parts(
        _ text: ArraySlice<Unicode.Scalar>, _ language: CallLanguage
    ) -> [ArraySlice<Unicode.Scalar>]? {
        var parts: [ArraySlice<Unicode.Scalar>] = []
        var open: [Unicode.Scalar] = []
        var start = text.startIndex
        var position = text.startIndex
        // The word before white space.
        var word: Range<Int>?
        // Where the type arguments end that are being skipped: new HashMap<String, Object>().
        var typesEnd = text.startIndex
        while position < text.endIndex {
            let scalar = text[position]
            if scalar.isWordCharacter, position >= typesEnd {
                // Two words in a row are no expression, but for `new Name`.
                if let word, !text[word].elementsEqual("new".unicodeScalars) { return nil }
                let start = position
                while position < text.endIndex, text[position].isWordCharacter { position += 1 }
                let end = position
                while position < text.endIndex, text[position].isWhiteSpace { position += 1 }
                word = position > end ? start..<end : nil
                continue
            }
            word = nil
            switch scalar {
            case "\"", "'", "`":
                guard let end = endOfQuote(text, position) else { return nil }
                position = end
                continue
            case "(", "[", "{": open.append(scalar)
            case ")", "]", "}":
                guard let opening = open.popLast(), matches(opening, scalar) else { return nil }
            case "<" where language == .java && position >= typesEnd:
                typesEnd = endOfTypes(text, position) ?? typesEnd
            case "," where open.isEmpty && position >= typesEnd:
                parts.append(text[start..<position])
                start = position + 1
            default: break
            }
            position += 1
        }
        guard open.isEmpty else { return nil }
        if !text[start...].trimmed.isEmpty || !parts.isEmpty { parts.append(text[start...]) }
        return parts
    }

    private static func matches(_ open: Unicode.Scalar, _ close: Unicode.Scalar) -> Bool {
        switch (open, close) {
        case ("(", ")"), ("[", "]"), ("{", "}"): true
        default: false
        }
    }

    private static func endOfQuote(_ text: ArraySlice<Unicode.Scalar>, _ start: Int) -> Int? {
        var position = start + 1
        while position < text.endIndex {
            if text[position] == text[start] { return position + 1 }
            position += text[position] == "\\" ? 2 : 1
        }
        return nil
    }

    /// The end of `<String, List<Integer>>`; nil if that does not begin here. Looks at 200 characters at most.
    private static func endOfTypes(_ text: ArraySlice<Unicode.Scalar>, _ start: Int) -> Int? {
        var depth = 0
        for position in start..<min(text.endIndex, start + 200) {
            switch text[position] {
            case "<": depth += 1
            case ">":
                depth -= 1
                if depth == 0 { return position + 1 }
            case ",", " ", ".", "?", "[", "]": break
            case let scalar where scalar.isWordCharacter: break
            default: return nil
            }
        }
        return nil
    }
}

extension ArraySlice<Unicode.Scalar> {
    var text: String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: self)
        return String(view)
    }

    var trimmed: ArraySlice<Unicode.Scalar> {
        var text = self
        while let first = text.first, first.isWhiteSpace { text = text.dropFirst() }
        while let last = text.last, last.isWhiteSpace { text = text.dropLast() }
        return text
    }
}
