import JSON
import TestSupport
import Testing

@testable import Runs
@testable import Statistics

/// What holds of every comparison, whatever the scores.
@Suite("What holds of every comparison") struct ComparisonPropertyTests {
    private static let tests: [RequestedTest?] = [nil] + RequestedTest.allCases.map { $0 }

    /// Scores of a kind: 0 and 1, a few values, or any.
    private func scores(_ count: Int, _ kind: Int, _ generator: inout SeededGenerator) -> [Double?] {
        (0..<count).map { _ in
            switch kind {
            case 0: Double(Int.random(in: 0...1, using: &generator))
            case 1: Double(Int.random(in: 0...4, using: &generator)) / 4
            default: Double(Int.random(in: -1000...1000, using: &generator)) / 977
            }
        }
    }

    private func options(_ test: RequestedTest?) -> ComparisonOptions {
        var options = ComparisonOptions()
        options.test = test
        options.resamples = 200
        return options
    }

    @Test("The order of the rows changes no byte", arguments: tests, [0, 1, 2])
    func order(_ test: RequestedTest?, _ kind: Int) throws {
        let folder = try TemporaryFolder()
        var generator = SeededGenerator(seed: UInt64(kind + 1))
        let a = try RunFixture(scores: scores(60, kind, &generator)).save("\(folder.path)/a")
        var fixture = RunFixture(scores: scores(60, kind, &generator))
        fixture.aggregation = kind == 2 ? "median" : "average"
        let straight = try Comparison(a, fixture.save("\(folder.path)/b"), options: options(test)).json
        fixture.rows.shuffle(using: &generator)
        let shuffled = try Comparison(a, fixture.save("\(folder.path)/c"), options: options(test)).json
        #expect(straight["functions"]?.text == shuffled["functions"]?.text)
    }

    @Test(
        "Swapping A and B mirrors everything",
        arguments: [nil, .t, .mcNemarExact, .permutation, .wilcoxon] as [RequestedTest?], [0, 1, 2])
    func mirror(_ test: RequestedTest?, _ kind: Int) throws {
        let folder = try TemporaryFolder()
        var generator = SeededGenerator(seed: UInt64(kind + 11))
        let runs = try ["a", "b"].map {
            try RunFixture(scores: scores(40, kind, &generator)).save("\(folder.path)/\($0)")
        }
        let there = try #require(
            try Comparison(runs[0], runs[1], options: options(test)).functions.first?.aggregations.first)
        let back = try #require(
            try Comparison(runs[1], runs[0], options: options(test)).functions.first?.aggregations.first)
        #expect(there.difference.difference == back.difference.difference.map { 0 - $0 })
        #expect(
            there.difference.p == back.difference.p && there.difference.standardError == back.difference.standardError)
        #expect(there.better == back.worse && there.worse == back.better && there.pairs == back.pairs)
        #expect(there.a == back.b && there.b == back.a)
        #expect(
            ((there.difference.interval?.lower ?? 0) + (back.difference.interval?.upper ?? 0)).magnitude < 1e-12)
        let mirrored: [Comparison.Verdict: Comparison.Verdict] = [.aBetter: .bBetter, .bBetter: .aBetter]
        #expect(back.verdict == mirrored[there.verdict] ?? there.verdict)
    }

    @Test("Every row twice, as samples of one question, narrows no interval", arguments: [0, 1, 2])
    func twice(_ kind: Int) throws {
        let folder = try TemporaryFolder()
        var generator = SeededGenerator(seed: UInt64(kind + 21))
        let all = [scores(30, kind, &generator), scores(30, kind, &generator)]
        func comparison(_ times: Int) throws -> PairedResult {
            let runs = try all.enumerated().map { index, scores in
                var fixture = RunFixture(scores: scores)
                fixture.rows = fixture.rows.flatMap { Array(repeating: $0, count: times) }
                return try fixture.save("\(folder.path)/\(index)-\(times)")
            }
            var options = ComparisonOptions()
            options.averagesSamples = true
            return try #require(try Comparison(runs[0], runs[1], options: options).functions.first?.aggregations.first)
                .difference
        }
        let (once, twice) = (try comparison(1), try comparison(2))
        #expect(once.interval == twice.interval && once.p == twice.p && once.standardError == twice.standardError)
    }

    @Test("A row that becomes unscored moves the bounds, and the rest is as without the row", arguments: [0, 1])
    func unscored(_ kind: Int) throws {
        let folder = try TemporaryFolder()
        var generator = SeededGenerator(seed: UInt64(kind + 31))
        let (a, b) = (scores(50, kind, &generator), scores(50, kind, &generator))
        func compare(_ a: [Double?], _ b: [Double?], _ name: String) throws -> Comparison.Aggregation {
            let runs = try [a, b].enumerated().map { index, scores in
                var fixture = RunFixture(scores: scores)
                fixture.range = 0...1
                return try fixture.save("\(folder.path)/\(name)\(index)")
            }
            return try #require(try Comparison(runs[0], runs[1]).functions.first?.aggregations.first)
        }
        var missing = b
        missing[49] = nil
        let unscored = try compare(a, missing, "unscored")
        let without = try compare(Array(a.dropLast()), Array(b.dropLast()), "without")
        #expect(
            unscored.difference.interval == without.difference.interval && unscored.difference.p == without.difference.p
        )
        #expect(without.bounds == nil)
        let whole = try compare(a, b, "whole")
        let bounds = try #require(unscored.bounds)
        #expect(bounds.contains(try #require(whole.difference.difference)))
    }

    @Test("Keys in ascending order, in any other, and of unsaved order are paired alike")
    func joins() throws {
        let folder = try TemporaryFolder()
        var generator = SeededGenerator(seed: 41)
        func fixture() -> RunFixture {
            var fixture = RunFixture(scores: scores(300, 1, &generator))
            fixture.rows = fixture.rows.enumerated().map { index, row in
                var row = row.object ?? [:]
                row["id"] = JSONValue(index * 3)
                return .object(row)
            }
            fixture.rows.remove(at: Int.random(in: 0..<300, using: &generator))
            return fixture
        }
        let fixtures = [fixture(), fixture()]
        let ascending = try fixtures.enumerated().map { try $1.save("\(folder.path)/ascending\($0)") }
        #expect(ascending.allSatisfy { $0.keysAscend })
        let shuffled = try fixtures.enumerated().map { index, fixture in
            var fixture = fixture
            fixture.rows.shuffle(using: &generator)
            return try fixture.save("\(folder.path)/shuffled\(index)")
        }
        #expect(shuffled.allSatisfy { !$0.keysAscend })
        let texts = try [(0, 0), (0, 1), (1, 0), (1, 1)].map { a, b in
            let runs = [ascending, shuffled]
            let json = try Comparison(runs[a][0], runs[b][1]).json
            return "\(json["functions"]?.text ?? "") \(json["pairing"]?.text ?? "")"
        }
        #expect(Set(texts).count == 1)
        #expect(try Comparison(ascending[0], ascending[1]).pairing.matched >= 298)
    }

    @Test("Medians of clusters are resampled by clusters")
    func medians() throws {
        let folder = try TemporaryFolder()
        var generator = SeededGenerator(seed: 51)
        let runs = try ["a", "b"].map { name in
            var fixture = RunFixture(scores: scores(60, 2, &generator), expected: (0..<60).map { "\($0 / 2)" })
            fixture.aggregation = "median"
            return try fixture.save("\(folder.path)/\(name)")
        }
        var options = options(nil)
        options.cluster = ["expected"]
        let median = try #require(
            try Comparison(runs[0], runs[1], options: options).functions.first?.aggregations.first)
        #expect(median.name == "median" && median.difference.interval?.method == .bootstrap)
    }

    @Test("Scores from --pass-at on are passes")
    func passes() throws {
        let folder = try TemporaryFolder()
        let runs = try [[0.2, 0.5, 0.9, 0.7], [0.6, 0.7, 0.1, 0.9]].enumerated().map { index, scores in
            try RunFixture(scores: scores).save("\(folder.path)/\(index)")
        }
        var options = ComparisonOptions()
        options.passThreshold = 0.5
        let rate = try #require(try Comparison(runs[0], runs[1], options: options).functions.first?.aggregations.first)
        #expect(rate.name == "pass_rate" && rate.a.value == 0.75 && rate.b.value == 0.75 && rate.better == 1)
        #expect(rate.difference.test == .mcNemar)
    }
}
