// Rounding is libm's in optimised builds.
import Glibc

/// The distribution of a function's scores, in constant memory: a partial state that accepts scores one by one and can be
/// merged.
///
/// As long as there are few distinct numbers, each is counted by itself. Then they are counted in bins that are 2^e wide
/// and begin at multiples of that, with the least e that makes the bins few enough. As such bins nest, e does not depend
/// on the order of the scores or of merges, and neither does anything else here.
public struct ScoreDistribution: Hashable, Sendable {
    /// The maximum number of distinct numbers, or bins.
    static let numberLimit = 1_024
    /// The maximum number of distinct texts. If there are more, those that sort first are counted.
    static let textLimit = 1_024
    /// The number of distinct numbers up to which each has its own bar.
    static let fewNumbers = 6
    /// The number of code points of a text that are considered.
    static let textLength = 200

    // Most scores are 0.0 and 1.0, and counting them is much quicker than a dictionary.
    private var zeros = 0
    private var ones = 0
    /// All other numbers, or where bins begin.
    private var numbers: [Double: Int] = [:]
    /// Bins are 2^exponent wide; nil: each number is counted separately.
    private var exponent: Int?
    private(set) var least = Double.infinity
    private(set) var greatest = -Double.infinity
    private var texts: [ExactText: Int] = [:]
    private var otherTexts = 0
    /// The last of the texts that are counted, if there are as many as there may be.
    private var lastText: ExactText?

    /// No scores.
    public init() {}

    /// Counts finite numbers.
    mutating func add(_ scores: Span<Double>) {
        var (newZeros, newOnes) = (0, 0)
        for i in scores.indices {
            newZeros += scores[i] == 0 ? 1 : 0
            newOnes += scores[i] == 1 ? 1 : 0
        }
        zeros += newZeros
        ones += newOnes
        guard newZeros + newOnes < scores.count else { return }
        for i in scores.indices where scores[i] != 0 && scores[i] != 1 { add(scores[i]) }
    }

    private mutating func add(_ number: Double) {
        least = min(least, number)
        greatest = max(greatest, number)
        numbers[exponent.map { number.rounded(downToMultipleOf: $0) } ?? number, default: 0] += 1
        if numbers.count > Self.numberLimit { coarsen() }
    }

    /// Counts a text.
    mutating func add(_ text: String, count: Int = 1) {
        let isShort = text.utf8.count <= Self.textLength
        let key = ExactText(
            isShort ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(Self.textLength))))
        if let known = texts[key] {
            texts[key] = known + count
        } else if let lastText, lastText < key {
            otherTexts += count
        } else {
            texts[key] = count
            if texts.count > Self.textLimit, let lastText { otherTexts += texts.removeValue(forKey: lastText) ?? 0 }
            if texts.count == Self.textLimit { lastText = texts.keys.max() }
        }
    }

    /// Adds all that `other` has counted.
    public mutating func merge(_ other: ScoreDistribution) {
        zeros += other.zeros
        ones += other.ones
        least = min(least, other.least)
        greatest = max(greatest, other.greatest)
        if let theirs = other.exponent, exponent.map({ $0 < theirs }) ?? true { widen(to: theirs) }
        for (number, count) in other.numbers {
            numbers[exponent.map { number.rounded(downToMultipleOf: $0) } ?? number, default: 0] += count
        }
        if numbers.count > Self.numberLimit { coarsen() }
        for (text, count) in other.texts { add(text.text, count: count) }
        otherTexts += other.otherTexts
    }

    /// Makes bins wider, until they are few enough.
    private mutating func coarsen() {
        var low = exponent ?? -1_075
        var high = 1_024
        // The number of bins falls as they widen: with `high` they are few enough, with `low` they are not.
        while high - low > 1 {
            let middle = (low + high) / 2
            let bins = Set(numbers.keys.map { $0.rounded(downToMultipleOf: middle) })
            if bins.count <= Self.numberLimit { high = middle } else { low = middle }
        }
        widen(to: high)
    }

    private mutating func widen(to newExponent: Int) {
        exponent = newExponent
        var wider: [Double: Int] = [:]
        for (number, count) in numbers { wider[number.rounded(downToMultipleOf: newExponent), default: 0] += count }
        numbers = wider
    }
}

// MARK: - Bars

extension ScoreDistribution {
    /// Scores that are shown as one, and how many there are.
    public struct Bar: Hashable, Sendable {
        public enum Scores: Hashable, Sendable {
            case number(Double)
            /// From the lower number up to the upper one, which is among them only if that is said.
            case range(lower: Double, upper: Double, includesUpper: Bool)
            /// A text, shortened to 200 code points.
            case text(String)
            /// All other texts.
            case otherTexts
        }

        public let scores: Scores
        public let count: Int
    }

    /// The distribution as no more than `limit` bars of numbers, in ascending order, and as many of texts, the most
    /// frequent first. Few numbers have a bar each, and so have all integers from the least to the greatest score where
    /// there are no others; others have ranges of equal width without a gap.
    public func bars(limit: Int = 20) -> [Bar] { numberBars(limit: limit) + textBars(limit: limit) }

    /// The same with False for 0 and True for 1.
    func barsOfBooleans(limit: Int = 20) -> [Bar] {
        bars(limit: limit).map { bar in
            switch bar.scores {
            case .number(0): Bar(scores: .text("False"), count: bar.count)
            case .number(1): Bar(scores: .text("True"), count: bar.count)
            default: bar
            }
        }
    }

    private func textBars(limit: Int) -> [Bar] {
        let sorted = texts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let isWhole = sorted.count <= limit && otherTexts == 0
        let shown = sorted.prefix(isWhole ? limit : limit - 1)
        var bars = shown.map { Bar(scores: .text($0.key.text), count: $0.value) }
        let rest = sorted.dropFirst(shown.count).reduce(otherTexts) { $0 + $1.value }
        if rest > 0 { bars.append(Bar(scores: .otherTexts, count: rest)) }
        return bars
    }

    private func numberBars(limit: Int) -> [Bar] {
        var counts = numbers
        var (least, greatest) = (least, greatest)
        for (number, count) in [(0.0, zeros), (1.0, ones)] where count > 0 {
            counts[exponent.map { number.rounded(downToMultipleOf: $0) } ?? number, default: 0] += count
            least = min(least, number)
            greatest = max(greatest, number)
        }
        if counts.isEmpty { return [] }
        let sorted = counts.sorted { $0.key < $1.key }
        if exponent == nil && sorted.count <= min(limit, Self.fewNumbers) {
            return sorted.map { Bar(scores: .number($0.key), count: $0.value) }
        }
        // Beyond 2^53 not every integer is a number.
        let isExact = max(least.magnitude, greatest.magnitude) < 0x1p53
        if exponent == nil, isExact, greatest - least < Double(limit),
            sorted.allSatisfy({ $0.key == $0.key.rounded() })
        {
            return stride(from: least, through: greatest, by: 1).map {
                Bar(scores: .number($0), count: counts[$0] ?? 0)
            }
        }
        let grid =
            (exponent == nil ? Grid(decimalFrom: least, to: greatest, limit: limit) : nil)
            ?? Grid(binaryFrom: least, to: greatest, limit: limit, exponent: exponent ?? -1_074)
        return grid.bars(of: sorted, greatest: greatest)
    }

    /// Edges of equal distance.
    private struct Grid {
        /// The edge of a number.
        var edge: (Double) -> Double
        /// The number of the first edge, and that of the range of the greatest number.
        var first: Double
        var last: Double

        /// Edges at multiples of 1, 2 or 5 times a power of ten; nil if such numbers are not exact enough.
        init?(decimalFrom least: Double, to greatest: Double, limit: Int) {
            let span = greatest - least
            guard span.isFinite, span > 0 else { return nil }
            // No more than the width of one range, and not much less.
            var power = Int((Double((span / Double(limit)).exponent) * 0.301).rounded(.down)) - 1
            while abs(power) <= 15 {
                let scale = (0..<abs(power)).reduce(1.0) { product, _ in product * 10 }
                for factor in [1.0, 2, 5] {
                    let step = power < 0 ? factor / scale : factor * scale
                    guard max(abs(least), abs(greatest)) / step < 0x1p50 else { continue }
                    let isFraction = power < 0
                    edge = { isFraction ? $0 * factor / scale : $0 * factor * scale }
                    first = Self.range(of: least, step, edge)
                    last = Self.range(of: greatest, step, edge)
                    if count(upTo: greatest) <= limit { return }
                }
                power += 1
            }
            return nil
        }

        /// Edges at multiples of a power of two that is no less than 2^exponent.
        init(binaryFrom least: Double, to greatest: Double, limit: Int, exponent: Int) {
            let span = greatest / 2 - least / 2
            var exponent = max(exponent, Int(span.exponent) - 6)
            while true {
                let power = exponent
                edge = { Double(multiple: $0, ofPower: power) }
                first = least.multiples(ofPower: power)
                last = greatest.multiples(ofPower: power)
                if count(upTo: greatest) <= limit || power >= 1_023 { return }
                exponent += 1
            }
        }

        private static func range(of number: Double, _ step: Double, _ edge: (Double) -> Double) -> Double {
            var index = (number / step).rounded(.down)
            while edge(index) > number { index -= 1 }
            while edge(index + 1) <= number { index += 1 }
            return index
        }

        /// How many ranges there are. One that would hold nothing but its lower edge belongs to the one before.
        private func count(upTo greatest: Double) -> Int {
            let count = last - first + (edge(last) == greatest && last > first ? 0 : 1)
            return Int(exactly: count) ?? .max
        }

        func bars(of sorted: [(key: Double, value: Int)], greatest: Double) -> [Bar] {
            let number = count(upTo: greatest)
            var counts = [Int](repeating: 0, count: number)
            var place = 0
            for (key, count) in sorted {
                while place + 1 < number, edge(first + Double(place + 1)) <= key { place += 1 }
                counts[place] += count
            }
            return counts.enumerated().map { index, count in
                let upper = edge(first + Double(index + 1))
                return Bar(
                    scores: .range(
                        lower: edge(first + Double(index)), upper: upper,
                        includesUpper: index == number - 1 && upper == greatest), count: count)
            }
        }
    }
}

extension Double {
    /// The greatest multiple of 2^exponent that is not above the number.
    fileprivate func rounded(downToMultipleOf exponent: Int) -> Double {
        // All its digits are worth more than that.
        if isZero || Int(self.exponent) - exponent >= 52 { return self }
        return Double(multiple: multiples(ofPower: exponent), ofPower: exponent)
    }

    /// How often 2^exponent goes into the number, rounded down.
    fileprivate func multiples(ofPower exponent: Int) -> Double {
        let scaled = Double(sign: .plus, exponent: -exponent, significand: self)
        // What is too small to be scaled is a little above zero, or a little below.
        return scaled.isZero && self < 0 ? -1 : scaled.rounded(.down)
    }

    /// A multiple of 2^exponent, or the finite number that is nearest to it.
    fileprivate init(multiple: Double, ofPower exponent: Int) {
        let number = Double(sign: .plus, exponent: exponent, significand: multiple) + 0
        self = Swift.min(Swift.max(number, -.greatestFiniteMagnitude), .greatestFiniteMagnitude)
    }
}
