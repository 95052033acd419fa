import Testing

@testable import ScoringCore

@Suite("Sums of statistics are exact")
struct CorpusSumsTests {
    private static let function = AggregationFunction.corpus("corpus_x")

    private func aggregator(_ width: Int) -> Aggregator {
        Aggregator(
            functions: [Self.function], kind: .number, keepsDistribution: false, units: UnitTallies.Kinds(),
            statistics: width)
    }

    private func sums(_ aggregator: Aggregator) -> (sums: [UInt64], rows: Int) {
        var found: ([UInt64], Int) = ([], 0)
        let result = aggregator.result(range: nil) { sums, rows in
            found = (sums.map(\.bitPattern), rows)
            return ["corpus_x": .init(json: "{}", number: 1)]
        }
        #expect(result.entries[0].value == (found.1 > 0 ? .corpus(.init(json: "{}", number: 1)) : nil))
        return found
    }

    @Test("the order of rows, their division and the order of merges change no bit", arguments: [1, 2, 7])
    func order(parts: Int) {
        let values = [
            0.1, 1.0 / 3, 0.5, 1e280, -1e280, 1e-300, 7, 3e15, -2, 0.7, 1.0 / 3, 1e17, Double.leastNonzeroMagnitude,
        ]
        var state: UInt64 = 42
        func random(below limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        let rows = (0..<3000).map { _ in (values[random(below: values.count)], Double(random(below: 100))) }
        func total(_ order: [Int]) -> (sums: [UInt64], rows: Int) {
            var made = (0..<parts).map { _ in aggregator(2) }
            for (index, row) in order.enumerated() {
                let outcomes: [RowOutcome] = [.unparsed, .scored]
                made[index % parts].add(
                    statistics: [9, 9, rows[row].0, rows[row].1].span, outcomes: outcomes.span)
            }
            let last = made.removeLast()
            return sums(made.reversed().reduce(into: last) { $0.merge($1) })
        }
        let inOrder = total(Array(rows.indices))
        let backwards = total(rows.indices.reversed())
        let shuffled = total(rows.indices.sorted { rows[$0].0 < rows[$1].0 })
        #expect(inOrder.sums == backwards.sums && inOrder.sums == shuffled.sums)
        #expect(inOrder.rows == 3000)
        var integers = 0
        for row in rows { integers += Int(row.1) }
        #expect(Double(bitPattern: inOrder.sums[1]) == Double(integers))
    }

    @Test("many rows at once are the same as one by one")
    func batches() {
        let values = (0..<5000).map { Double($0 % 97) + ($0 % 3 == 0 ? 0.25 : 0) }
        let outcomes = [RowOutcome](repeating: .scored, count: values.count)
        var whole = aggregator(1)
        whole.add(statistics: values.span, outcomes: outcomes.span)
        var selected = aggregator(1)
        selected.add(statistics: values.span, outcomes: outcomes.span, selected: Array(0..<2500))
        selected.add(statistics: values.span, outcomes: outcomes.span, selected: Array(2500..<5000))
        #expect(sums(whole) == sums(selected))
        #expect(Double(bitPattern: sums(whole).sums[0]) == values.reduce(0, +))
    }

    @Test("rows without a score take part in nothing, and without any there is no value")
    func empty() {
        var unscored = aggregator(1)
        let outcomes: [RowOutcome] = [.inputError, .modelError]
        unscored.add(statistics: [1, 2].span, outcomes: outcomes.span)
        #expect(sums(unscored).rows == 0)
    }

    @Test(
        "names of a plugin's own aggregations",
        arguments: [
            ("corpus_bleu", true), ("by_instruction", true), ("f1_micro2", true), ("sum", false),
            ("weighted_average", false),
            ("Corpus_bleu", false), ("corpus-bleu", false), ("", false), ("_x", false), ("1_x", false), ("é_x", false),
        ])
    func names(name: String, isAllowed: Bool) {
        #expect(AggregationFunction.isName(ofCorpus: name) == isAllowed)
    }
}
