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
    /// Pairs that are resampled; nil where that is not wanted, or for too many.
    private var kept: [KeptPair]?
    private let keptLimit: Int

    /// A pair, and where it stands among others.
    struct KeptPair {
        var key: OrderedKey
        var cluster: Int
        var a: Double
        var b: Double
    }

    /// Which pairs are kept for resampling.
    enum Kept {
        case none
        /// All, unless there are too many.
        case few
        /// All, since that was asked for.
        case all
    }

    /// More pairs than these are resampled only where that is asked for.
    static let resampledPairs = 100_000

    init(isClustered: Bool, regressions limit: Int, keeps: Kept) {
        numbers = PairedDifferences(isClustered: isClustered)
        self.limit = limit
        kept = keeps == .none ? nil : []
        keptLimit = keeps == .all ? .max : Self.resampledPairs
    }

    /// The pairs that are resampled, in the order of their keys.
    var keptPairs: [KeptPair]? { kept?.sorted { ($0.key, $0.a, $0.b) < ($1.key, $1.a, $1.b) } }

    var matched: Int { numbers.count + categoryCount + unscoredInA + unscoredInB + unscoredInBoth }

    var categoryCount: Int { categories.values.reduce(0) { $0 + $1.values.reduce(0, +) } }

    var isCategorical: Bool { !categories.isEmpty }

    /// Adds the scores of a row in both runs.
    ///
    /// - Parameters:
    ///   - runs: the two of them.
    ///   - function: its index among those of the runs.
    ///   - text: what the row was about, if it is wanted.
    mutating func add(
        _ joined: JoinedRow, _ runs: (a: Int, b: Int), _ function: Int, cluster: Int, text: () -> String?
    ) {
        let (a, b) = (joined.rows[runs.a].scores[function], joined.rows[runs.b].scores[function])
        let shares = (a: joined.rows[runs.a].missingShare(function), b: joined.rows[runs.b].missingShare(function))
        missing.a.add(shares.a)
        missing.b.add(shares.b)
        if let number = a.number { scored.a.add(product: number, 1 - shares.a) }
        if let number = b.number { scored.b.add(product: number, 1 - shares.b) }
        switch (a, b) {
        case (.missing, _), (_, .missing): countMissing(a, b)
        case (.number(let a), .number(let b)):
            numbers.add(a, b, cluster: cluster)
            if let count = kept?.count {
                let pair = KeptPair(key: OrderedKey(joined.key), cluster: cluster, a: a, b: b)
                if count < keptLimit { kept?.append(pair) } else { kept = nil }
            }
            if b < a, limit > 0 {
                keep(Regression(row: joined.rows[runs.a].number, key: joined.key, a: a, b: b, text: nil), text)
            }
        default: categories[Self.name(a), default: [:]][Self.name(b), default: 0] += 1
        }
    }

    /// Counts a row that lacks a score in one of two runs.
    mutating func countMissing(_ a: RunScore, _ b: RunScore) {
        switch (a, b) {
        case (.missing, .missing): unscoredInBoth += 1
        case (.missing, _): unscoredInA += 1
        case (_, .missing): unscoredInB += 1
        default: break
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
