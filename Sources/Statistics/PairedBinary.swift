import Glibc

/// Two runs that were right or wrong about the same questions.
package struct PairedBinary: Hashable, Sendable {
    package var both = 0
    /// A is right, B is wrong.
    package var onlyA = 0
    /// B is right, A is wrong.
    package var onlyB = 0
    package var neither = 0

    package init(both: Int = 0, onlyA: Int = 0, onlyB: Int = 0, neither: Int = 0) {
        self.both = both
        self.onlyA = onlyA
        self.onlyB = onlyB
        self.neither = neither
    }

    package var count: Int { both + onlyA + onlyB + neither }

    /// B's share minus A's.
    package var difference: Double? {
        count > 0 ? (Double(onlyB) - Double(onlyA)) / Double(count) : nil
    }

    /// Nil for fewer than two pairs.
    package var standardError: Double? {
        guard count > 1, let difference else { return nil }
        let n = Double(count)
        let squares = Double(onlyA + onlyB) - n * difference * difference
        return (max(0, squares) / (n - 1)).squareRoot() / n.squareRoot()
    }

    /// McNemar's test, two-sided: of the pairs that differ, are those that A won and those that B won as frequent?
    /// The mid-p of its exact form (M. W. Fagerland, S. Lydersen, P. Laake, 2013).
    package var p: Double {
        let coin = FairCoin(tosses: onlyA + onlyB)
        let fewer = min(onlyA, onlyB)
        if onlyA == onlyB { return 1 }
        return min(1, 2 * coin.atMost(fewer) - coin.exactly(fewer))
    }

    /// The same in its exact form, which is never too small, and too large more often.
    package var exactP: Double {
        let coin = FairCoin(tosses: onlyA + onlyB)
        return onlyA == onlyB ? 1 : min(1, 2 * coin.atMost(min(onlyA, onlyB)))
    }

    /// The interval of the difference (R. G. Newcombe, "Improved confidence intervals for the difference between
    /// binomial proportions based on paired data", 1998, method 10).
    package func interval(level: Double = 0.95) -> Interval? {
        guard count > 0, let difference else { return nil }
        let n = Double(count)
        let (a, b) = (Double(both + onlyA) / n, Double(both + onlyB) / n)
        let (wilsonA, wilsonB) = (
            Estimate.wilson(a, n: n, level: level), Estimate.wilson(b, n: n, level: level)
        )
        let phi = correlation
        func distance(_ x: Double, _ y: Double) -> Double {
            max(0, x * x - 2 * phi * x * y + y * y).squareRoot()
        }
        return Interval(
            level: level, lower: difference - distance(b - wilsonB.lower, wilsonA.upper - a),
            upper: difference + distance(wilsonB.upper - b, a - wilsonA.lower), method: .newcombe)
    }

    /// The correlation of A and B, with a correction for continuity where it is positive.
    private var correlation: Double {
        let n = Double(count)
        let margins = [both + onlyA, onlyB + neither, both + onlyB, onlyA + neither].map(Double.init)
        guard margins.allSatisfy({ $0 > 0 }) else { return 0 }
        let product = Double(both) * Double(neither) - Double(onlyA) * Double(onlyB)
        let corrected = product > 0 ? max(0, product - n / 2) : product
        return corrected / (margins[0] * margins[1]).squareRoot() / (margins[2] * margins[3]).squareRoot()
    }
}
