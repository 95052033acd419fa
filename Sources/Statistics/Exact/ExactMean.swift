/// The arithmetic mean of finite numbers, rounded once.
///
/// The sum is kept as doubles that do not overlap, as Python's `math.fsum` does (J. R. Shewchuk, "Adaptive precision
/// floating-point arithmetic and fast robust geometric predicates", 1997). The quotient is then the double nearest to the
/// true mean, the even one of two; only where the numbers are more than some 2^900 apart, or the mean is subnormal, it may be
/// the adjacent one.
package enum ExactMean {
    /// The mean; 0 of no numbers.
    package static func of(_ numbers: some Collection<Double>) -> Double {
        guard let largest = numbers.lazy.map(\.magnitude).max(), largest > 0 else { return 0 }
        let unit = powerOfTwo(near: largest)
        let scaled = numbers.map { $0 / unit }
        let count = Double(scaled.count)
        let sum = expansion(of: scaled)
        var mean = sum.reduce(0, +) / count
        // The quotient of two rounded numbers is at most a few doubles away.
        while isMean(of: sum, count, beyondMiddleOf: mean, mean.nextUp) { mean = mean.nextUp }
        while isMean(of: sum.map { -$0 }, count, beyondMiddleOf: -mean, -mean.nextDown) { mean = mean.nextDown }
        return mean * unit
    }

    /// The population standard deviation; 0 of no numbers. Never beyond the largest of their magnitudes.
    package static func deviation(of numbers: [Double]) -> Double {
        guard let largest = numbers.lazy.map(\.magnitude).max(), largest > 0 else { return 0 }
        let unit = powerOfTwo(near: largest)
        let scaled = numbers.map { $0 / unit }
        let mean = of(scaled)
        return of(scaled.map { ($0 - mean) * ($0 - mean) }).squareRoot() * unit
    }

    /// A scale that keeps sums and squares well within the range of a double; it can be divided by and multiplied with.
    private static func powerOfTwo(near number: Double) -> Double {
        Double(sign: .plus, exponent: min(max(number.exponent, -1000), 1000), significand: 1)
    }

    /// Doubles with the same exact sum as `numbers`, in ascending order, each smaller than the last bit of the next.
    private static func expansion(of numbers: [Double]) -> [Double] {
        var parts: [Double] = []
        for number in numbers {
            var number = number
            var kept = 0
            for part in parts {
                let sum = number + part
                let rounding = number.magnitude < part.magnitude ? number - (sum - part) : part - (sum - number)
                if rounding != 0 {
                    parts[kept] = rounding
                    kept += 1
                }
                number = sum
            }
            parts.removeSubrange(kept...)
            parts.append(number)
        }
        return parts
    }

    /// Whether a mean is nearer to `upper` than to `lower`, or equally near and `upper` is even.
    private static func isMean(
        of sum: [Double], _ count: Double, beyondMiddleOf lower: Double, _ upper: Double
    ) -> Bool {
        var terms = sum + sum
        for bound in [lower, upper] {
            let product = bound * count
            terms += [-product, -(-product).addingProduct(bound, count)]
        }
        guard let excess = expansion(of: terms).last(where: { $0 != 0 }) else {
            return upper.significandBitPattern & 1 == 0
        }
        return excess > 0
    }
}
