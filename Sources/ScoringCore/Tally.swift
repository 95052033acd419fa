/// How often each number occurred. Memory grows with the number of distinct ones.
struct NumberTally: Sendable {
    private var zeros = 0
    private var ones = 0
    /// All other numbers, by bit pattern; -0.0 is one of them.
    private var others: [UInt64: Int] = [:]

    mutating func add(_ scores: Span<Double>) {
        // Most scores are 0.0 and 1.0, and counting them is much quicker than a dictionary.
        let (zero, one) = ((0.0).bitPattern, (1.0).bitPattern)
        var (newZeros, newOnes) = (0, 0)
        for i in scores.indices {
            newZeros += scores[i].bitPattern == zero ? 1 : 0
            newOnes += scores[i].bitPattern == one ? 1 : 0
        }
        zeros += newZeros
        ones += newOnes
        guard newZeros + newOnes < scores.count else { return }
        for i in scores.indices {
            let bits = scores[i].bitPattern
            if bits != zero, bits != one { others[bits, default: 0] += 1 }
        }
    }

    /// Adds a finite number that is not counted yet; false if it is.
    mutating func add(_ number: Double, count: Int) -> Bool {
        switch number.bitPattern {
        case (0.0).bitPattern where zeros == 0: zeros = count
        case (1.0).bitPattern where ones == 0: ones = count
        case (0.0).bitPattern, (1.0).bitPattern: return false
        case let bits: return others.updateValue(count, forKey: bits) == nil
        }
        return true
    }

    mutating func merge(_ other: NumberTally) {
        zeros += other.zeros
        ones += other.ones
        others.merge(other.others, uniquingKeysWith: +)
    }

    /// The numbers in ascending order (-0.0 before 0.0), each with its count. O(d log d) for d distinct ones.
    var runs: [(value: Double, count: Int)] {
        var runs = others.map { (value: Double(bitPattern: $0.key), count: $0.value) }
        if zeros > 0 { runs.append((0, zeros)) }
        if ones > 0 { runs.append((1, ones)) }
        runs.sort { $0.value < $1.value || ($0.value == $1.value && $0.value.sign == .minus && $1.value.sign == .plus) }
        return runs
    }
}

/// The median of numbers given as ascending runs of equal ones: the mean of the two middle ones for an even count.
///
/// Nil for no numbers.
func median(of runs: [(value: Double, count: Int)]) -> Double? {
    let total = runs.reduce(0) { $0 + $1.count }
    guard total > 0 else { return nil }
    var lower: Double?
    var end = 0
    for run in runs {
        end += run.count
        if end > (total - 1) / 2, lower == nil { lower = run.value }
        if end > total / 2, let lower {
            let sum = lower + run.value
            return lower == run.value ? lower : sum.isFinite ? sum / 2 : lower / 2 + run.value / 2
        }
    }
    return nil
}

/// How often each text occurred. Memory grows with the distinct ones.
struct TextTally: Sendable {
    private(set) var counts: [ExactText: Int] = [:]

    mutating func add(_ text: String, count: Int = 1) {
        counts[ExactText(text), default: 0] += count
    }

    mutating func merge(_ other: TextTally) {
        counts.merge(other.counts, uniquingKeysWith: +)
    }
}

/// A text that equals another only if all code points are the same, and sorts by code point.
///
/// `String` treats canonically equivalent texts ("é" as one code point or as two) as equal, which would make the spelling
/// of a category depend on which row came first.
struct ExactText: Hashable, Comparable, Sendable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (a: ExactText, b: ExactText) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

    // The order of UTF-8 bytes is that of code points.
    static func < (a: ExactText, b: ExactText) -> Bool { a.text.utf8.lexicographicallyPrecedes(b.text.utf8) }

    func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
        hasher.combine(UInt8.max)  // No UTF-8 has this byte, so it marks the end.
    }
}
