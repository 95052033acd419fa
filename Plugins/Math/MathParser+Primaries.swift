import Glibc

/// Numbers, names, brackets and commands.
extension MathParser {
    mutating func group() throws(MathFault) -> Quotient {
        try expect(.mark("{"))
        let value = try sum()
        try expect(.mark("}"))
        return value
    }

    /// The argument of a command: a group, or one digit or letter.
    mutating func argument() throws(MathFault) -> Quotient {
        if next == .mark("{") { return try group() }
        return try primary()
    }

    mutating func primary() throws(MathFault) -> Quotient {
        guard let token = next else { throw .unsupported("a formula that ends early") }
        position += 1
        switch token {
        case .number(let text): return Quotient(try Self.rational(text))
        case .letter("e"): return try algebra.exponential(Quotient(.one))
        case .letter("i"): return try algebra.imaginaryUnit()
        case .letter(let letter):
            guard takes(.mark("_")) else { return try algebra.variable(String(letter)) }
            return try algebra.variable("\(letter)_\(try indexText())")
        case .mark("("), .mark("["):
            let value = try sum()
            try expect(token == .mark("(") ? .mark(")") : .mark("]"))
            return value
        case .mark("{"):
            position -= 1
            return try group()
        case .mark("|"):
            let value = try sum()
            try expect(.mark("|"))
            return try algebra.absoluteValue(value)
        case .command(let name): return try command(name)
        case .text, .mark: throw .unsupported("a formula with words or marks in it")
        }
    }

    private mutating func indexText() throws(MathFault) -> String {
        let start = position
        if takes(.mark("{")) {
            while next != nil, !takes(.mark("}")) { position += 1 }
        } else {
            position += 1
        }
        return tokens[min(start, tokens.count)..<min(position, tokens.count)].map { "\($0)" }.joined()
    }

    private mutating func command(_ name: String) throws(MathFault) -> Quotient {
        switch name {
        case "frac":
            let numerator = try argument()
            return try algebra.quotient(numerator, argument())
        case "sqrt":
            var index = 2
            if takes(.mark("[")) {
                guard let number = try sum().constant?.integer else { throw .unsupported("a root with this index") }
                try expect(.mark("]"))
                index = number
            }
            return try algebra.root(argument(), index)
        case "pi": return try algebra.pi()
        case "infty": return try algebra.variable("∞")
        case "ln": return try algebra.logarithm(functionArgument())
        case "exp": return try algebra.exponential(functionArgument())
        case "log":
            guard takes(.mark("_")) else { return try algebra.function("log", functionArgument()) { _ in nil } }
            let base = try argument()
            return try algebra.quotient(algebra.logarithm(functionArgument()), algebra.logarithm(base))
        case "sin": return try trigonometric(name) { Glibc.sin($0) }
        case "cos": return try trigonometric(name) { Glibc.cos($0) }
        case "tan": return try trigonometric(name) { Glibc.tan($0) }
        case "cot": return try trigonometric(name) { 1 / Glibc.tan($0) }
        case "sec": return try trigonometric(name) { 1 / Glibc.cos($0) }
        case "csc": return try trigonometric(name) { 1 / Glibc.sin($0) }
        case "binom":
            guard let all = try argument().constant?.integer, let chosen = try argument().constant?.integer,
                chosen >= 0,
                all >= chosen, all <= 200
            else { throw .unsupported("a binomial coefficient") }
            var result = Rational.one
            for index in 0..<min(chosen, all - chosen) {
                result = try result * Rational(Int128(all - index), Int128(index + 1))
            }
            return Quotient(result)
        case let name where Self.factors.contains(name): return try algebra.variable(name)
        default: throw .unsupported("the command \\\(name)")
        }
    }

    private mutating func trigonometric(_ name: String, _ body: (Double) -> Double) throws(MathFault) -> Quotient {
        var exponent: Quotient?
        if takes(.mark("^")) { exponent = try self.exponent() }
        let value = try algebra.function(name, functionArgument(), body)
        guard let exponent else { return value }
        // sin^{-1} is the inverse function.
        guard let power = exponent.constant?.integer, power > 0 else { throw .unsupported("a power of a function") }
        return try algebra.power(value, exponent)
    }

    /// What a function is applied to: brackets, or factors without brackets.
    private mutating func functionArgument() throws(MathFault) -> Quotient {
        if next == .mark("(") || next == .mark("{") || next == .mark("[") { return try power() }
        var result = try power()
        while case .letter? = next { result = try algebra.product(result, power()) }
        return result
    }

    private static func rational(_ text: String) throws(MathFault) -> Rational {
        let parts = text.split(separator: "e", omittingEmptySubsequences: false)
        let decimal = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let digits = decimal.joined()
        guard digits.utf8.count <= 38, let number = Int128(digits.isEmpty ? "0" : digits),
            let exponent = parts.count > 1 ? Int(parts[1]) : 0, exponent.magnitude <= 37
        else { throw .tooLarge }
        let power = exponent - (decimal.count > 1 ? decimal[1].utf8.count : 0)
        guard power.magnitude <= 37 else { throw .tooLarge }
        var scale = Rational.one
        for _ in 0..<power.magnitude { scale = try scale * Rational(10) }
        return try Rational(number, 1) * (power < 0 ? scale.inverse : scale)
    }
}
