import Glibc

/// How small a difference some pairs can show, and how many pairs a difference takes.
package struct Power: Sendable {
    private let zAlpha: Double
    private let zPower: Double

    /// - Parameters:
    ///   - level: 1 less the size of the two-sided test.
    ///   - power: how often a difference is to be found.
    package init(level: Double = 0.95, power: Double = 0.8) {
        zAlpha = Normal.halfWidth(level: level)
        zPower = Normal.quantile(power)
    }

    /// The true difference that is found with this power; nil where the standard error is 0 or missing.
    package func minimumDetectable(standardError: Double?) -> Double? {
        guard let standardError, standardError > 0 else { return nil }
        return (zAlpha + zPower) * standardError
    }

    /// The pairs that a mean difference takes, for differences of a standard deviation.
    package func pairsNeeded(standardDeviation: Double?, difference: Double) -> Int? {
        guard let standardDeviation, standardDeviation > 0, difference != 0 else { return nil }
        let root = (zAlpha + zPower) * standardDeviation / difference
        return Self.whole(root * root)
    }

    /// The pairs that a difference of two shares takes, where a share of them is discordant (R. J. Connor, 1987).
    package func pairsNeeded(discordant: Double, difference: Double) -> Int? {
        guard difference != 0, discordant >= difference.magnitude else { return nil }
        let root =
            (zAlpha * discordant.squareRoot()
                + zPower * max(0, discordant - difference * difference).squareRoot()) / difference
        return Self.whole(root * root)
    }

    /// The questions that a difference takes with several samples of each: (zα + zβ)² (ω² + σ²_A/K_A + σ²_B/K_B) / D²
    /// (E. Miller, "Adding error bars to evals", 2024).
    package func questionsNeeded(
        between: Double, withinA: Double, samplesA: Int, withinB: Double, samplesB: Int, difference: Double
    ) -> Int? {
        let variance = between + withinA / Double(samplesA) + withinB / Double(samplesB)
        return pairsNeeded(standardDeviation: variance.squareRoot(), difference: difference)
    }

    private static func whole(_ count: Double) -> Int? { Int(exactly: count.rounded(.up)) }
}
