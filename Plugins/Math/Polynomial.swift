/// A sum of rational multiples of products of generators: variables, roots, π, powers of e, …
struct Polynomial: Equatable {
    /// A product of powers of generators, in order of their numbers.
    struct Monomial: Hashable {
        var factors: [Factor] = []

        struct Factor: Hashable {
            var generator: Int
            /// Positive.
            var exponent: Int
        }

        static let one = Monomial()
    }

    /// Without zeros.
    private(set) var terms: [Monomial: Rational] = [:]

    /// The most terms, and the highest exponent. Multiplying takes time in proportion to the product of the numbers of terms.
    private static let mostTerms = 400
    private static let highestExponent = 200

    init() {}

    init(_ constant: Rational) {
        if !constant.isZero { terms[.one] = constant }
    }

    init(generator: Int, exponent: Int = 1) {
        terms[Monomial(factors: [.init(generator: generator, exponent: exponent)])] = .one
    }

    var isZero: Bool { terms.isEmpty }

    /// The value of a polynomial without generators.
    var constant: Rational? {
        if terms.isEmpty { return .zero }
        return terms.count == 1 ? terms[.one] : nil
    }

    var generators: Set<Int> { Set(terms.keys.flatMap { $0.factors.map(\.generator) }) }

    mutating func add(_ coefficient: Rational, _ monomial: Monomial) throws(MathFault) {
        let sum = try (terms[monomial] ?? .zero) + coefficient
        terms[monomial] = sum.isZero ? nil : sum
        if terms.count > Self.mostTerms { throw .tooLarge }
    }

    static func + (one: Polynomial, other: Polynomial) throws(MathFault) -> Polynomial {
        var sum = one
        for (monomial, coefficient) in other.terms { try sum.add(coefficient, monomial) }
        return sum
    }

    func times(_ factor: Rational) throws(MathFault) -> Polynomial {
        var result = Polynomial()
        for (monomial, coefficient) in terms { try result.add(coefficient * factor, monomial) }
        return result
    }

    /// The product, before powers of roots are replaced.
    static func * (one: Polynomial, other: Polynomial) throws(MathFault) -> Polynomial {
        var product = Polynomial()
        for (left, a) in one.terms {
            for (right, b) in other.terms { try product.add(a * b, Self.product(left, right)) }
        }
        return product
    }

    private static func product(_ one: Monomial, _ other: Monomial) throws(MathFault) -> Monomial {
        var factors: [Monomial.Factor] = []
        var (i, j) = (0, 0)
        while i < one.factors.count || j < other.factors.count {
            if j == other.factors.count
                || (i < one.factors.count && one.factors[i].generator < other.factors[j].generator)
            {
                factors.append(one.factors[i])
                i += 1
            } else if i == one.factors.count || other.factors[j].generator < one.factors[i].generator {
                factors.append(other.factors[j])
                j += 1
            } else {
                var factor = one.factors[i]
                factor.exponent += other.factors[j].exponent
                factors.append(factor)
                (i, j) = (i + 1, j + 1)
            }
        }
        if factors.contains(where: { $0.exponent > highestExponent }) { throw .tooLarge }
        return Monomial(factors: factors)
    }

    /// The same text for the same polynomial, among those with the same generators.
    var key: String {
        terms.map { monomial, coefficient in
            let factors = monomial.factors.map { "g\($0.generator)^\($0.exponent)" }
            return ([coefficient.text] + factors).joined(separator: "*")
        }.sorted().joined(separator: "+")
    }
}

/// A polynomial over another.
struct Quotient {
    var numerator: Polynomial
    var denominator: Polynomial

    init(_ numerator: Polynomial, over denominator: Polynomial = Polynomial(.one)) {
        self.numerator = numerator
        self.denominator = denominator
    }

    init(_ constant: Rational) { self.init(Polynomial(constant)) }

    /// The value of a quotient without generators.
    var constant: Rational? {
        guard let top = numerator.constant, let bottom = denominator.constant else { return nil }
        guard let inverse = try? bottom.inverse else { return nil }
        return try? top * inverse
    }

    var generators: Set<Int> { numerator.generators.union(denominator.generators) }
    var key: String { "(\(numerator.key))/(\(denominator.key))" }
}
