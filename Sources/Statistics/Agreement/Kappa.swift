import Glibc

/// Cohen's kappa of two raters: how much more often they agree than two would who give each category as often.
///
/// The standard error is that of J. L. Fleiss, J. Cohen and B. S. Everitt (1969).
package struct Kappa: Sendable {
    /// How far apart two categories are.
    package enum Weights: String, CaseIterable, Sendable {
        /// Any two different ones are as far apart.
        case none
        /// By the distance of their values.
        case linear
        /// By the square of that distance.
        case quadratic
    }

    /// - Parameters:
    ///   - table: counts, by the first rater's category (first index) and the second's.
    ///   - values: of the categories, for `linear` and `quadratic`; distances are those of values, not of places.
    package static func estimate(
        _ table: [[Int]], values: [Double] = [], weights: Weights = .none, level: Double = 0.95
    ) -> Estimate {
        let n = Double(table.reduce(0) { $0 + $1.reduce(0, +) })
        guard n > 0 else { return Estimate(nil, reason: "no pairs") }
        let places = table.indices
        func distance(_ i: Int, _ j: Int) -> Double {
            switch weights {
            case .none: i == j ? 0 : 1
            case .linear: (values[i] - values[j]).magnitude
            case .quadratic: (values[i] - values[j]) * (values[i] - values[j])
            }
        }
        let farthest = places.map { i in places.map { distance(i, $0) }.max() ?? 0 }.max() ?? 0
        let rows = places.map { i in Double(table[i].reduce(0, +)) / n }
        let columns = places.map { j in places.reduce(0) { $0 + Double(table[$1][j]) } / n }
        var (observed, expected) = (0.0, 0.0)
        for i in places {
            for j in places {
                observed += distance(i, j) * Double(table[i][j])
                expected += distance(i, j) * rows[i] * columns[j]
            }
        }
        guard expected > 0 else { return Estimate(nil, reason: "both used only one and the same category") }
        observed /= n
        let kappa = 1 - observed / expected
        if observed == 0 { return Estimate(1, standardError: 0, reason: "perfect agreement") }

        // Weights of agreement: 1 on the diagonal, 0 for the categories that are farthest apart.
        func weight(_ i: Int, _ j: Int) -> Double { 1 - distance(i, j) / farthest }
        let rowWeights = places.map { i in places.reduce(0) { $0 + columns[$1] * weight(i, $1) } }
        let columnWeights = places.map { j in places.reduce(0) { $0 + rows[$1] * weight($1, j) } }
        let chance = 1 - expected / farthest
        var sum = 0.0
        for i in places {
            for j in places where table[i][j] > 0 {
                let part = weight(i, j) - (rowWeights[i] + columnWeights[j]) * (1 - kappa)
                sum += Double(table[i][j]) / n * part * part
            }
        }
        let rest = kappa - chance * (1 - kappa)
        let variance = (sum - rest * rest) / (n * (1 - chance) * (1 - chance))
        guard variance > 1e-15 else { return Estimate(kappa, standardError: 0, reason: "no variance") }
        let error = variance.squareRoot()
        let half = Normal.halfWidth(level: level) * error
        let interval = Interval(level: level, lower: kappa - half, upper: kappa + half, method: .normal)
        return Estimate(kappa, standardError: error, interval: interval.clipped(to: -1...1))
    }
}
