/// A test of paired scores that takes the place of the default one.
package enum RequestedTest: String, CaseIterable, Sendable {
    /// Student's paired t, of clusters where there are any.
    case t
    /// McNemar's test in its exact form, for scores of 0 and 1.
    case mcNemarExact = "mcnemar-exact"
    /// Sign flips that are drawn instead of being enumerated.
    case permutation
    /// Wilcoxon's signed-rank test: whether differences lie around 0 in rank.
    case wilcoxon
    /// Percentiles of resampled means: an interval, and no p value.
    case bootstrap

    /// Whether the test needs the difference of every unit.
    package var needsUnits: Bool {
        switch self {
        case .t, .mcNemarExact: false
        case .permutation, .wilcoxon, .bootstrap: true
        }
    }

    var name: PairedResult.Test {
        switch self {
        case .t: .pairedT
        case .mcNemarExact: .mcNemarExact
        case .permutation: .permutation
        case .wilcoxon: .wilcoxon
        case .bootstrap: .bootstrap
        }
    }
}

extension PairedDifferences {
    /// The comparison with the test that was asked for.
    ///
    /// - Parameters:
    ///   - units: the sum of each unit's differences and their number, in an order that does not depend on that of the
    ///     pairs; nil where there are too many, or where the test does not need them.
    ///   - bootstrap: how often, and from which seed, the test resamples.
    package func result(
        _ requested: RequestedTest, level: Double = 0.95, units: [(sum: Double, count: Int)]? = nil,
        bootstrap: Bootstrap = Bootstrap()
    ) -> PairedResult {
        var result = result(level: level)
        (result.p, result.exactP, result.test) = (nil, nil, requested.name)
        guard result.units > 1 else { return result }
        switch requested {
        case .t: setT(&result, level)
        case .mcNemarExact:
            if isBinary, !isClustered {
                result.p = table.exactP
            } else {
                result.reason = "McNemar's test is of scores of 0 and 1 without clusters"
            }
        case .permutation:
            guard let units else { break }
            result.p = sampledSignFlips(units.map(\.sum), resamples: bootstrap.resamples, seed: bootstrap.seed).p
        case .wilcoxon:
            guard let units else { break }
            result.p = WilcoxonSignedRank(units.map { $0.sum / Double(max(1, $0.count)) }).p
            result.isTooFew = false
        case .bootstrap:
            guard let units else { break }
            let estimate = bootstrap.mean(of: units)
            (result.standardError, result.interval) = (estimate.standardError, estimate.interval)
            (result.reason, result.isTooFew) = (estimate.reason, false)
        }
        return result
    }

    private func setT(_ result: inout PairedResult, _ level: Double) {
        if isClustered {
            result.test = .clusteredT
        } else {
            let estimate = Estimate.realMean(of: differences, level: level)
            (result.standardError, result.interval) = (estimate.standardError, estimate.interval)
        }
        result.isTooFew = false
        guard let error = result.standardError, let difference = result.difference else { return }
        if error > 0 {
            result.p = StudentT.twoSidedP(difference / error, degreesOfFreedom: Double(result.units - 1))
        } else if difference == 0 {
            result.p = 1
        } else {
            result.reason = "all differences are equal"
        }
    }
}
