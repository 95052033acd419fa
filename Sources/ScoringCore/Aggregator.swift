import Statistics

/// Computes the aggregates of one scoring function: a partial state that accepts rows in batches and can be merged.
///
/// The result does not depend on the order of the rows, on the batches, or on the order of merges: sums are exact, and
/// everything else is a count. Only data for the requested functions is kept: constant memory for the means, and memory for
/// each distinct score for `median` and `categoricalCount`.
public struct Aggregator: Sendable {
    /// The requested functions, each once, in the order of the request.
    public let functions: [AggregationFunction]
    public let kind: ScoreKind
    public internal(set) var counts = OutcomeCounts()
    /// The scored rows with a non-numeric score.
    public internal(set) var nonNumeric = 0

    var moments: Moments?
    var weighted: WeightedMoments?
    var numbers: NumberTally?
    var texts: TextTally?
    private var distribution: ScoreDistribution?
    var units: UnitTallies?
    var corpus: CorpusSums?

    /// An aggregator that has seen no rows.
    ///
    /// - Parameter keepsDistribution: whether the result includes the distribution of the scores.
    public init(functions: [AggregationFunction], kind: ScoreKind, keepsDistribution: Bool = false) {
        self.init(functions: functions, kind: kind, keepsDistribution: keepsDistribution, units: UnitTallies.Kinds())
    }

    /// - Parameters:
    ///   - units: what rows are to come with.
    ///   - statistics: the number of statistics of a row.
    package init(
        functions: [AggregationFunction], kind: ScoreKind, keepsDistribution: Bool, units: UnitTallies.Kinds,
        statistics: Int = 0
    ) {
        self.functions = functions.reduce(into: []) { unique, function in
            if !unique.contains(function) { unique.append(function) }
        }
        self.kind = kind
        if functions.contains(.accuracy) || functions.contains(.average) { moments = Moments() }
        if functions.contains(.weightedAverage) { weighted = WeightedMoments() }
        if functions.contains(.median) || functions.contains(.categoricalCount) { numbers = NumberTally() }
        if functions.contains(.categoricalCount) { texts = TextTally() }
        if keepsDistribution { distribution = ScoreDistribution() }
        if !units.isEmpty { self.units = UnitTallies(units) }
        let hasCorpus = functions.contains { if case .corpus = $0 { true } else { false } }
        if hasCorpus { corpus = CorpusSums(width: statistics) }
    }

    /// Whether it takes the statistics of rows.
    package var wantsStatistics: Bool { corpus != nil }

    /// Adds the statistics of rows, whose scores are added by themselves.
    ///
    /// - Parameters:
    ///   - statistics: those of all rows, row after row. Those of unscored rows are ignored.
    ///   - selected: the rows to add; nil means all.
    package mutating func add(
        statistics: Span<Double>, outcomes: Span<RowOutcome>, selected: [Int]? = nil
    ) {
        if let selected {
            corpus?.add(statistics, outcomes: outcomes, selected: selected)
        } else {
            corpus?.add(statistics, outcomes: outcomes, selected: 0..<outcomes.count)
        }
    }

    /// Adds rows with scores that are numbers, or booleans as 1.0 and 0.0.
    ///
    /// All spans have one element per row. The score of an unscored row is ignored. A score that is not finite counts as
    /// non-numeric; as a category, it is `nan`, `inf` or `-inf`. A row whose weight is not finite has no weight; without
    /// `weights`, no row has one.
    public mutating func add(outcomes: Span<RowOutcome>, scores: Span<Double>, weights: Span<Double>? = nil) {
        add(outcomes: outcomes, scores: scores, weights: weights, units: nil)
    }

    /// The same for rows of clusters or questions.
    package mutating func add(
        outcomes: Span<RowOutcome>, scores: Span<Double>, weights: Span<Double>?, units: RowUnits?
    ) {
        precondition(scores.count == outcomes.count, "There must be one score per row.")
        if let weights { precondition(weights.count == outcomes.count, "There must be one weight per row.") }
        let rowsToTake = count(outcomes)
        var finite = 0
        for i in scores.indices {
            finite += scores[i].isFinite ? 1 : 0
        }
        if rowsToTake == outcomes.count, finite == scores.count {
            add(numbers: scores, weights: weights, units: units)
            return
        }
        var taken = Numbers(capacity: rowsToTake, units: units)
        for i in outcomes.indices where outcomes[i] == .scored {
            if scores[i].isFinite {
                taken.append(scores[i], weight: weights?[i], row: i)
            } else {
                nonNumeric += 1
                texts?.add(scores[i].pythonDescription)
                distribution?.add(scores[i].pythonDescription)
            }
        }
        add(taken)
    }

    /// Adds rows with scores that are texts.
    ///
    /// All spans have one element per row. The score of an unscored row is ignored. If `kind` is `number`, a text that reads as
    /// a decimal number is that number in every respect, even as a category.
    public mutating func add(outcomes: Span<RowOutcome>, texts scores: Span<String>, weights: Span<Double>? = nil) {
        add(outcomes: outcomes, texts: scores, weights: weights, units: nil)
    }

    /// The same for rows of clusters or questions.
    package mutating func add(
        outcomes: Span<RowOutcome>, texts scores: Span<String>, weights: Span<Double>?, units: RowUnits?
    ) {
        precondition(scores.count == outcomes.count, "There must be one score per row.")
        if let weights { precondition(weights.count == outcomes.count, "There must be one weight per row.") }
        var taken = Numbers(capacity: count(outcomes), units: units)
        for i in outcomes.indices where outcomes[i] == .scored {
            if kind == .number, let number = Double(decimalText: scores[i]) {
                taken.append(number, weight: weights?[i], row: i)
            } else {
                nonNumeric += 1
                texts?.add(scores[i])
                distribution?.add(scores[i])
            }
        }
        add(taken)
    }

    /// Adds all rows of `other`, which must have the same functions and kind.
    public mutating func merge(_ other: Aggregator) {
        precondition(
            functions == other.functions && kind == other.kind,
            "Only aggregators of the same functions and kind of score can be merged.")
        counts.merge(other.counts)
        nonNumeric += other.nonNumeric
        if let other = other.moments { moments?.merge(other) }
        if let other = other.weighted { weighted?.merge(other) }
        if let other = other.numbers { numbers?.merge(other) }
        if let other = other.texts { texts?.merge(other) }
        if let other = other.distribution { distribution?.merge(other) }
        if let other = other.units { units?.merge(other) }
        if let other = other.corpus { corpus?.merge(other) }
    }

    /// The aggregates of the rows so far.
    ///
    /// - Parameter range: the range of possible scores, if known, for the bounds. For nil, accuracy uses 0...1 unless a score
    ///   was outside it, and the median has bounds if fewer than half of the scores are missing. A weighted average never
    ///   has bounds, because the weights of rows without a score are unknown.
    /// - Complexity: O(d log d) for d distinct scores, and some tens of microseconds per mean.
    public func result(range: ClosedRange<Double>?) -> AggregateResult { result(range: range) { _, _ in [:] } }

    /// The same with the scorer's own aggregations.
    ///
    /// - Parameter finalize: computes them from the sums of the statistics and the number of scored rows; called once, if
    ///   there are any.
    package func result(
        range: ClosedRange<Double>?, finalize: ([Double], Int) -> [String: AggregateResult.CorpusValue]
    ) -> AggregateResult {
        let own = corpus.flatMap { $0.rows > 0 ? finalize($0.values, $0.rows) : nil } ?? [:]
        return AggregateResult(
            entries: functions.map { entry(of: $0, range: range, own) }, counts: counts, nonNumeric: nonNumeric,
            distribution: kind == .boolean ? distribution?.barsOfBooleans() : distribution?.bars(),
            samples: units?.samples)
    }
}

// MARK: - Rows

extension Aggregator {
    /// The numbers among the scores of a batch, and their weights.
    private struct Numbers {
        var scores: [Double] = []
        /// Parallel to `scores`; a missing weight is NaN.
        var weights: [Double] = []

        /// Of the rows that scores are taken from.
        let units: RowUnits?
        /// The rows that were taken, where they have units.
        private var rows: [Int] = []

        init(capacity: Int, units: RowUnits?) {
            self.units = units
            scores.reserveCapacity(capacity)
            weights.reserveCapacity(capacity)
        }

        mutating func append(_ score: Double, weight: Double?, row: Int) {
            scores.append(score)
            weights.append(weight ?? .nan)
            if units != nil { rows.append(row) }
        }

        var takenUnits: RowUnits? { units?.selecting(rows) }
    }

    /// Counts the outcomes and returns how many rows were scored.
    private mutating func count(_ outcomes: Span<RowOutcome>) -> Int {
        var scored = 0
        for i in outcomes.indices {
            scored += outcomes[i] == .scored ? 1 : 0
        }
        counts.add(.scored, count: scored)
        if scored < outcomes.count {
            for i in outcomes.indices where outcomes[i] != .scored { counts.add(outcomes[i]) }
        }
        return scored
    }

    private mutating func add(_ taken: Numbers) {
        add(numbers: taken.scores.span, weights: taken.weights.span, units: taken.takenUnits)
    }

    private mutating func add(numbers scores: Span<Double>, weights: Span<Double>?, units: RowUnits?) {
        moments?.add(scores)
        if let weights { weighted?.add(scores, weights: weights) }
        numbers?.add(scores)
        distribution?.add(scores)
        if let units { self.units?.add(scores, units) }
    }
}

// MARK: - Results

extension Aggregator {
    /// The rows that could have had a numeric score but do not.
    private var missing: Int { counts.unscored + nonNumeric }

    private func entry(
        of function: AggregationFunction, range: ClosedRange<Double>?, _ own: [String: AggregateResult.CorpusValue]
    ) -> AggregateResult.Entry {
        var estimate: Estimate?
        var clusters: Int?
        var bounds: ClosedRange<Double>?
        let value: AggregateResult.Value?
        switch function {
        case .accuracy:
            value = accuracy
            (estimate, clusters) = mean
            bounds = meanBounds(range ?? (moments?.isWithinUnit == true ? 0...1 : nil))
        case .average:
            value = moments?.mean().map { .average($0) }
            (estimate, clusters) = mean
            bounds = meanBounds(range)
        case .weightedAverage:
            value = weighted?.mean.map { .weightedAverage($0) }
            // The weighted error takes rows for independent, and those of a cluster or a question are not.
            if units == nil { estimate = weighted.map { .weightedMean(of: $0) } }
        case .median:
            let runs = numbers?.runs ?? []
            let middle = median(of: runs)
            value = middle.map { .median($0) }
            if units == nil { estimate = .median(of: runs, value: middle) }
            bounds = medianBounds(range)
        case .categoricalCount:
            value = categories.map { .categoricalCount($0) }
        case .corpus(let name):
            value = own[name].map { .corpus($0) }
        }
        return AggregateResult.Entry(
            function: function, value: value, standardError: estimate?.standardError,
            bounds: bounds, interval: value == nil ? nil : estimate?.interval,
            reasonWithoutInterval: value == nil ? nil : estimate?.reason, clusters: clusters)
    }

    /// The mean with its standard error and interval, by cluster or question where rows have them.
    private var mean: (Estimate?, clusters: Int?) {
        guard let moments else { return (nil, nil) }
        guard let units else {
            var estimate = Estimate.mean(of: moments)
            // As the sums give it, which round once.
            estimate.standardError = moments.standardError
            return (estimate, nil)
        }
        let mean = units.mean
        return (mean.estimate(isBinary: moments.isBinary), mean.clusters)
    }

    private var accuracy: AggregateResult.Value? {
        guard let moments, let mean = moments.mean() else { return nil }
        let sum = moments.sum.value
        return sum.isFinite ? .accuracy(accuracy: mean, numCorrect: sum, numTotal: moments.count) : nil
    }

    private func meanBounds(_ range: ClosedRange<Double>?) -> ClosedRange<Double>? {
        guard missing > 0, let range, range.lowerBound.isFinite, range.upperBound.isFinite,
            let lowest = moments?.mean(with: range.lowerBound, times: missing),
            let highest = moments?.mean(with: range.upperBound, times: missing)
        else { return nil }
        return lowest...highest
    }

    /// The medians with all missing scores at one end of the range and at the other, or at an infinity.
    private func medianBounds(_ range: ClosedRange<Double>?) -> ClosedRange<Double>? {
        guard missing > 0, let runs = numbers?.runs else { return nil }
        func median(withMissing extra: Double) -> Double? {
            var runs = runs
            let index = runs.firstIndex { $0.value > extra } ?? runs.endIndex
            runs.insert((extra, missing), at: index)
            return ScoringCore.median(of: runs)
        }
        guard let lowest = median(withMissing: range?.lowerBound ?? -.infinity), lowest.isFinite,
            let highest = median(withMissing: range?.upperBound ?? .infinity), highest.isFinite
        else { return nil }
        return lowest...highest
    }

    private var categories: [AggregateResult.Category]? {
        guard var all = texts, let numbers else { return nil }
        for run in numbers.runs {
            all.add(categoryName(of: run.value), count: run.count)
        }
        guard !all.counts.isEmpty else { return nil }
        // A non-numeric score is still a category, so only rows without a score are uncertain.
        let unscored = counts.unscored
        let scored = all.counts.values.reduce(0, +)
        return all.counts.sorted { $0.key < $1.key }.map { name, count in
            AggregateResult.Category(
                name: name.text, count: count, bounds: unscored > 0 ? count...(count + unscored) : nil,
                interval: units == nil ? Estimate.proportion(count, of: scored).interval : nil)
        }
    }

    private func categoryName(of score: Double) -> String {
        guard kind == .boolean, score == 0 || score == 1 else { return score.pythonDescription }
        return score == 1 ? "True" : "False"
    }
}
