import Glibc

/// Calculates with quotients of polynomials, and knows what their generators mean.
///
/// Square roots of integers become products of roots of primes, logarithms sums of those of primes, and powers of e products
/// of powers, so that equal values get equal polynomials where no deeper identity is needed.
final class Algebra {
    private enum Kind {
        /// Nothing is known of its value.
        case variable
        case imaginary
        /// Its `index`-th power is the radicand.
        case root(index: Int, radicand: Polynomial)
        /// π, a power of e, the logarithm of a prime: no polynomial in these is zero.
        case transcendental
        /// Any other function.
        case function
    }

    private struct Generator {
        var kind: Kind
        /// nil for a variable, and for what depends on one.
        var value: Double?
    }

    /// The products of terms so far.
    private var products = 0
    /// The first is infinity, in intervals.
    private var generators = [Generator(kind: .variable, value: nil)]
    private var numbers = ["variable ∞": 0]

    static let infinity = Quotient(Polynomial(generator: 0))

    init() {}

    /// The most products of terms for a row; a tenth of a second or so.
    private static let mostProducts = 100_000
    /// The most generators of two answers.
    private static let mostGenerators = 60
    /// Larger integers are not taken apart into primes.
    private static let largestFactored: Int128 = 1_000_000_000_000

    private func number(of key: String, _ kind: Kind, _ value: Double?) throws(MathFault) -> Int {
        if let known = numbers[key] { return known }
        guard generators.count < Self.mostGenerators else { throw .tooLarge }
        numbers[key] = generators.count
        generators.append(Generator(kind: kind, value: value))
        return generators.count - 1
    }

    // MARK: Names

    func variable(_ name: String) throws(MathFault) -> Quotient {
        Quotient(Polynomial(generator: try number(of: "variable \(name)", .variable, nil)))
    }

    func imaginaryUnit() throws(MathFault) -> Quotient {
        Quotient(Polynomial(generator: try number(of: "i", .imaginary, nil)))
    }

    func pi() throws(MathFault) -> Quotient {
        Quotient(Polynomial(generator: try number(of: "π", .transcendental, .pi)))
    }

    /// Whether a quotient is a single variable.
    func isVariable(_ quotient: Quotient) -> Bool {
        guard quotient.denominator.constant == .one, quotient.numerator.terms.count == 1,
            let term = quotient.numerator.terms.first, term.value == .one, term.key.factors.count == 1,
            term.key.factors[0].exponent == 1, case .variable = generators[term.key.factors[0].generator].kind
        else { return false }
        return true
    }

    // MARK: Arithmetic

    func sum(_ one: Quotient, _ other: Quotient) throws(MathFault) -> Quotient {
        if one.denominator == other.denominator {
            return Quotient(try one.numerator + other.numerator, over: one.denominator)
        }
        let left = try product(one.numerator, other.denominator)
        let right = try product(other.numerator, one.denominator)
        return Quotient(try left + right, over: try product(one.denominator, other.denominator))
    }

    func negated(_ one: Quotient) throws(MathFault) -> Quotient {
        Quotient(try one.numerator.times(Rational(-1)), over: one.denominator)
    }

    func product(_ one: Quotient, _ other: Quotient) throws(MathFault) -> Quotient {
        try simplified(
            Quotient(
                try product(one.numerator, other.numerator), over: try product(one.denominator, other.denominator)))
    }

    func quotient(_ one: Quotient, _ other: Quotient) throws(MathFault) -> Quotient {
        if other.numerator.isZero { throw .unsupported("a division by zero") }
        return try product(one, Quotient(other.denominator, over: other.numerator))
    }

    func product(_ one: Polynomial, _ other: Polynomial) throws(MathFault) -> Polynomial {
        try reduced(try expanded(one, other))
    }

    private func expanded(_ one: Polynomial, _ other: Polynomial) throws(MathFault) -> Polynomial {
        products += one.terms.count * other.terms.count
        if products > Self.mostProducts { throw .tooLarge }
        return try one * other
    }

    /// With the denominator 1 where it is constant.
    private func simplified(_ quotient: Quotient) throws(MathFault) -> Quotient {
        guard let constant = quotient.denominator.constant, !constant.isZero, constant != .one else { return quotient }
        return Quotient(try quotient.numerator.times(constant.inverse))
    }

    /// Replaces powers of roots and of i.
    private func reduced(_ polynomial: Polynomial) throws(MathFault) -> Polynomial {
        var result = Polynomial()
        var replaced: [Polynomial] = []
        for (monomial, coefficient) in polynomial.terms {
            guard let place = monomial.factors.firstIndex(where: { $0.exponent >= exponentLimit(of: $0.generator) })
            else {
                try result.add(coefficient, monomial)
                continue
            }
            let factor = monomial.factors[place]
            let index = exponentLimit(of: factor.generator)
            var rest = monomial
            rest.factors[place].exponent %= index
            if rest.factors[place].exponent == 0 { rest.factors.remove(at: place) }
            var product = Polynomial()
            try product.add(coefficient, rest)
            let radicand = replacement(of: factor.generator)
            for _ in 0..<(factor.exponent / index) { product = try expanded(product, radicand) }
            replaced.append(product)
        }
        for product in replaced { result = try result + reduced(product) }
        return result
    }

    private func exponentLimit(of generator: Int) -> Int {
        switch generators[generator].kind {
        case .imaginary: 2
        case .root(let index, _): index
        default: .max
        }
    }

    private func replacement(of generator: Int) -> Polynomial {
        if case .root(_, let radicand) = generators[generator].kind { return radicand }
        return Polynomial(Rational(-1))
    }

    // MARK: Powers and roots

    func power(_ base: Quotient, _ exponent: Quotient) throws(MathFault) -> Quotient {
        if let exponent = exponent.constant {
            if let integer = exponent.integer { return try power(base, integer) }
            guard let index = Int(exactly: exponent.denominator), let count = Int(exactly: exponent.numerator) else {
                throw .tooLarge
            }
            return try power(try root(base, index), count)
        }
        guard let base = base.constant, base.numerator > 0, exponent.denominator.constant == .one else {
            throw .unsupported("a power with this exponent")
        }
        var result = Quotient(.one)
        for (prime, count) in try Self.factors(of: base) {
            let scaled = try exponent.numerator.times(Rational(count))
            result = try product(result, exponential("\(prime)", Double(prime), scaled))
        }
        return result
    }

    private func power(_ base: Quotient, _ exponent: Int) throws(MathFault) -> Quotient {
        if exponent < 0 { return try power(quotient(Quotient(.one), base), 0 - exponent) }
        guard exponent <= 200 else { throw .tooLarge }
        if exponent == 0, base.numerator.isZero { throw .unsupported("0^0") }
        var result = Quotient(.one)
        for _ in 0..<exponent { result = try product(result, base) }
        return result
    }

    /// e to the power of a polynomial.
    func exponential(_ exponent: Quotient) throws(MathFault) -> Quotient {
        guard exponent.denominator.constant == .one else { throw .unsupported("a power of e with this exponent") }
        return try exponential("e", exp(1), exponent.numerator)
    }

    /// The product of the powers for each term of the exponent: e^(x + y) is e^x · e^y.
    private func exponential(
        _ name: String, _ base: Double, _ exponent: Polynomial
    ) throws(MathFault) -> Quotient {
        var result = Quotient(.one)
        for (monomial, coefficient) in exponent.terms.sorted(by: { $0.value.text < $1.value.text }) {
            guard let count = Int(exactly: coefficient.numerator), let parts = Int(exactly: coefficient.denominator),
                count.magnitude <= 200
            else { throw .tooLarge }
            var unit = Polynomial()
            try unit.add(try Rational(1, Int128(parts)), monomial)
            let value = try value(of: unit).map { pow(base, $0) }
            if monomial == .one, parts == 1, name != "e", let integer = Int(name) {
                result = try product(result, power(Quotient(Rational(integer)), count))
                continue
            }
            if monomial == .one, name != "e", let integer = Int(name) {
                result = try product(result, power(try root(Quotient(Rational(integer)), parts), count))
                continue
            }
            let generator = try number(of: "\(name)^(\(unit.key))", .transcendental, value)
            result = try product(result, power(Quotient(Polynomial(generator: generator)), count))
        }
        return result
    }

    func root(_ radicand: Quotient, _ index: Int) throws(MathFault) -> Quotient {
        guard index >= 1, index <= 100 else { throw .tooLarge }
        if index == 1 { return radicand }
        if let constant = radicand.constant { return try root(constant, index) }
        // √(a/b) is √(a·b)/b.
        var inside = radicand.numerator
        for _ in 1..<index { inside = try product(inside, radicand.denominator) }
        let value = try value(of: inside).flatMap { $0 >= 0 ? pow($0, 1 / Double(index)) : nil }
        let number = try number(of: "\(index)√(\(inside.key))", .root(index: index, radicand: inside), value)
        return try quotient(Quotient(Polynomial(generator: number)), Quotient(radicand.denominator))
    }

    private func root(_ radicand: Rational, _ index: Int) throws(MathFault) -> Quotient {
        if radicand.isZero { return Quotient(.zero) }
        if radicand.numerator < 0 {
            let positive = try root(radicand.negated, index)
            if index % 2 == 1 { return try negated(positive) }
            guard index == 2 else { throw .unsupported("a root of a negative number") }
            return try product(positive, imaginaryUnit())
        }
        var result = Quotient(.one)
        for (prime, count) in try Self.factors(of: radicand) {
            // The exponent is count / index, of which whole powers come out of the root.
            let whole = Int((Double(count) / Double(index)).rounded(.down))
            result = try product(result, power(Quotient(Rational(prime)), whole))
            let rest = count - whole * index
            if rest == 0 { continue }
            let common = Int(Rational.greatestCommonDivisor(Int128(rest), Int128(index)))
            let kind = Kind.root(index: index / common, radicand: Polynomial(Rational(prime)))
            let value = pow(Double(prime), Double(common) / Double(index))
            let number = try number(of: "\(index / common)√\(prime)", kind, value)
            result = try product(result, Quotient(Polynomial(generator: number, exponent: rest / common)))
        }
        return result
    }

    /// The primes of a positive number, with exponents that are negative below the line.
    private static func factors(of number: Rational) throws(MathFault) -> [(prime: Int, count: Int)] {
        var result: [(prime: Int, count: Int)] = []
        for (side, sign) in [(number.numerator, 1), (number.denominator, -1)] {
            guard side <= largestFactored, var rest = Int(exactly: side) else { throw .tooLarge }
            var divisor = 2
            while divisor * divisor <= rest {
                var count = 0
                while rest % divisor == 0 {
                    rest /= divisor
                    count += 1
                }
                if count > 0 { result.append((divisor, sign * count)) }
                divisor += divisor == 2 ? 1 : 2
            }
            if rest > 1 { result.append((rest, sign)) }
        }
        return result
    }

    // MARK: Functions

    func logarithm(_ argument: Quotient) throws(MathFault) -> Quotient {
        if let constant = argument.constant {
            guard constant.numerator > 0 else { throw .unsupported("a logarithm of a number that is not positive") }
            var result = Quotient(.zero)
            for (prime, count) in try Self.factors(of: constant) {
                let number = try number(of: "ln \(prime)", .transcendental, log(Double(prime)))
                let term = try Polynomial(generator: number).times(Rational(count))
                result = try sum(result, Quotient(term))
            }
            return result
        }
        let e = try exponential(Quotient(.one))
        if argument.denominator.constant == .one, argument.numerator.terms.count == 1,
            let (monomial, coefficient) = argument.numerator.terms.first, coefficient == .one,
            monomial.factors.count == 1,
            e.numerator.terms.keys.first?.factors.first?.generator == monomial.factors[0].generator
        {
            return Quotient(Rational(monomial.factors[0].exponent))
        }
        return try function("ln", argument) { $0 > 0 ? log($0) : nil }
    }

    /// A function of which nothing is known but its value.
    func function(
        _ name: String, _ argument: Quotient, _ body: (Double) -> Double?
    ) throws(MathFault) -> Quotient {
        let value = try value(of: argument).flatMap(body)
        return Quotient(Polynomial(generator: try number(of: "\(name)(\(argument.key))", .function, value)))
    }

    func absoluteValue(_ argument: Quotient) throws(MathFault) -> Quotient {
        if let constant = argument.constant {
            return Quotient(constant.numerator < 0 ? try constant.negated : constant)
        }
        return try function("abs", argument) { abs($0) }
    }

    // MARK: Comparing

    /// Whether two values are equal; nil if that cannot be told.
    func areEqual(_ one: Quotient, _ other: Quotient) throws(MathFault) -> Bool? {
        let left = try product(one.numerator, other.denominator)
        let right = try product(other.numerator, one.denominator)
        let difference = try left + right.times(Rational(-1))
        if difference.isZero { return true }
        let used = one.generators.union(other.generators)
        if used.allSatisfy({ isIndependent(generators[$0].kind) }) { return false }
        // Symbols without a known relation: by value, if they have one.
        guard let size = try magnitude(of: left), let rest = try value(of: difference) else { return nil }
        if abs(rest) <= 1e-13 * size { return true }
        return abs(rest) >= 1e-9 * size ? false : nil
    }

    /// Whether one value is a rational multiple of the other, and neither is zero; nil if that cannot be told.
    func areProportional(_ one: Quotient, _ other: Quotient) throws(MathFault) -> Bool? {
        let left = try product(one.numerator, other.denominator)
        let right = try product(other.numerator, one.denominator)
        if left.isZero || right.isZero { return left.isZero && right.isZero }
        for (monomial, coefficient) in left.terms {
            guard let opposite = right.terms[monomial] else { continue }
            let factor = try coefficient * opposite.inverse
            return try areEqual(Quotient(left), Quotient(right.times(factor)))
        }
        return try areEqual(Quotient(left), Quotient(right))
    }

    /// Whether generators of this kind are zero in no polynomial but by their own relation.
    private func isIndependent(_ kind: Kind) -> Bool {
        switch kind {
        case .variable, .imaginary, .transcendental: true
        case .root(let index, let radicand): index == 2 && radicand.constant != nil
        case .function: false
        }
    }

    private func value(of quotient: Quotient) throws(MathFault) -> Double? {
        guard let top = try value(of: quotient.numerator), let bottom = try value(of: quotient.denominator), bottom != 0
        else { return nil }
        return top / bottom
    }

    private func value(of polynomial: Polynomial) throws(MathFault) -> Double? { values(of: polynomial)?.reduce(0, +) }

    private func magnitude(of polynomial: Polynomial) throws(MathFault) -> Double? {
        values(of: polynomial)?.reduce(0) { $0 + abs($1) }
    }

    private func values(of polynomial: Polynomial) -> [Double]? {
        var values: [Double] = []
        for (monomial, coefficient) in polynomial.terms {
            var value = coefficient.double
            for factor in monomial.factors {
                guard let base = generators[factor.generator].value else { return nil }
                value *= pow(base, Double(factor.exponent))
            }
            values.append(value)
        }
        // Sums in one order, whatever that of the terms.
        return values.sorted()
    }
}
