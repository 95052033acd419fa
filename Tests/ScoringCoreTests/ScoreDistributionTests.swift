import TestSupport
import Testing

@testable import ScoringCore

private typealias Bar = ScoreDistribution.Bar

@Suite("How scores lie")
struct ScoreDistributionTests {
    private func distribution(_ numbers: [Double], _ texts: [String] = []) -> ScoreDistribution {
        var distribution = ScoreDistribution()
        distribution.add(numbers.span)
        for text in texts { distribution.add(text) }
        return distribution
    }

    private func range(_ lower: Double, _ upper: Double, _ count: Int, closed: Bool = false) -> Bar {
        Bar(scores: .range(lower: lower, upper: upper, includesUpper: closed), count: count)
    }

    @Test("few scores have a bar each")
    func fewNumbers() {
        let bars = distribution([1, 0, -0.0, 1, 0.5, 7, 1], ["B", "A", "B"]).bars()
        let expected: [Bar] = [
            Bar(scores: .number(0), count: 2), Bar(scores: .number(0.5), count: 1), Bar(scores: .number(1), count: 3),
            Bar(scores: .number(7), count: 1), Bar(scores: .text("B"), count: 2), Bar(scores: .text("A"), count: 1),
        ]
        #expect(bars == expected)
        #expect(ScoreDistribution().bars().isEmpty)
    }

    @Test("integers have a bar each, also where nothing has that score")
    func integers() {
        let bars = distribution([0, 10, 2, 3, 4, 5, 7, 7]).bars()
        #expect(bars.map(\.count) == [1, 0, 1, 1, 1, 1, 0, 2, 0, 0, 1])
        #expect(bars[6].scores == .number(6))
        #expect(distribution([0, 100, 2, 3, 4, 5, 7]).bars().first == range(0, 5, 4))
    }

    @Test("many scores have ranges that people would choose, the last of which includes its end")
    func decimalRanges() {
        let bars = distribution((0...100).map { Double($0) / 100 }).bars(limit: 10)
        #expect(bars.count == 10)
        #expect(bars[0] == range(0, 0.1, 10) && bars[3] == range(0.3, 0.4, 10))
        #expect(bars[9] == range(0.9, 1, 11, closed: true))
        let wide = distribution((0..<500).map { Double($0 * 3) - 700 }).bars(limit: 10)
        #expect(wide.first == range(-800, -600, 34) && wide.last == range(600, 800, 66))
        #expect(wide.reduce(0) { $0 + $1.count } == 500)
    }

    @Test(
        "any numbers are counted, each in the range where it lies",
        arguments: [
            [
                1e300, -1e300, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .greatestFiniteMagnitude,
                -.greatestFiniteMagnitude,
            ], [1e15, 1e-15, -1],
            [1e300], [0.1, 0.1.nextUp], [1e17], [0, 1],
        ])
    func strangeNumbers(seeds: [Double]) {
        var generator = SeededGenerator(seed: 7)
        for count in [30, 5_000] {
            let numbers = (0..<count).map { index -> Double in
                let seed = seeds[index % seeds.count]
                return index < seeds.count ? seed : seed * Double.random(in: 0.5...1, using: &generator)
            }
            let bars = distribution(numbers).bars()
            #expect(bars.count <= 20 && bars.reduce(0) { $0 + $1.count } == count)
            for bar in bars {
                guard case .range(let lower, let upper, let isClosed) = bar.scores else { continue }
                let inside = numbers.count { $0 >= lower && ($0 < upper || isClosed && $0 == upper) }
                #expect(inside == bar.count, "\(bar)")
            }
        }
    }

    @Test("the order of scores and of merges changes nothing")
    func order() {
        var generator = SeededGenerator(seed: 3)
        let numbers = (0..<20_000).map { _ in Double.random(in: -3...9, using: &generator) * 1e3 } + [0, 1, 1, 1e9]
        let texts = (0..<5_000).map { _ in String(Int.random(in: 0..<2_000, using: &generator)) }
        let whole = distribution(numbers, texts)
        for _ in 0..<5 {
            let (numbers, texts) = (numbers.shuffled(using: &generator), texts.shuffled(using: &generator))
            var merged = ScoreDistribution()
            for part in 0..<4 {
                merged.merge(
                    distribution(
                        Array(numbers[part * numbers.count / 4..<(part + 1) * numbers.count / 4]),
                        Array(texts[part * texts.count / 4..<(part + 1) * texts.count / 4])))
            }
            #expect(merged == whole)
        }
        #expect(whole.bars().reduce(0) { $0 + $1.count } == numbers.count + texts.count)
    }

    @Test("of many texts the rest is counted together, and a long one is cut")
    func manyTexts() {
        let texts = (0..<100).flatMap { [String](repeating: "t\($0)", count: $0 + 1) }
        let bars = distribution([], texts).bars(limit: 5)
        #expect(bars.map(\.count) == [100, 99, 98, 97, texts.count - 394])
        #expect(bars.first?.scores == .text("t99") && bars.last?.scores == .otherTexts)
        let long = distribution([], [String(repeating: "é", count: 1_000_000)]).bars()
        #expect(long == [Bar(scores: .text(String(repeating: "é", count: 200)), count: 1)])
    }

    @Test("aggregates say how scores lie where that is asked for")
    func aggregates() {
        for keeps in [false, true] {
            var aggregator = Aggregator(functions: [.accuracy], kind: .boolean, keepsDistribution: keeps)
            aggregator.add(
                outcomes: [RowOutcome.scored, .unparsed, .scored, .scored].span, scores: [1.0, 0, 0, .nan].span)
            let expected = [("False", 1), ("True", 1), ("nan", 1)].map { Bar(scores: .text($0), count: $1) }
            #expect(aggregator.result(range: nil).distribution == (keeps ? expected : nil))
        }
    }
}
