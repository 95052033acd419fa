internal import CDistributions

/// The standard normal distribution.
package enum Normal {
    /// The z that the variable stays below with probability `p`, which lies strictly between 0 and 1.
    package static func quantile(_ p: Double) -> Double { assay_normal_quantile(p) }

    /// The probability that the variable is at least as far from 0 as `z`.
    package static func twoSidedP(_ z: Double) -> Double { min(1, 2 * assay_normal_upper_tail(z.magnitude)) }

    /// The probability that the variable is below `z`.
    package static func lowerTail(_ z: Double) -> Double { assay_normal_upper_tail(-z) }

    /// How many standard errors an interval of a level reaches to each side: 1.96 for 0.95.
    package static func halfWidth(level: Double) -> Double { quantile(0.5 + level / 2) }
}

/// Student's t distribution.
package enum StudentT {
    /// The t that the variable stays below with probability `p`, which lies strictly between 0 and 1.
    package static func quantile(_ p: Double, degreesOfFreedom: Double) -> Double {
        assay_t_quantile(p, degreesOfFreedom)
    }

    /// The probability that the variable is at least as far from 0 as `t`.
    package static func twoSidedP(_ t: Double, degreesOfFreedom: Double) -> Double {
        min(1, 2 * assay_t_upper_tail(t.magnitude, degreesOfFreedom))
    }

    /// How many standard errors an interval of a level reaches to each side.
    package static func halfWidth(level: Double, degreesOfFreedom: Double) -> Double {
        quantile(0.5 + level / 2, degreesOfFreedom: degreesOfFreedom)
    }
}

/// The chi-squared distribution.
package enum ChiSquared {
    /// The probability that the variable is at least `x`.
    package static func upperTail(_ x: Double, degreesOfFreedom: Double) -> Double {
        x <= 0 ? 1 : assay_chi_squared_upper_tail(x, degreesOfFreedom)
    }
}

/// The number of heads in `n` tosses of a fair coin.
package struct FairCoin {
    package var n: Int

    package init(tosses n: Int) { self.n = n }

    /// The probability of at most `k` heads; 0 for a negative `k`.
    package func atMost(_ k: Int) -> Double {
        k < 0 ? 0 : k >= n ? 1 : assay_fair_coin_at_most(Double(k), Double(n))
    }

    /// The probability of exactly `k` heads.
    package func exactly(_ k: Int) -> Double {
        k < 0 || k > n ? 0 : assay_fair_coin_exactly(Double(k), Double(n))
    }
}
