/// The calls in what a model wrote, in Python's syntax.
///
/// Nothing is run: literals and arithmetic between them are computed here, within 64 bits and a thousand elements.
enum PythonCalls {
    /// The calls of an answer; nil for anything but one call, or a list, tuple or set of calls.
    static func calls(in answer: String) -> [WrittenCall]? {
        var text = answer.unicodeScalars.filter { $0 != "\n" }
        if text.first != "[" { text.insert("[", at: text.startIndex) }
        if text.last != "]" { text.append("]") }
        let isOuter = { (scalar: Unicode.Scalar) in scalar == "[" || scalar == "]" || scalar == "'" }
        var inner = Array(text)[...]
        while let first = inner.first, isOuter(first) { inner = inner.dropFirst() }
        while let last = inner.last, isOuter(last) { inner = inner.dropLast() }
        // Python takes space before the first word for an indent.
        if inner.first == " " || inner.first == "\t" { return nil }
        guard let expression = PythonParser.expression(Array(inner)) else { return nil }
        switch expression {
        case .call: return call(expression).map { [$0] }
        case .tuple(let elements), .list(let elements), .set(let elements):
            var calls: [WrittenCall] = []
            for element in elements {
                guard let call = call(element) else { return nil }
                calls.append(call)
            }
            return calls
        default: return nil
        }
    }

    private static func call(_ expression: PythonExpression) -> WrittenCall? {
        guard case .call(let function, let positional, let keywords) = expression else { return nil }
        var call = WrittenCall(name: path(of: function))
        for case .dict(let members) in positional {
            for member in members {
                guard case .text(let name)? = value(of: member.key), let value = value(of: member.value) else {
                    return nil
                }
                call.arguments.set(name, to: value)
            }
        }
        for keyword in keywords {
            guard let value = value(of: keyword.value) else { return nil }
            // Of several with one name, the last counts. Unpacked arguments have no name, so no description knows them.
            call.arguments.set(keyword.name ?? "**", to: value)
        }
        return call
    }

    private static func path(of function: PythonExpression) -> String {
        switch function {
        case .name(let name): return name
        case .attribute(let base, let name):
            let path = path(of: base)
            return path.isEmpty ? name : "\(path).\(name)"
        default: return ""
        }
    }

    // MARK: Values

    private static func value(of expression: PythonExpression) -> CallValue? {
        switch expression {
        case .constant(let value): return value
        case .ellipsis: return .text("...")
        case .name(let name): return .text(name)
        case .list(let elements): return values(elements).map { .list($0) }
        case .tuple(let elements): return values(elements).map { .tuple($0) }
        case .dict(let members): return dict(members)
        case .unary(let sign, let operand): return signed(sign, operand)
        case .binary: return PythonArithmetic.value(of: expression)
        case .call(_, _, let keywords):
            if keywords.isEmpty { return .text(PythonText.text(of: expression)) }
            guard let call = call(expression) else { return nil }
            return .dict([(.text(call.name), call.arguments.dict)])
        case .subscripted: return .text(PythonText.text(of: expression))
        case .set, .attribute: return nil
        }
    }

    private static func values(_ expressions: [PythonExpression]) -> [CallValue]? {
        var values: [CallValue] = []
        for expression in expressions {
            guard let value = value(of: expression) else { return nil }
            values.append(value)
        }
        return values
    }

    private static func dict(_ members: [(key: PythonExpression, value: PythonExpression)]) -> CallValue? {
        var result: [(key: CallValue, value: CallValue)] = []
        // Keys are nearly always texts, which are found by hash.
        var places: [String: Int] = [:]
        for member in members {
            guard let key = value(of: member.key), let value = value(of: member.value) else { return nil }
            switch key {
            // Python cannot have them as keys.
            case .list, .dict: return nil
            case .text(let text):
                if let place = places[text] {
                    result[place].value = value
                } else {
                    places[text] = result.count
                    result.append((key, value))
                }
            default: result.append((key, value))
            }
        }
        return .dict(result)
    }

    private static func signed(_ sign: String, _ operand: PythonExpression) -> CallValue? {
        guard let value = value(of: operand) else { return nil }
        switch value {
        case .int(let integer): return sign == "+" ? value : .int(0 &- integer)
        case .bigInt(let digits):
            if sign == "+" { return value }
            return CallValue(number: digits.hasPrefix("-") ? String(digits.dropFirst()) : "-" + digits)
        case .float(let float): return .float(sign == "+" ? float : -float)
        case .bool(let truth): return .int(truth ? (sign == "+" ? 1 : -1) : 0)
        case .other(let text): return .other(sign + text)
        default: return nil
        }
    }
}

/// Arithmetic between literals.
enum PythonArithmetic {
    /// The most elements of a list, and characters of a text, that are computed.
    private static let most = 1000

    static func value(of expression: PythonExpression) -> CallValue? {
        switch expression {
        case .constant(let value): return value
        case .unary(let sign, let operand):
            guard let value = value(of: operand) else { return nil }
            switch value {
            case .int(let integer): return .int(sign == "-" ? 0 &- integer : integer)
            case .float(let float): return .float(sign == "-" ? -float : float)
            default: return nil
            }
        case .list(let elements):
            let values = elements.compactMap(value)
            return values.count == elements.count ? .list(values) : nil
        case .tuple(let elements):
            let values = elements.compactMap(value)
            return values.count == elements.count ? .tuple(values) : nil
        case .binary(let left, let mark, let right):
            guard let left = value(of: left), let right = value(of: right) else { return nil }
            return result(left, mark, right)
        default: return nil
        }
    }

    private static func result(_ left: CallValue, _ mark: String, _ right: CallValue) -> CallValue? {
        switch (left, mark, right) {
        case (.text(let left), "+", .text(let right)):
            return left.unicodeScalars.count + right.unicodeScalars.count <= most ? .text(left + right) : nil
        case (.list(let left), "+", .list(let right)):
            return left.count + right.count <= most ? .list(left + right) : nil
        case (.tuple(let left), "+", .tuple(let right)):
            return left.count + right.count <= most ? .tuple(left + right) : nil
        case (.text(let text), "*", .int(let count)), (.int(let count), "*", .text(let text)):
            let count = max(0, count)
            guard count <= most, text.unicodeScalars.count * count <= most else { return nil }
            return .text(String(repeating: text, count: count))
        case (.list(let list), "*", .int(let count)), (.int(let count), "*", .list(let list)):
            let count = max(0, count)
            guard count <= most, list.count * count <= most else { return nil }
            return .list(Array(repeatElement(list, count: count).joined()))
        default: break
        }
        if let left = integer(left), let right = integer(right) { return result(left, mark, right) }
        guard let left = float(left), let right = float(right) else { return nil }
        return result(left, mark, right)
    }

    private static func integer(_ value: CallValue) -> Int? {
        switch value {
        case .int(let integer): integer
        case .bool(let truth): truth ? 1 : 0
        default: nil
        }
    }

    private static func float(_ value: CallValue) -> Double? {
        if case .float(let float) = value { return float }
        return integer(value).map(Double.init)
    }

    private static func result(_ left: Int, _ mark: String, _ right: Int) -> CallValue? {
        let (value, overflow): (Int, Bool)
        switch mark {
        case "+": (value, overflow) = left.addingReportingOverflow(right)
        case "-": (value, overflow) = left.subtractingReportingOverflow(right)
        case "*": (value, overflow) = left.multipliedReportingOverflow(by: right)
        case "/": return right == 0 ? nil : .float(Double(left) / Double(right))
        case "//", "%":
            guard right != 0, !(left == .min && right == -1) else { return nil }
            let (quotient, remainder) = left.quotientAndRemainder(dividingBy: right)
            let rounds = remainder != 0 && (remainder < 0) != (right < 0)
            return .int(mark == "%" ? (rounds ? remainder + right : remainder) : (rounds ? quotient - 1 : quotient))
        case "**":
            if right < 0 { return left == 0 ? nil : power(Double(left), right).map { .float($0) } }
            return power(left, right).map { .int($0) }
        default: return nil
        }
        return overflow ? nil : .int(value)
    }

    private static func power(_ base: Int, _ exponent: Int) -> Int? {
        if base.magnitude <= 1 { return exponent == 0 || base == 1 ? 1 : base == 0 ? 0 : exponent % 2 == 0 ? 1 : -1 }
        guard exponent < 64 else { return nil }
        var result = 1
        for _ in 0..<exponent {
            let (next, overflow) = result.multipliedReportingOverflow(by: base)
            if overflow { return nil }
            result = next
        }
        return result
    }

    private static func power(_ base: Double, _ exponent: Int) -> Double? {
        guard exponent.magnitude <= 1024 else { return nil }
        var result = 1.0
        for _ in 0..<exponent.magnitude { result *= base }
        return exponent < 0 ? 1 / result : result
    }

    private static func result(_ left: Double, _ mark: String, _ right: Double) -> CallValue? {
        switch mark {
        case "+": return .float(left + right)
        case "-": return .float(left - right)
        case "*": return .float(left * right)
        case "/": return right == 0 ? nil : .float(left / right)
        case "//": return right == 0 ? nil : .float((left / right).rounded(.down))
        case "%": return right == 0 ? nil : .float(left - right * (left / right).rounded(.down))
        case "**": return Int(exactly: right).flatMap { power(left, $0) }.map { .float($0) }
        default: return nil
        }
    }
}

/// An expression as Python's `ast.unparse` prints it.
enum PythonText {
    static func text(of expression: PythonExpression) -> String {
        switch expression {
        case .name(let name): return name
        case .constant(let value): return text(of: value)
        case .ellipsis: return "..."
        case .attribute(let base, let name): return "\(text(of: base)).\(name)"
        case .call(let function, let positional, let keywords):
            let arguments =
                positional.map(text)
                + keywords.map { $0.name.map { "\($0)=" } ?? "**" }.enumerated().map {
                    $1 + text(of: keywords[$0].value)
                }
            return "\(text(of: function))(\(arguments.joined(separator: ", ")))"
        case .subscripted(let base, .tuple(let indices)) where !indices.isEmpty:
            return "\(text(of: base))[\(indices.map(text).joined(separator: ", "))]"
        case .subscripted(let base, let index): return "\(text(of: base))[\(text(of: index))]"
        case .unary(let sign, let operand): return sign + text(of: operand)
        case .binary(let left, let mark, let right): return "\(text(of: left)) \(mark) \(text(of: right))"
        case .list(let elements): return "[\(elements.map(text).joined(separator: ", "))]"
        case .tuple(let elements):
            return "(\(elements.map(text).joined(separator: ", "))\(elements.count == 1 ? "," : ""))"
        case .set(let elements): return "{\(elements.map(text).joined(separator: ", "))}"
        case .dict(let members):
            return "{\(members.map { "\(text(of: $0.key)): \(text(of: $0.value))" }.joined(separator: ", "))}"
        }
    }

    private static func text(of value: CallValue) -> String {
        switch value {
        case .none: return "None"
        case .bool(let truth): return truth ? "True" : "False"
        case .int(let integer): return String(integer)
        case .bigInt(let digits): return digits
        case .float(let float): return float.description
        case .other(let text): return text
        case .text(let text):
            let quote = text.contains("'") && !text.contains("\"") ? "\"" : "'"
            var result = quote
            for scalar in text.unicodeScalars {
                switch scalar {
                case "\\": result += "\\\\"
                case "\n": result += "\\n"
                case "\r": result += "\\r"
                case "\t": result += "\\t"
                case "'" where quote == "'": result += "\\'"
                default: result.unicodeScalars.append(scalar)
                }
            }
            return result + quote
        case .list, .tuple, .dict: return ""
        }
    }
}
