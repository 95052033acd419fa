/// A generator with a fixed seed, so that a failing case fails again (SplitMix64: G. L. Steele and others, 2014).
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// A finite number with random bits: of any size, normal or not.
    package mutating func finiteDouble() -> Double {
        let x = Double(bitPattern: next())
        return x.isFinite ? x : 0
    }
}
