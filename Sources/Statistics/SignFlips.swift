/// The exact test of whether differences are around 0: every difference might as well have the other sign.
package struct SignFlips: Sendable {
    /// No more differences than these are flipped in all ways.
    package static let limit = 16

    /// P(T ≥ t) for T = |Σ s_u d_u| over all signs s.
    package let exactP: Double
    /// P(T > t) + ½ P(T = t).
    package let midP: Double

    /// - Parameter differences: at most `limit` of them that are not 0.
    package init(_ differences: [Double]) {
        let changed = differences.filter { $0 != 0 }
        precondition(changed.count <= Self.limit, "There must be few differences.")
        // Sums in one order, whatever the order of the differences.
        let sizes = changed.map(\.magnitude).sorted()
        var sum = ExactSum()
        for difference in changed { sum.add(difference) }
        let observed = sum.value.magnitude
        let tolerance = 1e-12 * sizes.reduce(0, +)
        if observed <= tolerance {
            (exactP, midP) = (1, 1)
            return
        }
        var (above, equal) = (0, 0)
        for signs in 0..<(1 << sizes.count) {
            var sum = 0.0
            for i in sizes.indices { sum += signs >> i & 1 == 0 ? sizes[i] : -sizes[i] }
            let distance = sum.magnitude - observed
            if distance.magnitude <= tolerance { equal += 1 } else if distance > 0 { above += 1 }
        }
        let total = Double(1 << sizes.count)
        exactP = Double(above + equal) / total
        midP = (Double(above) + Double(equal) / 2) / total
    }
}
