import ScoringCore
import TestSupport
import Testing

/// Rows of a scoring function, and any way of feeding them to aggregators.
private struct Rows {
    var outcomes: [RowOutcome] = []
    var numbers: [Double] = []
    var texts: [String] = []
    var weights: [Double] = []

    init(count: Int, using generator: inout SeededGenerator, number: (inout SeededGenerator) -> Double) {
        for _ in 0..<count {
            let outcome = RowOutcome(rawValue: UInt8.random(in: 0...20, using: &generator)) ?? .scored
            outcomes.append(outcome)
            let value = number(&generator)
            numbers.append(value)
            texts.append(Bool.random(using: &generator) ? value.pythonDescription : "no number")
            weights.append(Int.random(in: 0..<9, using: &generator) == 0 ? .nan : abs(number(&generator)))
        }
    }

    func add(_ rows: [Int], asTexts: Bool, to aggregator: inout Aggregator) {
        let outcomes = rows.map { self.outcomes[$0] }
        let weights = rows.map { self.weights[$0] }
        if asTexts {
            let texts = rows.map { self.texts[$0] }
            aggregator.add(outcomes: outcomes.span, texts: texts.span, weights: weights.span)
        } else {
            let numbers = rows.map { self.numbers[$0] }
            aggregator.add(outcomes: outcomes.span, scores: numbers.span, weights: weights.span)
        }
    }
}

extension AggregateResult {
    /// Every number in the result to the bit, so that 0.0 is not -0.0.
    fileprivate var bits: [UInt64?] {
        entries.flatMap { entry -> [UInt64?] in
            let value: Double? =
                switch entry.value {
                case .accuracy(let value, _, _)?, .average(let value)?: value
                case .weightedAverage(let value)?, .median(let value)?: value
                case .categoricalCount?, .corpus?, nil: nil
                }
            let numbers = [value, entry.standardError, entry.bounds?.lowerBound, entry.bounds?.upperBound]
            return numbers.map { $0?.bitPattern }
        }
    }
}

@Suite struct AggregatorSplitTests {
    private static let numbers: [@Sendable (inout SeededGenerator) -> Double] = [
        { Double(Int.random(in: 0...1, using: &$0)) },
        { Double(Int.random(in: 0...6, using: &$0)) / 6 },
        { Double.random(in: -1...1, using: &$0) },
        { Double.random(in: 0...1, using: &$0) + 1e12 },
        { Double(sign: .plus, exponent: Int.random(in: -1000...900, using: &$0), significand: 1.1) },
        { $0.finiteDouble() },
        { [-0.0, 0.0, 1.0, 0x1p20, 0x1p20 + 1, 0.005].randomElement(using: &$0) ?? 0 },
    ]

    @Test(
        "Aggregates are the same bits however rows are ordered, batched and merged",
        arguments: 0..<7, [false, true])
    func splits(which: Int, asTexts: Bool) {
        var generator = SeededGenerator(seed: UInt64(which))
        let rows = Rows(count: 2500, using: &generator, number: Self.numbers[which])
        let empty = Aggregator(functions: AggregationFunction.common, kind: .number)

        var whole = empty
        rows.add(Array(0..<2500), asTexts: asTexts, to: &whole)
        let expected = whole.result(range: -3...3)
        #expect(expected.entries.allSatisfy { $0.value != nil || $0.function == .accuracy })

        for _ in 0..<3 {
            var parts = Array(repeating: empty, count: 5)
            var order = Array(0..<2500).shuffled(using: &generator)
            while !order.isEmpty {
                let batch = Array(order.suffix(Int.random(in: 1...900, using: &generator)))
                order.removeLast(batch.count)
                rows.add(batch, asTexts: asTexts, to: &parts[Int.random(in: 0..<5, using: &generator)])
            }
            while parts.count > 1 {
                let part = parts.remove(at: Int.random(in: parts.indices, using: &generator))
                parts[Int.random(in: parts.indices, using: &generator)].merge(part)
            }
            let result = parts[0].result(range: -3...3)
            #expect(result == expected)
            #expect(result.bits == expected.bits)
        }
    }

    @Test("The same number for every row is the mean, with an error of 0, whatever its size")
    func constantScores() {
        for score in [1.0, 0.1, 1e-9, 1e9 + 0.1, 0x1p20 + 1, 1.0 / 3, -0.7, 5e300] {
            var aggregator = Aggregator(functions: [.average], kind: .number)
            let outcomes = Array(repeating: RowOutcome.scored, count: 10_000)
            let scores = Array(repeating: score, count: 10_000)
            aggregator.add(outcomes: outcomes.span, scores: scores.span)
            let entry = aggregator.result(range: nil).entries.first
            #expect(entry?.value == .average(score))
            #expect(entry?.standardError == 0)
        }
    }

    // Computed with Python's fractions: i mod 7 over 7, 3 and 2^20 + 1 in turn, for i from 0 to 9999.
    @Test("Scores of all sizes in many batches give the means and errors of exact arithmetic")
    func manyBatches() {
        var aggregator = Aggregator(functions: [.average, .weightedAverage], kind: .number)
        for start in stride(from: 0, to: 10_000, by: 1000) {
            let outcomes = Array(repeating: RowOutcome.scored, count: 1000)
            let scores = (start..<start + 1000).map { i in Double(i % 7) / [7.0, 3.0, 0x1p20 + 1][i % 3] }
            let weights = (start..<start + 1000).map { i in Double(i % 5) / 10 }
            aggregator.add(outcomes: outcomes.span, scores: scores.span, weights: weights.span)
        }
        let entries = aggregator.result(range: nil).entries
        #expect(entries.map(\.value) == [.average(0.4760771439588627), .weightedAverage(0.47639142857642397)])
        #expect(entries.map(\.standardError) == [0.005857501435543302, 0.00717730397682696])
    }
}
