import ScoringCore
import TestSupport
import Testing

/// Rows with numbers: nil is a row without a score.
private func aggregate(
    _ scores: [Double?], weights: [Double]? = nil, kind: ScoreKind = .number,
    functions: [AggregationFunction] = AggregationFunction.common, range: ClosedRange<Double>? = nil
) -> AggregateResult {
    var aggregator = Aggregator(functions: functions, kind: kind)
    let outcomes = scores.map { $0 == nil ? RowOutcome.unparsed : .scored }
    let numbers = scores.map { $0 ?? 99 }
    if let weights {
        aggregator.add(outcomes: outcomes.span, scores: numbers.span, weights: weights.span)
    } else {
        aggregator.add(outcomes: outcomes.span, scores: numbers.span)
    }
    return aggregator.result(range: range)
}

/// Rows with texts: nil is a row without a score.
private func aggregate(_ scores: [String?], kind: ScoreKind) -> AggregateResult {
    var aggregator = Aggregator(functions: AggregationFunction.common, kind: kind)
    let outcomes = scores.map { $0 == nil ? RowOutcome.modelError : .scored }
    let texts = scores.map { $0 ?? "99" }
    aggregator.add(outcomes: outcomes.span, texts: texts.span)
    return aggregator.result(range: nil)
}

extension AggregateResult {
    fileprivate subscript(function: AggregationFunction) -> Entry? { entries.first { $0.function == function } }

    fileprivate var categories: [String: Int]? {
        guard case .categoricalCount(let categories)? = self[.categoricalCount]?.value else { return nil }
        return Dictionary(uniqueKeysWithValues: categories.map { ($0.name, $0.count) })
    }

    fileprivate var categoryNames: [String]? {
        guard case .categoricalCount(let categories)? = self[.categoricalCount]?.value else { return nil }
        return categories.map(\.name)
    }
}

private let least = Double.leastNonzeroMagnitude

@Suite struct AggregatorTests {
    @Test(
        "With nothing to work on, every aggregate is null",
        arguments: [[], [nil], [nil, nil, nil]] as [[Double?]])
    func nothingScored(scores: [Double?]) {
        let result = aggregate(scores)
        #expect(result.entries.map(\.function) == AggregationFunction.common)
        for entry in result.entries {
            #expect(entry.value == nil)
            #expect(entry.standardError == nil)
        }
        #expect(result.counts.unscored == scores.count)
        #expect(result.counts.scored == 0)
    }

    // Means are those of Python's statistics.mean, and standard errors those of statistics.variance over fractions.
    @Test(
        "Means, standard errors and medians are the true ones",
        arguments: [
            ([7.5], 7.5, nil, 7.5),
            ([0], 0, nil, 0),
            ([1, 0, 1, 1], 0.75, 0.25, 1),
            ([1, 0], 0.5, 0.5, 0.5),
            ([3, 3, 3], 3, 0, 3),
            ([0.1, 0.1, 0.1], 0.1, 0, 0.1),
            ([0.25, 0.5, 2.0 / 3, 1.0 / 3, 1], 0.55, 0.13333333333333333, 0.5),
            ([0.001, 0.002, 0.7], 0.2343333333333333, 0.2328335122881679, 0.002),
            ([-1.5, 2.25, 1e-20], 0.25, 1.0897247358851685, 1e-20),
            ([1e9, 1e9 + 1, 1e9 + 2], 1e9 + 1, 0.5773502691896257, 1e9 + 1),
            ([1e15 + 0.125, 1e15 + 0.25, 1e15 + 0.5], 1e15 + 0.25, 0.11023963796102461, 1e15 + 0.25),
            ([1e200, 3e200, -2e200], 6.666666666666667e199, 1.4529663145135578e200, 1e200),
            ([1e308, 1e308, -1e308, 1e308], 5e307, 5e307, 1e308),
            ([1e308, 1.5e308], 1.25e308, 2.5e307, 1.25e308),
            ([4 * least, 2 * least], 3 * least, least, 3 * least),
        ] as [([Double], Double, Double?, Double)])
    func means(scores: [Double], mean: Double, standardError: Double?, median: Double) {
        let result = aggregate(scores)
        #expect(result[.average]?.value == .average(mean))
        #expect(result[.average]?.standardError == standardError)
        #expect(result[.accuracy]?.standardError == standardError)
        #expect(result[.median]?.value == .median(median))
        #expect(result[.median]?.standardError == nil)
        #expect(result[.categoricalCount]?.standardError == nil)
        for entry in result.entries { #expect(entry.bounds == nil) }
    }

    @Test("Accuracy has the sum of the scores and their number beside it, and rows without a score are in neither")
    func accuracy() {
        let scores = Array(repeating: 1.0, count: 1991) + Array(repeating: 0.0, count: 3285)
        #expect(
            aggregate(scores)[.accuracy]?.value
                == .accuracy(accuracy: 1991.0 / 5276, numCorrect: 1991, numTotal: 5276))
        #expect(
            aggregate([1, nil, 0.5, nil])[.accuracy]?.value == .accuracy(accuracy: 0.75, numCorrect: 1.5, numTotal: 2))
        #expect(
            aggregate([0, nil, 0])[.accuracy]?.value == .accuracy(accuracy: 0, numCorrect: 0, numTotal: 2))
    }

    @Test("A sum of scores beyond the range of numbers leaves no accuracy, but an average")
    func hugeScores() {
        let result = aggregate([1.5e308, 1.5e308])
        #expect(result[.accuracy]?.value == nil)
        #expect(result[.average]?.value == .average(1.5e308))
        #expect(result[.average]?.standardError == 0)
    }

    @Test(
        "Weighted averages and their standard errors are the true ones",
        arguments: [
            ([1, 0.5, 1.0 / 3], [1, 2, 3], 0.5, 0.11785113019775792),
            ([1e9, 1e9 + 1, 1e9 + 2], [0.1, 0.2, 0.3], 1000000001.3333334, 0.41573970964154905),
            ([0.25, 0.75, 0.5], [1e-300, 2e-300, 1e-300], 0.5625, 0.12303137303143455),
            ([-1, 0.5, 0.1], [2, 0.3, 0.7], -0.5933333333333334, 0.33410636289719936),
            ([2, 4], [3, 3], 3, 0.7071067811865476),
            ([0, 1], [1, 0], 0, nil),
            ([0.5], [4], 0.5, nil),
            ([0.5, 1], [.nan, 2], 1, nil),
            ([0.5, 1, 0], [.infinity, 2, 2], 0.5, 0.3535533905932738),
            ([2, 4, nil], [1, 1, 1e9], 3, 0.7071067811865476),
            ([1, 0], [0, 0], nil, nil),
            ([1, 0], [.nan, .nan], nil, nil),
            ([1, 5], [1, -1], nil, nil),
            ([nil, nil], [1, 1], nil, nil),
        ] as [([Double?], [Double], Double?, Double?)])
    func weightedAverage(scores: [Double?], weights: [Double], mean: Double?, standardError: Double?) {
        let entry = aggregate(scores, weights: weights, range: 0...1)[.weightedAverage]
        #expect(entry?.value == mean.map { .weightedAverage($0) })
        #expect(entry?.standardError == standardError)
        #expect(entry?.bounds == nil)
    }

    @Test("Without weights there is no weighted average")
    func noWeights() {
        #expect(aggregate([1, 0.5])[.weightedAverage]?.value == nil)
    }

    @Test(
        "The median is the middle score, or the mean of the two middle ones",
        arguments: [
            ([0.0], 0.0), ([1, 0], 0.5), ([5, 1, 3], 3), ([4, 1, 3, 2], 2.5), ([1, 1, 0, 0], 0.5), ([1, 1, 1, 0], 1),
            ([2, 2, 9], 2), ([-3, -1], -2), ([0.2, nil, 0.4], 0.30000000000000004), ([1e308, 1.7e308], 1.35e308),
            ([-1, -0.0, 0.0, 1], 0), ([-5, 0, 1, 2, 1, 0, 7], 1),
        ] as [([Double?], Double)])
    func median(scores: [Double?], expected: Double) {
        #expect(aggregate(scores)[.median]?.value == .median(expected))
    }

    @Test(
        "Mean bounds put every missing score at the ends of the range",
        arguments: [
            ([1, nil], 0...1, 0.5, 1),
            ([1, 0, nil, nil], 0...1, 0.25, 0.75),
            ([nil, nil], 0...1, 0, 1),
            ([7, 9, nil], 1...10, 17.0 / 3, 26.0 / 3),
            ([0.1, 0.1, 0.1, nil], 0.1...0.1, 0.1, 0.1),
            ([-1, nil], -1...1, -1, 0),
        ] as [([Double?], ClosedRange<Double>, Double, Double)])
    func meanBounds(scores: [Double?], range: ClosedRange<Double>, lowest: Double, highest: Double) {
        let result = aggregate(scores, range: range)
        #expect(result[.average]?.bounds == lowest...highest)
        #expect(result[.accuracy]?.bounds == lowest...highest)
    }

    @Test("Without a range, only accuracy has bounds, and only if its scores lie between 0 and 1")
    func boundsWithoutRange() {
        let fractions = aggregate([1, 0.5, nil, nil])
        #expect(fractions[.accuracy]?.bounds == 0.375...0.875)
        #expect(fractions[.average]?.bounds == nil)
        let ratings = aggregate([1, 5, nil])
        #expect(ratings[.accuracy]?.bounds == nil)
        #expect(ratings[.average]?.bounds == nil)
        #expect(aggregate([-0.5, 0.5, nil])[.accuracy]?.bounds == nil)
        #expect(aggregate([nil])[.accuracy]?.bounds == 0...1)
    }

    @Test("A range without an end gives means no bounds")
    func openRange() {
        let result = aggregate([1, 2, 3, nil], range: 0...Double.infinity)
        #expect(result[.average]?.bounds == nil)
        #expect(result[.accuracy]?.bounds == nil)
        #expect(result[.median]?.bounds == 1.5...2.5)
    }

    @Test(
        "Median bounds put every missing score at the ends of the range, and need one only if half are missing",
        arguments: [
            ([1, 2, 3], nil, nil),
            ([1, 2, 3, nil], nil, 1.5...2.5),
            ([1, 2, 3, nil, nil], nil, 1...3),
            ([3, 1, 1, nil], nil, 1...2),
            ([1, 2, nil, nil], nil, nil),
            ([1, nil], nil, nil),
            ([nil], nil, nil),
            ([1, nil, nil], nil, nil),
            ([1, 2, nil, nil], 0...10, 0.5...6),
            ([4, nil], 0...10, 2...7),
            ([4, nil, nil], 0...10, 0...10),
            ([nil, nil], 0...10, 0...10),
            ([1, 2, 3, nil], 1...3, 1.5...2.5),
            // A score outside of the range is kept in its place.
            ([1, 2, 20, nil], 5...10, 3.5...6),
        ] as [([Double?], ClosedRange<Double>?, ClosedRange<Double>?)])
    func medianBounds(scores: [Double?], range: ClosedRange<Double>?, bounds: ClosedRange<Double>?) {
        #expect(aggregate(scores, range: range)[.median]?.bounds == bounds)
    }

    @Test("Bounds hold whatever the missing scores are", arguments: 0..<40 as Range<UInt64>)
    func boundsHold(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let range = 0.0...1.0
        let complete = (0..<Int.random(in: 1...12, using: &generator)).map { _ in
            Double.random(in: range, using: &generator)
        }
        let holes = complete.map { Bool.random(using: &generator) ? $0 : nil }
        let (whole, part) = (aggregate(complete), aggregate(holes, range: range))
        if case .average(let mean)? = whole[.average]?.value {
            #expect(part[.average]?.bounds?.contains(mean) ?? (holes == complete))
        }
        if case .median(let median)? = whole[.median]?.value {
            #expect(part[.median]?.bounds?.contains(median) ?? (holes == complete))
            #expect(aggregate(holes)[.median]?.bounds?.contains(median) ?? true)
        }
    }

    @Test("Categories of numbers are named as Python writes numbers, and sorted as text")
    func numberCategories() {
        let result = aggregate([10, 1, 0.5, 1, nil, 2, 1e16, -1])
        #expect(result.categories == ["1.0": 2, "10.0": 1, "0.5": 1, "2.0": 1, "1e+16": 1, "-1.0": 1])
        #expect(result.categoryNames == ["-1.0", "0.5", "1.0", "10.0", "1e+16", "2.0"])
    }

    @Test("Booleans are True and False as categories, and 1 and 0 as numbers")
    func booleans() {
        let result = aggregate([1, 0, 1, 1], kind: .boolean)
        #expect(result.categories == ["False": 1, "True": 3])
        #expect(result.categoryNames == ["False", "True"])
        #expect(result[.accuracy]?.value == .accuracy(accuracy: 0.75, numCorrect: 3, numTotal: 4))
        #expect(result.nonNumeric == 0)
    }

    @Test("Where a category could have had the unscored rows too, its bounds say so")
    func categoryBounds() {
        let category = { (name: String, count: Int, bounds: ClosedRange<Int>?) -> (String, Int, ClosedRange<Int>?) in
            (name, count, bounds)
        }
        for (scores, expected) in [
            (["A", "B", "A"], [category("A", 2, nil), category("B", 1, nil)]),
            (["A", nil, "B", "A", nil], [category("A", 2, 2...4), category("B", 1, 1...3)]),
        ] as [([String?], [(String, Int, ClosedRange<Int>?)])] {
            guard case .categoricalCount(let categories)? = aggregate(scores, kind: .text)[.categoricalCount]?.value
            else {
                Issue.record("There is no count for \(scores).")
                continue
            }
            #expect(categories.map(\.name) == expected.map(\.0))
            #expect(categories.map(\.count) == expected.map(\.1))
            #expect(categories.map(\.bounds) == expected.map(\.2))
        }
    }

    @Test("Texts that are numbers count as numbers if scores are numbers; others are left out and counted")
    func numbersInTexts() {
        let result = aggregate(["7", " 9.0 ", "seven", nil, "7.0", "nan"], kind: .number)
        #expect(result[.accuracy]?.value == .accuracy(accuracy: 23.0 / 3, numCorrect: 23, numTotal: 3))
        #expect(result[.average]?.value == .average(23.0 / 3))
        #expect(result[.median]?.value == .median(7))
        #expect(result.nonNumeric == 2)
        #expect(result.counts.scored == 5)
        #expect(result.counts.modelError == 1)
        #expect(result.categories == ["7.0": 2, "9.0": 1, "seven": 1, "nan": 1])
        // Two texts and one unscored row have no number: half of all.
        #expect(result[.median]?.bounds == nil)
    }

    @Test("Texts stay texts if scores are anything else", arguments: [ScoreKind.text, .json, .boolean])
    func textsStayTexts(kind: ScoreKind) {
        let result = aggregate(["7", "7.0", "A", "7"], kind: kind)
        #expect(result[.accuracy]?.value == nil)
        #expect(result[.average]?.value == nil)
        #expect(result[.median]?.value == nil)
        #expect(result.nonNumeric == 4)
        #expect(result.categories == ["7": 2, "7.0": 1, "A": 1])
    }

    @Test("Rows whose score is no number widen the bounds of numbers, but not those of categories")
    func nonNumericBounds() {
        let result = aggregate(["1", "0", "1", "yes"], kind: .number)
        #expect(result[.accuracy]?.bounds == 0.5...0.75)
        #expect(result[.median]?.bounds == 0.5...1)
        guard case .categoricalCount(let categories)? = result[.categoricalCount]?.value else {
            Issue.record("There is no count.")
            return
        }
        #expect(categories.map(\.bounds) == [nil, nil, nil])
    }

    @Test("A score that is not finite is no number")
    func nonFiniteScores() {
        let result = aggregate([1, .nan, 0, .infinity, -.infinity])
        #expect(result[.average]?.value == .average(0.5))
        #expect(result[.median]?.value == .median(0.5))
        #expect(result.nonNumeric == 3)
        #expect(result.categories == ["0.0": 1, "1.0": 1, "nan": 1, "inf": 1, "-inf": 1])
    }

    @Test("Categories differ if any code point does, and are sorted by code point")
    func categoriesByCodePoint() {
        let (composed, decomposed) = ("\u{e9}", "e\u{301}")
        let result = aggregate(
            ["b", composed, "B", decomposed, "", composed, "\u{1F600}", "\u{FFFD}", "ba", "10", "9"], kind: .text)
        let names = ["", "10", "9", "B", "b", "ba", decomposed, composed, "\u{FFFD}", "\u{1F600}"]
        #expect(result.categoryNames?.map { Array($0.utf8) } == names.map { Array($0.utf8) })
        guard case .categoricalCount(let categories)? = result[.categoricalCount]?.value else { return }
        #expect(categories.map(\.count) == [1, 1, 1, 1, 1, 1, 1, 2, 1, 1])
    }

    @Test("Only requested functions are in the result, each once, in the order of the request")
    func requestedFunctions() {
        let functions: [AggregationFunction] = [.median, .accuracy, .median]
        #expect(aggregate([1, 0], functions: functions).entries.map(\.function) == [.median, .accuracy])
        #expect(aggregate([1, 0], functions: []).entries.isEmpty)
        #expect(aggregate([1, nil], functions: []).counts.total == 2)
    }
}
