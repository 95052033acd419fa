package import Statistics

/// The result of comparing two runs: B's scores minus A's.
public struct Comparison: Sendable {
    /// Which rows were compared.
    package struct Pairing: Sendable {
        /// Nil: row numbers.
        package var key: [String]?
        package var matched = 0
        package var onlyInA = 0
        package var onlyInB = 0
    }

    package struct Function: Sendable {
        package var identifier: String
        package var aggregations: [Aggregation] = []
        package var unscoredInA = 0
        package var unscoredInB = 0
        package var unscoredInBoth = 0
        package var unscoredP = 1.0
        package var regressions: [Regression] = []
        package var slices: [Slice] = []
    }

    /// A row that got worse.
    package struct Regression: Sendable {
        package var row: Int
        package var key: String
        package var a: Double
        package var b: Double
        package var text: String?
    }

    package struct Aggregation: Sendable {
        package var name: String
        package var a: Estimate
        package var b: Estimate
        package var pairs: Int
        package var better: Int
        package var worse: Int
        package var equal: Int
        package var difference: PairedResult
        package var pAdjusted: Double?
        package var minimumDetectable: Double?
        package var pairsNeeded: Int?
        package var bounds: ClosedRange<Double>?
        package var categories: Categories?
        package var verdict: Verdict = .noDifference
        /// At the level that `margin` needs.
        package var marginInterval: Interval?
    }

    package struct Categories: Sendable {
        package var names: [String]
        /// By A's category, then B's.
        package var table: [[Int]]
    }

    package struct Slice: Sendable {
        package var column: String
        package var value: String
        package var aggregation: Aggregation
    }

    /// What a reader may conclude. The raw values are the names that results use.
    package enum Verdict: String, Sendable {
        case bBetter = "b_better"
        case aBetter = "a_better"
        case noDifference = "no_difference_found"
        case identical
        case tooFew = "too_few_to_tell"
        case different
        case notWorse = "not_worse"
        case equivalent
        case worseThanMargin = "worse_than_margin"
        case undefined

        package var text: String { text("A", "B") }

        /// The verdict on two runs of any letters.
        package func text(_ a: String, _ b: String) -> String {
            switch self {
            case .bBetter: "\(b) is better"
            case .aBetter: "\(a) is better"
            case .noDifference: "no difference found"
            case .identical: "identical"
            case .tooFew: "too few to tell"
            case .different: "\(a) and \(b) differ"
            case .notWorse: "not worse"
            case .equivalent: "equivalent"
            case .worseThanMargin: "worse by more than the margin"
            case .undefined: "nothing to compare"
            }
        }
    }

    package struct Warning: Sendable {
        package var code: String
        package var message: String
    }

    package var runs: [SavedRun]
    package var pairing = Pairing()
    package var functions: [Function] = []
    package var refusals: [Refusal] = []
    package var warnings: [Warning] = []
    package var notes: [String] = []
    package var adjustment = Adjustment.holm
    package var tests = 0
    package var level = 0.95
    package var power = 0.8
    package var margin: Double?

    /// Whether anything was compared.
    public var isComparable: Bool { !functions.isEmpty }

    /// Whether something was refused.
    public var hasRefusals: Bool { !refusals.isEmpty }
}

extension Comparison.Aggregation {
    /// Whether B is better than A, or A than B, as far as the test tells; nil where it finds no difference. An interval
    /// without a p value decides by itself.
    func isBBetter(alpha: Double) -> Bool? {
        guard let value = difference.difference, value != 0 else { return nil }
        if let p = pAdjusted { return p < alpha ? value > 0 : nil }
        guard difference.test == .bootstrap, let interval = difference.interval else { return nil }
        return interval.lower > 0 ? true : interval.upper < 0 ? false : nil
    }

    /// Sets what a reader may conclude, once p values are adjusted.
    mutating func conclude(alpha: Double, margin: Double?) {
        if pairs == 0 {
            verdict = .undefined
        } else if let margin, let interval = marginInterval, better + worse > 0 {
            if interval.lower > -margin {
                verdict = interval.upper < margin ? .equivalent : .notWorse
            } else {
                verdict = interval.upper < -margin ? .worseThanMargin : .noDifference
            }
        } else if categories == nil && better + worse == 0 || categories != nil && equal == pairs {
            verdict = .identical
        } else if let isBetter = isBBetter(alpha: alpha) {
            verdict = isBetter ? .bBetter : .aBetter
        } else if let p = pAdjusted, p < alpha, categories != nil {
            verdict = .different
        } else if difference.isTooFew {
            verdict = .tooFew
        } else {
            verdict = .noDifference
        }
    }
}

extension Comparison {
    /// Adjusts p values, of functions as one family and of slices as another, and concludes.
    mutating func adjust() {
        let places = functions.indices.flatMap { f in functions[f].aggregations.indices.map { (f, $0) } }
        let p = places.map { functions[$0.0].aggregations[$0.1].difference.p }
        tests = p.count { $0 != nil }
        for (place, adjusted) in zip(places, adjustment.adjust(p)) {
            functions[place.0].aggregations[place.1].pAdjusted = adjusted
            functions[place.0].aggregations[place.1].conclude(alpha: 1 - level, margin: margin)
        }
        let slices = functions.indices.flatMap { f in functions[f].slices.indices.map { (f, $0) } }
        let sliceP = slices.map { functions[$0.0].slices[$0.1].aggregation.difference.p }
        let method: Adjustment = adjustment == .none ? .none : .bh
        for (place, adjusted) in zip(slices, method.adjust(sliceP)) {
            functions[place.0].slices[place.1].aggregation.pAdjusted = adjusted
            functions[place.0].slices[place.1].aggregation.conclude(alpha: 1 - level, margin: margin)
        }
    }
}
