/// Philox4x64-10 (J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): random words as a function
/// of what they are for, so that any thread can draw any resample and no state is kept.
package struct Philox: Sendable {
    private let key: (UInt64, UInt64)

    package init(key: (UInt64, UInt64)) { self.key = key }

    /// The four words of a counter.
    package func words(_ counter: (UInt64, UInt64, UInt64, UInt64)) -> (UInt64, UInt64, UInt64, UInt64) {
        var (x0, x1, x2, x3) = counter
        var (k0, k1) = key
        for round in 0..<10 {
            if round > 0 {
                k0 &+= 0x9E37_79B9_7F4A_7C15
                k1 &+= 0xBB67_AE85_84CA_A73B
            }
            let first = (0xD2E7_470E_E14C_6C93 as UInt64).multipliedFullWidth(by: x0)
            let second = (0xCA5A_8263_9512_1157 as UInt64).multipliedFullWidth(by: x2)
            (x0, x1, x2, x3) = (second.high ^ x1 ^ k0, second.low, first.high ^ x3 ^ k1, first.low)
        }
        return (x0, x1, x2, x3)
    }
}

/// Random draws for resampling. Every draw is a function of the seed, the stream, the replicate and its place.
package struct Resampling: Sendable {
    package enum Stream: UInt64, Sendable {
        case bootstrap = 0
        case signs = 1
        case alpha = 2
    }

    package static let defaultReplicates = 9_999

    private let philox: Philox
    private let stream: Stream

    package init(seed: UInt64, stream: Stream) {
        philox = Philox(key: (seed, 0))
        self.stream = stream
    }

    /// The `count` words of a replicate.
    private func words(_ count: Int, replicate: Int) -> [UInt64] {
        var words: [UInt64] = []
        words.reserveCapacity(count + 3)
        var block: UInt64 = 0
        while words.count < count {
            let (a, b, c, d) = philox.words((block, UInt64(replicate), stream.rawValue, 0))
            words.append(contentsOf: [a, b, c, d])
            block += 1
        }
        return words
    }

    /// Which of n units a replicate draws, with replacement: the high 64 bits of word × n.
    package func indices(_ n: Int, replicate: Int) -> [Int] {
        words(n, replicate: replicate).prefix(n).map { Int($0.multipliedFullWidth(by: UInt64(n)).high) }
    }

    /// Which of n units a replicate gives the other sign.
    package func flips(_ n: Int, replicate: Int) -> [Bool] {
        let words = words((n + 63) / 64, replicate: replicate)
        return (0..<n).map { words[$0 / 64] >> UInt64($0 % 64) & 1 == 1 }
    }
}
