/// Reads values as BFCL converts them: by the type that a function's description states, in Java's or JavaScript's words. A
/// text that does not fit its type stays a text.
enum SourceValue {
    private typealias Text = ArraySlice<Unicode.Scalar>

    /// - Parameter elements: the described type of elements, for a list.
    /// - Returns: nil for a type that is not known or not converted.
    static func value(_ text: String, type: String, elements: String?, _ language: CallLanguage) -> CallValue? {
        language == .java ? javaValue(text, type, elements) : scriptValue(text, type, elements)
    }

    // MARK: Java

    private static func javaValue(_ text: String, _ type: String, _ elements: String?) -> CallValue? {
        switch type {
        case "byte", "short", "integer": return NumberNotation.integer(text) ?? .text(text)
        case "long": return NumberNotation.integer(text, suffixes: "lL") ?? .text(text)
        case "float": return NumberNotation.decimal(text, suffixes: "fF") ?? .text(text)
        case "double": return NumberNotation.decimal(text) ?? .text(text)
        case "boolean": return boolean(text) ?? .text(text)
        case "char", "String", "any": return .text(text)
        case "Array", "ArrayList":
            guard let list = javaList(text) else { return .text(text) }
            return values(list, elements, .java)
        case "HashMap": return javaMap(text) ?? .text(text)
        default: return nil
        }
    }

    /// The elements of `new T[]{…}`, `new ArrayList<>(Arrays.asList(…))` and `new ArrayList<>()`. A block after it, which
    /// adds elements, is not read, as in BFCL.
    private static func javaList(_ text: String) -> [Text]? {
        guard let body = afterNew(text) else { return nil }
        if body.starts(with: "ArrayList".unicodeScalars), let open = body.firstIndex(of: "(") {
            let rest = body[open...]
            if rest.starts(with: "()".unicodeScalars) { return [] }
            let opening = "(Arrays.asList(".unicodeScalars
            guard rest.starts(with: opening), rest.suffix(2).elementsEqual("))".unicodeScalars) else { return nil }
            return SourceText.parts(rest.dropFirst(opening.count).dropLast(2), .java)
        }
        guard let brackets = body.firstIndex(of: "["), body[brackets...].dropFirst().first == "]" else { return nil }
        let braces = body[(brackets + 2)...].trimmed
        guard braces.first == "{", braces.last == "}" else { return nil }
        return SourceText.parts(braces.dropFirst().dropLast(), .java)
    }

    /// `new HashMap<>()`. A block after it, which puts members in, is not read, as in BFCL.
    private static func javaMap(_ text: String) -> CallValue? {
        guard let body = afterNew(text), body.starts(with: "HashMap".unicodeScalars),
            let open = body.firstIndex(of: "("), body[open...].starts(with: "()".unicodeScalars)
        else { return nil }
        return .dict([])
    }

    private static func afterNew(_ text: String) -> Text? {
        let scalars = Array(text.unicodeScalars)[...].trimmed
        guard scalars.starts(with: "new ".unicodeScalars) else { return nil }
        return scalars.dropFirst(4).trimmed
    }

    // MARK: JavaScript

    private static func scriptValue(_ text: String, _ type: String, _ elements: String?) -> CallValue? {
        switch type {
        case "integer": return NumberNotation.integer(text) ?? .text(text)
        case "Bigint": return NumberNotation.integer(text, suffixes: "n") ?? .text(text)
        case "float": return NumberNotation.decimal(text, hasExponents: false) ?? .text(text)
        case "Boolean": return boolean(text) ?? .text(text)
        case "String", "any": return .text(text)
        case "array":
            guard let list = scriptList(Array(text.unicodeScalars)[...].trimmed) else { return .text(text) }
            return values(list, elements, .javaScript)
        case "dict": return scriptObject(Array(text.unicodeScalars)[...].trimmed, depth: 0) ?? .text(text)
        default: return nil
        }
    }

    /// The elements of `[…]` and `new Array(…)`.
    private static func scriptList(_ text: Text) -> [Text]? {
        if text.first == "[", text.last == "]" { return SourceText.parts(text.dropFirst().dropLast(), .javaScript) }
        let opening = "new Array(".unicodeScalars
        guard text.starts(with: opening), text.last == ")" else { return nil }
        return SourceText.parts(text.dropFirst(opening.count).dropLast(), .javaScript)
    }

    private static func scriptObject(_ text: Text, depth: Int) -> CallValue? {
        guard depth < 50, text.first == "{", text.last == "}",
            let parts = SourceText.parts(text.dropFirst().dropLast(), .javaScript)
        else { return nil }
        var members = NamedValues()
        for part in parts {
            guard let colon = endOfKey(part) else { return nil }
            let key = unquoted(part[..<colon].trimmed)
            let written = part[(colon + 1)...].trimmed
            let value: CallValue
            if let elements = scriptList(written) {
                value = .list(elements.map { anyValue($0.trimmed, .javaScript) })
            } else if let object = scriptObject(written, depth: depth + 1) {
                value = object
            } else {
                value = anyValue(written, .javaScript)
            }
            members.set(key, to: value)
        }
        return members.dict
    }

    /// The colon after a key, which may be in quotes.
    private static func endOfKey(_ text: Text) -> Int? {
        var quote: Unicode.Scalar?
        for position in text.indices {
            let scalar = text[position]
            if let open = quote {
                if scalar == open { quote = nil }
            } else if scalar == "\"" || scalar == "'" {
                quote = scalar
            } else if scalar == ":" {
                return position
            }
        }
        return nil
    }

    // MARK: Both

    private static func values(_ parts: [Text], _ elements: String?, _ language: CallLanguage) -> CallValue {
        var parts = parts
        // A comma after the last element.
        if parts.last?.trimmed.isEmpty == true { parts.removeLast() }
        return .list(
            parts.map { part in
                let text = part.trimmed
                guard let elements else { return anyValue(text, language) }
                if language == .javaScript, let nested = scriptList(text), elements == "array" {
                    return .list(nested.map { anyValue($0.trimmed, language) })
                }
                return value(unquoted(text), type: elements, elements: nil, language) ?? .text(text.text)
            })
    }

    /// A value whose type is not described.
    private static func anyValue(_ text: Text, _ language: CallLanguage) -> CallValue {
        let written = text.text
        if let truth = boolean(written) { return truth }
        let bare = unquoted(text)
        if bare != written { return .text(bare) }
        if language == .java {
            if let long = NumberNotation.integer(written, suffixes: "lL") { return long }
            if let float = NumberNotation.decimal(written, suffixes: "fF") { return float }
        }
        return NumberNotation.integer(written) ?? NumberNotation.decimal(written) ?? .text(written)
    }

    private static func boolean(_ text: String) -> CallValue? {
        text == "true" ? .bool(true) : text == "false" ? .bool(false) : nil
    }

    private static func unquoted(_ text: Text) -> String {
        guard text.count >= 2, let first = text.first, first == text.last, first == "\"" || first == "'" else {
            return text.text
        }
        return text.dropFirst().dropLast().text
    }
}

/// Numbers in source text.
private enum NumberNotation {
    /// - Parameter suffixes: characters of which one must follow.
    static func integer(_ text: String, suffixes: String = "") -> CallValue? {
        guard let body = body(text, suffixes), !body.isEmpty else { return nil }
        let digits = body.hasPrefix("-") ? body.dropFirst() : body[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy(\.isASCIIDigit) else { return nil }
        return CallValue(number: String(body))
    }

    static func decimal(_ text: String, suffixes: String = "", hasExponents: Bool = true) -> CallValue? {
        guard let body = body(text, suffixes) else { return nil }
        let bytes = Array(body.utf8)
        let hasSign = bytes.first == UInt8(ascii: "-")
        guard bytes.dropFirst(hasSign ? 1 : 0).first?.isASCIIDigit == true, bytes.last?.isASCIIDigit == true,
            bytes.dropFirst().allSatisfy({ $0.isASCIIDigit || (hasExponents ? ".eE+-" : ".").utf8.contains($0) }),
            !body.contains(".e"), !body.contains(".E")
        else { return nil }
        return Double(body).map { .float($0) }
    }

    private static func body(_ text: String, _ suffixes: String) -> Substring? {
        if suffixes.isEmpty { return text[...] }
        guard let last = text.last, suffixes.contains(last) else { return nil }
        return text.dropLast()
    }
}
