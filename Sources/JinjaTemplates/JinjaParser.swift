import JSON

/// Compiles the text of a template.
struct JinjaParser {
    private let text: [Unicode.Scalar]
    private var index = 0
    private var filterCount = 0

    private static let constants: [String: JSONValue] = [
        "true": true, "True": true, "false": false, "False": false, "none": .null, "None": .null,
    ]

    init(_ text: String) {
        self.text = Array(text.unicodeScalars)
    }

    mutating func parts() throws(JinjaTemplate.Fault) -> [JinjaTemplate.Part] {
        var parts: [JinjaTemplate.Part] = []
        var literal: [Unicode.Scalar] = []
        var count = 0
        func flush() {
            if literal.isEmpty { return }
            var text = String.UnicodeScalarView()
            text.append(contentsOf: literal)
            parts.append(.text(String(text)))
            literal = []
        }
        while index < text.count {
            if take("{{") {
                if take("-") { literal.removeTrailingSpace() }
                flush()
                count += 1
                if count > JinjaTemplate.mostExpressions {
                    throw fault("the template has more than \(JinjaTemplate.mostExpressions) expressions")
                }
                parts.append(.expression(try expression()))
            } else if take("{#") {
                try comment()
            } else if has("{%") {
                throw fault(
                    "statements such as {% for %} and {% if %} are not supported; expected text and {{ expressions }}")
            } else {
                literal.append(text[index])
                index += 1
            }
        }
        // Jinja drops one line break at the end of a template.
        if literal.last == "\n" { literal.removeLast() }
        flush()
        return parts
    }

    private mutating func comment() throws(JinjaTemplate.Fault) {
        let start = index
        while index < text.count {
            if take("#}") { return }
            index += 1
        }
        index = start
        throw fault("the comment has no end, #}")
    }

    // MARK: Expressions

    private mutating func expression() throws(JinjaTemplate.Fault) -> JinjaExpression {
        skipSpace()
        var expression = JinjaExpression(head: try head())
        while true {
            skipSpace()
            if take("-}}") {
                while index < text.count, text[index].properties.isWhitespace { index += 1 }
                return expression
            }
            if take("}}") { return expression }
            guard take("|") else {
                throw fault("expected a filter (| name) or }}; operators and calls are not supported")
            }
            skipSpace()
            filterCount += 1
            if filterCount > JinjaTemplate.mostFilters {
                throw fault("the template has more than \(JinjaTemplate.mostFilters) filters")
            }
            expression.filters.append(try filter())
        }
    }

    private mutating func head() throws(JinjaTemplate.Fault) -> JinjaExpression.Head {
        if let literal = try literal() { return .constant(literal) }
        let start = index
        guard let name = self.name() else {
            throw fault("expected the name of a column or member, a string or a number")
        }
        if let constant = Self.constants[name] { return .constant(constant) }
        var steps: [JinjaExpression.Step] = []
        while true {
            if take(".") {
                guard let member = self.name() ?? digits() else { throw fault("expected a name after the dot") }
                steps.append(.member(member))
            } else if take("[") {
                skipSpace()
                if let string = try string() {
                    steps.append(.member(string))
                } else if let number = integer() {
                    steps.append(.index(number))
                } else {
                    throw fault("expected a number or a string in the brackets")
                }
                skipSpace()
                guard take("]") else { throw fault("expected ]") }
            } else {
                break
            }
        }
        if has("(") {
            index = start
            throw fault("functions cannot be called")
        }
        return .path(name, steps)
    }

    private mutating func filter() throws(JinjaTemplate.Fault) -> JinjaExpression.Filter {
        let start = index
        let name = self.name() ?? ""
        guard let kind = JinjaExpression.Filter.Kind(rawValue: name) else {
            index = start
            let known = JinjaExpression.Filter.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw fault("there is no filter \(quoted(name)); expected one of \(known)")
        }
        var arguments: [JSONValue] = []
        if take("(") {
            skipSpace()
            while !take(")") {
                // A keyword, such as indent=2, means the same as a place.
                let place = index
                if let word = self.name(), take("=") {
                    if !["value", "default_value", "d", "boolean", "attribute", "old", "new"].contains(word) {
                        index = place
                        throw fault("the argument \(quoted(word)) of \(name) is not supported")
                    }
                } else {
                    index = place
                }
                if let value = try literal() {
                    arguments.append(value)
                } else if let word = self.name(), let constant = Self.constants[word] {
                    arguments.append(constant)
                } else {
                    throw fault("expected a string, a number or a constant as an argument")
                }
                skipSpace()
                if take(",") { skipSpace() } else if !has(")") { throw fault("expected a comma or )") }
            }
        }
        guard kind.arguments.contains(arguments.count) else {
            index = start
            throw fault(
                "the filter \(name) takes \(kind.arguments.lowerBound) to \(kind.arguments.upperBound) arguments")
        }
        return JinjaExpression.Filter(kind: kind, arguments: arguments)
    }

    // MARK: Tokens

    /// A string or a number; nil if there is none.
    private mutating func literal() throws(JinjaTemplate.Fault) -> JSONValue? {
        if let string = try string() { return .string(string) }
        let start = index
        let sign = take("-") ? "-" : ""
        guard let whole = digits() else {
            index = start
            return nil
        }
        let point = index
        if take("."), let fraction = digits() { return JSONValue(Double("\(sign)\(whole).\(fraction)")) }
        index = point
        return Int(sign + whole).map { JSONValue($0) } ?? JSONValue(Double(sign + whole))
    }

    private mutating func string() throws(JinjaTemplate.Fault) -> String? {
        guard has("'") || has("\"") else { return nil }
        let start = index
        let quote = text[index]
        index += 1
        var content = String.UnicodeScalarView()
        while index < text.count {
            let scalar = text[index]
            index += 1
            if scalar == quote { return String(content) }
            guard scalar == "\\", index < text.count else {
                content.append(scalar)
                continue
            }
            let escaped = text[index]
            index += 1
            switch escaped {
            case "n": content.append("\n")
            case "t": content.append("\t")
            case "r": content.append("\r")
            case "\\", "'", "\"": content.append(escaped)
            default:
                content.append("\\")
                content.append(escaped)
            }
        }
        index = start
        throw fault("the string has no end")
    }

    private mutating func name() -> String? {
        let start = index
        while index < text.count, isName(text[index], isFirst: index == start) { index += 1 }
        if index == start { return nil }
        var name = String.UnicodeScalarView()
        name.append(contentsOf: text[start..<index])
        return String(name)
    }

    private func isName(_ scalar: Unicode.Scalar, isFirst: Bool) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic
            || !isFirst && scalar.properties.generalCategory == .decimalNumber
    }

    private mutating func digits() -> String? {
        let start = index
        while index < text.count, ("0"..."9").contains(text[index]), index - start < 18 { index += 1 }
        if index == start { return nil }
        var digits = String.UnicodeScalarView()
        digits.append(contentsOf: text[start..<index])
        return String(digits)
    }

    private mutating func integer() -> Int? {
        let start = index
        let sign = take("-") ? -1 : 1
        if let number = digits().flatMap({ Int($0) }) { return sign * number }
        index = start
        return nil
    }

    private mutating func skipSpace() {
        while index < text.count, text[index].properties.isWhitespace { index += 1 }
    }

    private func has(_ token: String) -> Bool {
        let scalars = token.unicodeScalars
        return text.count - index >= scalars.count && text[index..<index + scalars.count].elementsEqual(scalars)
    }

    private mutating func take(_ token: String) -> Bool {
        guard has(token) else { return false }
        index += token.unicodeScalars.count
        return true
    }

    private func fault(_ message: String) -> JinjaTemplate.Fault {
        JinjaTemplate.Fault(position: index + 1, message: message)
    }
}

extension [Unicode.Scalar] {
    fileprivate mutating func removeTrailingSpace() {
        while let last, last.properties.isWhitespace { removeLast() }
    }
}
