import Statistics

/// The scores of one function in two runs, in the making.
struct FunctionPairs {
    /// A row that got worse.
    struct Regression {
        var row: Int
        var key: String
        var a: Double
        var b: Double
        /// What the row was about.
        var text: String?
        var change: Double { b - a }
    }

    private(set) var numbers: PairedDifferences
    /// Counts by the category in A, then by that in B.
    private(set) var categories: [String: [String: Int]] = [:]
    private(set) var unscoredInA = 0
    private(set) var unscoredInB = 0
    private(set) var unscoredInBoth = 0
    /// The sums of A's and B's scores where the other has none.
    private var aloneInA = ExactSum()
    private var aloneInB = ExactSum()
    /// The worst, then by row.
    private(set) var regressions: [Regression] = []
    private let limit: Int
    /// Pairs for the median; nil where it is not wanted, or for too many.
    private(set) var pairs: [(a: Double, b: Double)]?

    /// More pairs than these are not resampled.
    static let resampledPairs = 100_000

    init(isClustered: Bool, regressions limit: Int, keepsPairs: Bool) {
        numbers = PairedDifferences(isClustered: isClustered)
        self.limit = limit
        pairs = keepsPairs ? [] : nil
    }

    var matched: Int { numbers.count + categoryCount + unscoredInA + unscoredInB + unscoredInBoth }

    var categoryCount: Int { categories.values.reduce(0) { $0 + $1.values.reduce(0, +) } }

    var isCategorical: Bool { !categories.isEmpty }

    /// - Parameter text: what the row was about, if it is wanted.
    mutating func add(_ a: RunScore, _ b: RunScore, cluster: Int, row: Int, key: String, text: () -> String?) {
        switch (a, b) {
        case (.missing, .missing): unscoredInBoth += 1
        case (.missing, .number(let b)):
            unscoredInA += 1
            aloneInB.add(b)
        case (.missing, _): unscoredInA += 1
        case (.number(let a), .missing):
            unscoredInB += 1
            aloneInA.add(a)
        case (_, .missing): unscoredInB += 1
        case (.number(let a), .number(let b)):
            numbers.add(a, b, cluster: cluster)
            if let count = pairs?.count {
                if count < Self.resampledPairs { pairs?.append((a, b)) } else { pairs = nil }
            }
            if b < a { keep(Regression(row: row, key: key, a: a, b: b, text: nil), text) }
        default: categories[Self.name(a), default: [:]][Self.name(b), default: 0] += 1
        }
    }

    private static func name(_ score: RunScore) -> String {
        switch score {
        case .number(let number): number == number.rounded() ? "\(Int(exactly: number) ?? 0)" : "\(number)"
        case .category(let text): text
        case .missing(let outcome): outcome
        }
    }

    private mutating func keep(_ regression: Regression, _ text: () -> String?) {
        func isBefore(_ one: Regression, _ other: Regression) -> Bool {
            (one.change, one.row, one.key) < (other.change, other.row, other.key)
        }
        if regressions.count == limit {
            guard let last = regressions.last, isBefore(regression, last) else { return }
            regressions.removeLast()
        }
        var regression = regression
        regression.text = text()
        let place = regressions.firstIndex { isBefore(regression, $0) } ?? regressions.count
        regressions.insert(regression, at: place)
    }

    /// Whether rows have no score in one run more often than in the other: McNemar's mid-p.
    var unscoredP: Double { PairedBinary(onlyA: unscoredInA, onlyB: unscoredInB).p }

    /// The lowest and the highest mean difference there could have been, had every matched row a score.
    func bounds(range: ClosedRange<Double>?) -> ClosedRange<Double>? {
        let unscored = unscoredInA + unscoredInB + unscoredInBoth
        guard unscored > 0, !isCategorical, numbers.count > 0 || unscored > unscoredInBoth else { return nil }
        guard let range = range ?? (numbers.isBinary ? 0...1 : nil) else { return nil }
        func mean(_ a: Double, _ b: Double) -> Double {
            var sum = ExactSum()
            sum.merge(numbers.b.sum)
            sum.merge(aloneInB)
            sum.add(product: b, Double(unscoredInB + unscoredInBoth))
            sum.add(-numbers.a.sum.value)
            sum.add(-aloneInA.value)
            sum.add(product: -a, Double(unscoredInA + unscoredInBoth))
            return sum.value / Double(matched)
        }
        let lowest = mean(range.upperBound, range.lowerBound)
        return lowest...max(lowest, mean(range.lowerBound, range.upperBound))
    }
}
