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
    /// The sums of what was scored, each row weighted with the share of it that was, and of the shares that were not.
    private var scored = (a: ExactSum(), b: ExactSum())
    private var missing = (a: ExactSum(), b: ExactSum())
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

    /// Adds the scores of a row in both runs.
    ///
    /// - Parameters:
    ///   - function: its index among those of the runs.
    ///   - text: what the row was about, if it is wanted.
    mutating func add(_ joined: JoinedRow, _ function: Int, cluster: Int, text: () -> String?) {
        let (a, b) = (joined.rows[0].scores[function], joined.rows[1].scores[function])
        let shares = (a: joined.rows[0].missingShare(function), b: joined.rows[1].missingShare(function))
        missing.a.add(shares.a)
        missing.b.add(shares.b)
        if let number = a.number { scored.a.add(product: number, 1 - shares.a) }
        if let number = b.number { scored.b.add(product: number, 1 - shares.b) }
        switch (a, b) {
        case (.missing, .missing): unscoredInBoth += 1
        case (.missing, _): unscoredInA += 1
        case (_, .missing): unscoredInB += 1
        case (.number(let a), .number(let b)):
            numbers.add(a, b, cluster: cluster)
            if let count = pairs?.count {
                if count < Self.resampledPairs { pairs?.append((a, b)) } else { pairs = nil }
            }
            if b < a {
                keep(Regression(row: joined.rows[0].number, key: joined.key, a: a, b: b, text: nil), text)
            }
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
        let (missingA, missingB) = (missing.a.value, missing.b.value)
        guard missingA + missingB > 0, !isCategorical else { return nil }
        guard let range = range ?? (numbers.isBinary && numbers.count > 0 ? 0...1 : nil) else { return nil }
        func mean(_ a: Double, _ b: Double) -> Double {
            var sum = scored.b
            sum.add(product: b, missingB)
            sum.add(-scored.a.value)
            sum.add(product: -a, missingA)
            return sum.value / Double(matched)
        }
        let lowest = mean(range.upperBound, range.lowerBound)
        return lowest...max(lowest, mean(range.lowerBound, range.upperBound))
    }
}
