/// A Python expression of the kind that calls have as arguments.
indirect enum PythonExpression {
    case name(String)
    case constant(CallValue)
    case ellipsis
    case attribute(PythonExpression, String)
    case call(PythonExpression, [PythonExpression], keywords: [(name: String?, value: PythonExpression)])
    case subscripted(PythonExpression, PythonExpression)
    case unary(String, PythonExpression)
    case binary(PythonExpression, String, PythonExpression)
    case list([PythonExpression])
    case tuple([PythonExpression])
    case set([PythonExpression])
    case dict([(key: PythonExpression, value: PythonExpression)])
}

/// Reads a Python expression: names, literals, displays, calls, subscripts, and arithmetic. Anything else is refused.
struct PythonParser {
    private let tokens: [PythonToken]
    private var position = 0
    private var depth = 0

    /// Nested more deeply, an expression is refused.
    private static let deepest = 100

    /// The expression that a text is; nil if it is none of these.
    static func expression(_ text: [Unicode.Scalar]) -> PythonExpression? {
        guard let tokens = PythonTokenizer.tokens(of: text) else { return nil }
        var parser = PythonParser(tokens: tokens)
        guard let expression = parser.expressions(), parser.position == tokens.count else { return nil }
        return expression
    }

    private init(tokens: [PythonToken]) {
        self.tokens = tokens
    }

    private var next: PythonToken? { position < tokens.count ? tokens[position] : nil }

    private mutating func takes(_ mark: String) -> Bool {
        guard next == .mark(mark) else { return false }
        position += 1
        return true
    }

    /// An expression, or several with commas between, which are a tuple.
    private mutating func expressions() -> PythonExpression? {
        guard let first = sum() else { return nil }
        guard next == .mark(",") else { return first }
        var elements = [first]
        while takes(",") {
            guard position < tokens.count, let element = sum() else { break }
            elements.append(element)
        }
        return .tuple(elements)
    }

    // MARK: Arithmetic

    private mutating func sum() -> PythonExpression? {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { return nil }
        return operation(["+", "-"]) { $0.operation(["*", "/", "//", "%"]) { $0.factor() } }
    }

    private mutating func operation(
        _ operators: [String], _ operand: (inout PythonParser) -> PythonExpression?
    ) -> PythonExpression? {
        guard var result = operand(&self) else { return nil }
        var length = 0
        while case .mark(let mark)? = next, operators.contains(mark) {
            position += 1
            length += 1
            // Each makes the expression deeper.
            guard length <= Self.deepest, let right = operand(&self) else { return nil }
            result = .binary(result, mark, right)
        }
        return result
    }

    private mutating func factor() -> PythonExpression? {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 2 * Self.deepest else { return nil }
        if case .mark(let mark)? = next, mark == "-" || mark == "+" {
            position += 1
            return factor().map { .unary(mark, $0) }
        }
        guard let base = primary() else { return nil }
        guard takes("**") else { return base }
        return factor().map { .binary(base, "**", $0) }
    }

    // MARK: Primaries

    private mutating func primary() -> PythonExpression? {
        guard var result = atom() else { return nil }
        var length = 0
        while true {
            length += 1
            guard length <= Self.deepest else { return nil }
            if takes(".") {
                guard case .name(let name)? = next, !Self.reserved.contains(name) else { return nil }
                position += 1
                result = .attribute(result, name)
            } else if takes("(") {
                guard let call = arguments(of: result) else { return nil }
                result = call
            } else if takes("[") {
                guard let index = expressions(), takes("]") else { return nil }
                result = .subscripted(result, index)
            } else {
                return result
            }
        }
    }

    private mutating func arguments(of function: PythonExpression) -> PythonExpression? {
        var positional: [PythonExpression] = []
        var keywords: [(name: String?, value: PythonExpression)] = []
        while !takes(")") {
            if takes("**") {
                guard let value = sum() else { return nil }
                keywords.append((nil, value))
            } else if case .name(let name)? = next, position + 1 < tokens.count, tokens[position + 1] == .mark("=") {
                position += 2
                guard !Self.reserved.contains(name), !Self.constants.contains(name), let value = sum()
                else { return nil }
                keywords.append((name, value))
            } else {
                guard let value = sum(), keywords.isEmpty else { return nil }
                positional.append(value)
            }
            if !takes(",") {
                guard takes(")") else { return nil }
                break
            }
        }
        return .call(function, positional, keywords: keywords)
    }

    private mutating func atom() -> PythonExpression? {
        guard let token = next else { return nil }
        position += 1
        switch token {
        case .name("True"): return .constant(.bool(true))
        case .name("False"): return .constant(.bool(false))
        case .name("None"): return .constant(.none)
        case .name(let name): return Self.reserved.contains(name) ? nil : .name(name)
        case .number(let text): return PythonNumber.value(of: text).map { .constant($0) }
        case .text(var text):
            while case .text(let more)? = next {
                text += more
                position += 1
            }
            if case .bytes? = next { return nil }
            return .constant(.text(text))
        case .bytes(let text):
            while case .bytes? = next { position += 1 }
            return .constant(.other(text))
        case .mark("..."): return .ellipsis
        case .mark("("):
            if takes(")") { return .tuple([]) }
            guard let inner = expressions(), takes(")") else { return nil }
            return inner
        case .mark("["): return elements(until: "]").map { .list($0) }
        case .mark("{"): return members()
        case .mark: return nil
        }
    }

    private mutating func elements(until close: String) -> [PythonExpression]? {
        var elements: [PythonExpression] = []
        while !takes(close) {
            guard let element = sum() else { return nil }
            elements.append(element)
            if !takes(",") { return takes(close) ? elements : nil }
        }
        return elements
    }

    /// A dictionary, or a set.
    private mutating func members() -> PythonExpression? {
        if takes("}") { return .dict([]) }
        guard let first = sum() else { return nil }
        guard takes(":") else {
            guard takes(",") else { return takes("}") ? .set([first]) : nil }
            return elements(until: "}").map { .set([first] + $0) }
        }
        guard let value = sum() else { return nil }
        var members = [(key: first, value: value)]
        while !takes("}") {
            guard takes(",") else { return nil }
            if takes("}") { break }
            guard let key = sum(), takes(":"), let value = sum() else { return nil }
            members.append((key, value))
        }
        return .dict(members)
    }

    private static let constants: Set = ["True", "False", "None"]

    private static let reserved: Set = [
        "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
        "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass",
        "raise",
        "return", "try", "while", "with", "yield",
    ]
}

/// Python's notations of numbers.
enum PythonNumber {
    /// The value; nil if the text is not a number.
    static func value(of text: String) -> CallValue? {
        var digits = text
        if text.utf8.contains(UInt8(ascii: "_")) {
            // Between digits only, and after the prefix of a base.
            guard !text.hasSuffix("_"), !text.contains("__"), !text.contains("_."), !text.contains("._") else {
                return nil
            }
            digits.removeAll { $0 == "_" }
        }
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.lowercased().hasPrefix(prefix) {
            return Int(digits.dropFirst(2), radix: radix).map { .int($0) }
        }
        if digits.hasSuffix("j") || digits.hasSuffix("J") {
            return Double(digits.dropLast()) == nil ? nil : .other(digits)
        }
        guard digits.utf8.allSatisfy({ $0.isASCIIDigit || ".eE+-".utf8.contains($0) }) else { return nil }
        if digits.utf8.allSatisfy(\.isASCIIDigit) {
            // Python refuses 012, but not 00.
            let significant = digits.drop { $0 == "0" }
            guard significant.isEmpty || significant.count == digits.count else { return nil }
            return CallValue(number: significant.isEmpty ? "0" : digits)
        }
        guard let float = Double(digits.hasPrefix(".") ? "0" + digits : digits) ?? Double(digits.replacingPoint) else {
            return nil
        }
        return .float(float)
    }
}

extension String {
    /// `1.` and `1.e5` with a zero after the point.
    fileprivate var replacingPoint: String {
        guard let point = firstIndex(of: ".") else { return self }
        return self[...point] + "0" + self[index(after: point)...]
    }
}
