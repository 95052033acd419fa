import JSON
import ScoringCore
import Statistics

/// What the rows of a run show of one function, in memory that does not depend on their number.
struct FunctionSummary {
    /// A reason without a score.
    struct Reason: Hashable {
        var outcome: RowOutcome
        var message: String
    }

    private(set) var counts = OutcomeCounts()
    /// How often each reason was found, and the place of its first row.
    private(set) var reasons: [Reason: (count: Int, number: Int)] = [:]
    private(set) var moments = Moments()
    /// Of the length of the answer with the score.
    private(set) var length = LengthCorrelation()
    private(set) var worst: LeastElements<Double, ShownExample>
    private(set) var unscored: [ShownExample] = []
    private(set) var sample: LeastElements<UInt64, ShownExample>
    /// By slice column and value.
    private(set) var slices: [[String: Moments]]
    /// Rows of values beyond the limit, by slice column.
    private(set) var omitted: [Int]
    private var aggregator = Aggregator(functions: [.average], kind: .json, keepsDistribution: true)
    private var outcomes: [RowOutcome] = []
    private var numbers: [Double] = []
    private var texts: [String] = []
    private let limit: Int

    private static let batchSize = 4_096
    private static let reasonLimit = 1_000
    private static let sliceLimit = 1_000

    /// - Parameters:
    ///   - examples: the most rows of each kind.
    ///   - slices: the number of slice columns.
    init(examples limit: Int, slices: Int) {
        self.limit = limit
        worst = LeastElements(limit: limit)
        sample = LeastElements(limit: limit)
        self.slices = Array(repeating: [:], count: slices)
        omitted = Array(repeating: 0, count: slices)
    }

    /// Adds a row.
    ///
    /// - Parameters:
    ///   - order: a pseudorandom number for the row.
    ///   - answerLength: in bytes; nil where it is not wanted.
    ///   - slices: the row's value of each slice column.
    mutating func add(
        _ score: RowScore, order: UInt64, answerLength: Int?, slices values: [String], message: () -> String?,
        number: Int, _ example: () -> ShownExample
    ) {
        switch score {
        case .number(let score):
            counts.add(.scored)
            outcomes.append(.scored)
            numbers.append(score)
            moments.add(score)
            worst.add(score, example())
            if let answerLength { length.add(Double(answerLength), score) }
            for (column, value) in values.enumerated() {
                if slices[column][value] != nil || slices[column].count < Self.sliceLimit {
                    slices[column][value, default: Moments()].add(score)
                } else {
                    omitted[column] += 1
                }
            }
        case .text(let text):
            counts.add(.scored)
            texts.append(text)
        case .missing(let outcome):
            counts.add(outcome)
            if unscored.count < limit { unscored.append(example()) }
            let text = message() ?? ""
            let reason = Reason(
                outcome: outcome, message: PageText.cut(text, to: 300, lines: 3).map { $0 + "…" } ?? text)
            if let known = reasons[reason] {
                reasons[reason] = (known.count + 1, known.number)
            } else if reasons.count < Self.reasonLimit {
                reasons[reason] = (1, number)
            }
        }
        sample.add(order, example())
        if outcomes.count + texts.count >= Self.batchSize { flush() }
    }

    private mutating func flush() {
        let (outcomes, numbers, texts) = (outcomes, numbers, texts)
        aggregator.add(outcomes: outcomes.span, scores: numbers.span)
        let scored = [RowOutcome](repeating: .scored, count: texts.count)
        aggregator.add(outcomes: scored.span, texts: texts.span)
        self.outcomes.removeAll(keepingCapacity: true)
        self.numbers.removeAll(keepingCapacity: true)
        self.texts.removeAll(keepingCapacity: true)
    }

    /// The distribution of the scores, and the outcomes without one.
    mutating func bars() -> [ScoreBar] {
        flush()
        return ScoreBar.all(of: aggregator.result(range: nil).distribution ?? [], counts)
    }

    /// The aggregates in the form of results, for runs of which nothing but rows is known.
    func aggregates() -> JSONValue {
        var rows: JSONObject = ["total": JSONValue(counts.total)]
        for outcome in RowOutcome.allCases { rows[outcome.name] = JSONValue(counts[outcome]) }
        guard moments.count > 0, let mean = moments.mean() else {
            return ["aggregated_results": [:], "rows": .object(rows)]
        }
        let estimate = Estimate.mean(of: moments)
        let name = moments.isBinary ? "accuracy" : "average"
        var value: JSONObject = [name: JSONValue(mean)]
        if moments.isBinary {
            value["num_correct"] = JSONValue(Int(moments.sum.value))
            value["num_total"] = JSONValue(moments.count)
        }
        var interval: JSONObject = [:]
        if let found = estimate.interval {
            interval = [
                "level": JSONValue(found.level), "lower": JSONValue(found.lower), "upper": JSONValue(found.upper),
                "method": .string(found.method.rawValue),
            ]
        } else if let reason = estimate.reason {
            interval["reason"] = .string(reason)
        }
        var result: JSONObject = [
            "aggregated_results": .object([name: .object(value)]), "rows": .object(rows),
            "interval": .object([name: .object(interval)]),
        ]
        if let error = estimate.standardError { result["standard_error"] = .object([name: JSONValue(error)]) }
        if counts.unscored > 0, moments.isBinary {
            let (sum, total) = (moments.sum.value, Double(counts.total))
            result["bounds"] = .object([
                name: [
                    "lowest": JSONValue(sum / total), "highest": JSONValue((sum + Double(counts.unscored)) / total),
                ]
            ])
        }
        return .object(result)
    }
}

/// A row that a report may show.
struct ShownExample: Sendable {
    var position: Int
    var number: Int
    var scores: [RowScore]
    var row: ShownRow
}

/// Pearson's correlation of the length of answers with their scores, computed row by row (B. P. Welford, 1962).
struct LengthCorrelation {
    private(set) var count = 0
    private var means = (0.0, 0.0)
    private var squares = (0.0, 0.0)
    private var products = 0.0

    mutating func add(_ x: Double, _ y: Double) {
        count += 1
        let (dx, dy) = (x - means.0, y - means.1)
        means.0 += dx / Double(count)
        means.1 += dy / Double(count)
        squares.0 += dx * (x - means.0)
        squares.1 += dy * (y - means.1)
        products += dx * (y - means.1)
    }

    /// Nil for fewer than three rows, and where all lengths or all scores are equal.
    var value: Double? {
        guard count > 2, squares.0 > 0, squares.1 > 0 else { return nil }
        return min(1, max(-1, products / (squares.0 * squares.1).squareRoot()))
    }
}
