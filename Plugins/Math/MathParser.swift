/// Reads a formula.
struct MathParser {
    let tokens: [MathToken]
    var position = 0
    private var depth = 0
    let algebra: Algebra
    /// The sign that ± stands for.
    private let sign: Int

    /// Nested more deeply, a formula is refused.
    private static let deepest = 60
    /// With more tokens, it is refused.
    private static let mostTokens = 2000

    /// The value of a formula. `algebra` learns its names.
    static func value(of text: String, _ algebra: Algebra) throws(MathFault) -> MathValue {
        let tokens = try MathTokenizer.tokens(of: text)
        guard tokens.count <= mostTokens else { throw .tooLarge }
        // x = ±2 is two answers.
        guard tokens.contains(.command("pm")) else { return try value(of: tokens, sign: 1, algebra) }
        return .list([
            try value(of: tokens, sign: 1, algebra), try value(of: tokens, sign: -1, algebra),
        ])
    }

    private static func value(
        of tokens: [MathToken], sign: Int, _ algebra: Algebra
    ) throws(MathFault) -> MathValue {
        var parser = MathParser(tokens: tokens, algebra: algebra, sign: sign)
        let value = try parser.all()
        guard parser.position == tokens.count else { throw .unsupported("text after a formula") }
        return value
    }

    private init(tokens: [MathToken], algebra: Algebra, sign: Int) {
        (self.tokens, self.algebra, self.sign) = (tokens, algebra, sign)
    }

    var next: MathToken? { position < tokens.count ? tokens[position] : nil }

    mutating func takes(_ token: MathToken) -> Bool {
        guard next == token else { return false }
        position += 1
        return true
    }

    mutating func expect(_ token: MathToken) throws(MathFault) {
        guard takes(token) else { throw .unsupported("a bracket that does not close") }
    }

    // MARK: Lists and relations

    private mutating func all() throws(MathFault) -> MathValue {
        if tokens.isEmpty { throw .unsupported("an empty formula") }
        // Words alone.
        let words = tokens.compactMap { if case .text(let text) = $0 { text } else { nil } }
        if words.count == tokens.count {
            position = tokens.count
            return .text(words.joined(separator: " "))
        }
        let elements = try elements(until: nil)
        return elements.count == 1 ? elements[0] : .list(elements)
    }

    /// Relations with commas or semicolons between.
    private mutating func elements(until close: MathToken?) throws(MathFault) -> [MathValue] {
        var elements: [MathValue] = []
        if let close, next == close { return elements }
        repeat {
            // A comma before "and".
            if next == .mark(",") || (next == close && close != nil) { continue }
            if next == nil { break }
            elements.append(try relation())
        } while takes(.mark(",")) || takes(.mark(";"))
        return elements
    }

    private mutating func relation() throws(MathFault) -> MathValue {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw .tooLarge }
        var sides = [try operand()]
        var relations: [Character] = []
        while let relation = takesRelation() {
            relations.append(relation)
            sides.append(try operand())
        }
        return relations.isEmpty ? sides[0] : .relation(sides: sides, relations: relations)
    }

    private mutating func takesRelation() -> Character? {
        let relation: Character
        switch next {
        case .mark("=")?: relation = "="
        case .command("approx")?: relation = "="
        case .mark("<")?: relation = "<"
        case .mark(">")?: relation = ">"
        case .command("le")?: relation = "l"
        case .command("ge")?: relation = "g"
        case .command("ne")?: relation = "!"
        case .command("in")?: relation = "∈"
        default: return nil
        }
        position += 1
        if takes(.mark("=")), relation == "<" || relation == ">" { return relation == "<" ? "l" : "g" }
        return relation
    }

    /// A side of a relation: a formula, with a percent sign or a unit, or something in brackets.
    private mutating func operand() throws(MathFault) -> MathValue {
        if case .text(let text)? = next {
            position += 1
            return .text(text)
        }
        if let value = try bracketed() {
            guard next == .command("cup") else { return value }
            var parts = [value]
            while takes(.command("cup")) {
                guard let part = try bracketed() else { throw .unsupported("a union") }
                parts.append(part)
            }
            return .union(parts)
        }
        let quotient = try sum()
        if takes(.command("%")) { return .scalar(quotient, isPercent: true, unit: nil) }
        var unit = ""
        while true {
            if case .text(let text)? = next {
                unit += text
            } else if next == .command("circ") {
                unit += "°"
            } else if bracedDegree {
                unit += "°"
                position += 3
            } else {
                break
            }
            position += 1
        }
        return .scalar(quotient, isPercent: false, unit: unit.isEmpty ? nil : unit)
    }

    /// Whether ^{\circ} follows.
    private var bracedDegree: Bool {
        position + 3 < tokens.count
            && tokens[position...(position + 3)] == [.mark("^"), .mark("{"), .command("circ"), .mark("}")]
    }

    /// A set, tuple, interval or matrix; nil for brackets that only group, and anything else.
    private mutating func bracketed() throws(MathFault) -> MathValue? {
        let start = position
        switch next {
        case .command("emptyset")?:
            position += 1
            return .set([])
        case .command("{")?, .mark("{")?:
            let isSet = next == .command("{")
            position += 1
            let close: MathToken = isSet ? .command("}") : .mark("}")
            let elements = try elements(until: close)
            try expect(close)
            // Plain braces group, unless they are all there is or have several elements.
            if isSet || elements.count != 1 || (start == 0 && position == tokens.count) { return .set(elements) }
        case .command("begin pmatrix")?, .command("begin bmatrix")?, .command("begin matrix")?: return try matrix()
        case .mark("(")?, .mark("[")?:
            let open: Character = next == .mark("(") ? "(" : "["
            position += 1
            let elements = try elements(until: nil)
            let close: Character
            if takes(.mark(")")) { close = ")" } else if takes(.mark("]")) { close = "]" } else { break }
            // One element in round brackets is that element.
            if elements.count > 1 || (open == "[" && elements.count == 1 && isEnd) {
                return .tuple(elements, open: open, close: close)
            }
        default: return nil
        }
        position = start
        return nil
    }

    private var isEnd: Bool {
        switch next {
        case nil, .mark(",")?, .mark(";")?, .mark("=")?, .mark(")")?, .mark("]")?, .command("}")?: true
        default: false
        }
    }

    private mutating func matrix() throws(MathFault) -> MathValue {
        guard case .command(let begin)? = next else { throw .unsupported("a matrix") }
        position += 1
        let end = MathToken.command(begin.replacingPrefix("begin", by: "end"))
        var rows: [[MathValue]] = [[]]
        while !takes(end) {
            if next == nil { throw .unsupported("a matrix that does not end") }
            if takes(.command("\\")) {
                if next != end { rows.append([]) }
            } else if !takes(.mark("&")) {
                rows[rows.count - 1].append(try relation())
            }
        }
        return .matrix(rows)
    }

    // MARK: Arithmetic

    mutating func sum() throws(MathFault) -> Quotient {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw .tooLarge }
        var result = try product()
        while true {
            if takes(.mark("+")) {
                result = try algebra.sum(result, product())
            } else if takes(.mark("-")) {
                result = try algebra.sum(result, algebra.negated(product()))
            } else if takes(.command("pm")) {
                let term = try product()
                result = try algebra.sum(result, sign > 0 ? term : algebra.negated(term))
            } else {
                return result
            }
        }
    }

    private mutating func product() throws(MathFault) -> Quotient {
        var result = try signed()
        while true {
            if takes(.mark("*")) {
                result = try algebra.product(result, signed())
            } else if takes(.mark("/")) || takes(.mark(":")) {
                result = try algebra.quotient(result, signed())
            } else if startsFactor {
                let wasInteger = isInteger(before: position)
                let isFraction = next == .command("frac")
                let factor = try power()
                // 1\frac{1}{2} is a mixed number.
                if wasInteger && isFraction, let fraction = factor.constant, !fraction.isInteger {
                    let isNegative = (result.constant?.numerator ?? 0) < 0
                    result = try algebra.sum(result, isNegative ? algebra.negated(factor) : factor)
                } else {
                    result = try algebra.product(result, factor)
                }
            } else {
                return result
            }
        }
    }

    /// Whether an integer stands directly before a place, as a factor of its own.
    private func isInteger(before place: Int) -> Bool {
        guard place > 0, case .number(let text) = tokens[place - 1], text.allSatisfy(\.isNumber) else { return false }
        return place == 1 || ![.mark("^"), .mark("/"), .mark("*")].contains(tokens[place - 2])
    }

    private var startsFactor: Bool {
        switch next {
        case .number?, .letter?: true
        case .mark("(")?, .mark("[")?, .mark("{")?: true
        case .command(let name)?: Self.factors.contains(name)
        default: false
        }
    }

    static let factors: Set<String> = [
        "frac", "sqrt", "pi", "sin", "cos", "tan", "cot", "sec", "csc", "ln", "log", "exp", "binom", "infty", "alpha",
        "beta", "gamma", "delta", "epsilon", "theta", "lambda", "mu", "sigma", "phi", "omega", "rho", "tau",
    ]

    private mutating func signed() throws(MathFault) -> Quotient {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw .tooLarge }
        if takes(.mark("-")) { return try algebra.negated(signed()) }
        if takes(.mark("+")) { return try signed() }
        if takes(.command("pm")) {
            let value = try signed()
            return sign > 0 ? value : try algebra.negated(value)
        }
        return try power()
    }

    mutating func power() throws(MathFault) -> Quotient {
        let isEuler = next == .letter("e")
        var base = try primary()
        while true {
            if takes(.mark("!")) {
                guard let number = base.constant?.integer, number >= 0, number <= 33 else { throw .tooLarge }
                var factorial = Rational.one
                for factor in stride(from: 2, through: number, by: 1) { factorial = try factorial * Rational(factor) }
                base = Quotient(factorial)
            } else if takes(.command("squared")) {
                base = try algebra.power(base, Quotient(Rational(2)))
            } else if takes(.command("cubed")) {
                base = try algebra.power(base, Quotient(Rational(3)))
            } else if next == .mark("^") {
                // A degree sign is a unit.
                if position + 1 < tokens.count, tokens[position + 1] == .command("circ") {
                    position += 1
                    return base
                }
                if bracedDegree { return base }
                position += 1
                let exponent = try exponent()
                base = isEuler ? try algebra.exponential(exponent) : try algebra.power(base, exponent)
            } else {
                return base
            }
        }
    }

    mutating func exponent() throws(MathFault) -> Quotient {
        if takes(.mark("-")) { return try algebra.negated(exponent()) }
        if next == .mark("{") { return try group() }
        let base = try primary()
        guard takes(.mark("^")) else { return base }
        return try algebra.power(base, exponent())
    }
}

extension String {
    fileprivate func replacingPrefix(_ prefix: String, by other: String) -> String {
        hasPrefix(prefix) ? other + dropFirst(prefix.count) : self
    }
}
