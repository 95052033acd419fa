import JSON
import TestSupport
import Testing

@testable import Runs
@testable import Statistics

@Suite("Three and more runs") struct RankingTests {
    /// Scores of 0 and 1 where run `k` is right about questions in a pattern of its own.
    private func scores(_ right: (Int) -> Bool, of count: Int = 120) -> [Double] {
        (0..<count).map { right($0) ? 1 : 0 }
    }

    private func runs(_ folder: TemporaryFolder, _ all: [[Double?]]) throws -> [SavedRun] {
        try all.enumerated().map { index, scores in
            try RunFixture(scores: scores).save("\(folder.path)/run\(index)")
        }
    }

    @Test("All pairs are tested as a family, and each run has the ranks that it may have")
    func pairs() throws {
        let folder = try TemporaryFolder()
        let all = try runs(
            folder, [scores { $0 % 4 == 0 }, scores { $0 % 4 < 2 }, scores { $0 % 4 < 2 || $0 % 60 == 3 }])
        let ranking = try Ranking(all)
        let mean = try #require(ranking.functions.first?.aggregations.first)
        #expect(mean.pairs.map { "\($0.a)\($0.b)" } == ["01", "02", "12"])
        #expect(ranking.tests == 3)
        #expect(mean.order == [2, 1, 0])
        // The second and the third differ in two rows, which tells nothing.
        #expect(mean.ranks == [3...3, 1...2, 1...2])
        #expect(mean.pairs[2].comparison.verdict == .tooFew)
        let p = mean.pairs.map { $0.comparison.difference.p ?? .nan }
        #expect(mean.pairs.map(\.comparison.pAdjusted) == Adjustment.holm.adjust(p))
        #expect(ranking.text.contains("120 rows by id in all 3 runs"))
        #expect(ranking.text.contains("C − A") && ranking.text.contains("B is better"))
        #expect(ranking.markdown.contains("| C − B |"))
    }

    @Test("Against the first: a pair for each other run, and no ranks")
    func againstFirst() throws {
        let folder = try TemporaryFolder()
        let all = try runs(folder, [scores { $0 % 4 == 0 }, scores { $0 % 4 < 2 }, scores { $0 % 4 < 3 }])
        var options = ComparisonOptions()
        options.againstFirst = true
        let ranking = try Ranking(all, options: options)
        let mean = try #require(ranking.functions.first?.aggregations.first)
        #expect(mean.pairs.map { "\($0.a)\($0.b)" } == ["01", "02"] && ranking.tests == 2)
        #expect(mean.ranks == nil)
    }

    @Test("Rows that one run has not scored are left out of all pairs, and counted")
    func unscored() throws {
        let folder = try TemporaryFolder()
        var third: [Double?] = scores { $0 % 2 == 0 }
        for index in 0..<12 { third[index] = nil }
        let all = try runs(folder, [scores { $0 % 3 == 0 }, scores { $0 % 4 == 0 }, third])
        let ranking = try Ranking(all)
        let function = try #require(ranking.functions.first)
        #expect(function.leftOut == 12 && function.unscored == [0, 0, 12])
        #expect(function.aggregations[0].pairs.allSatisfy { $0.comparison.pairs == 108 })
        #expect(ranking.warnings.map(\.code) == ["unscored_uneven", "unscored_uneven"])
        #expect(ranking.text.contains("12 rows left out"))
    }

    @Test("Two of three runs are compared as the two alone are")
    func asTwo() throws {
        let folder = try TemporaryFolder()
        let all = try runs(folder, [scores { $0 % 3 == 0 }, scores { $0 % 5 < 2 }, scores { $0 % 7 == 0 }])
        let pair = try #require(try Ranking(all).functions.first?.aggregations.first?.pairs.first)
        let two = try #require(try Comparison(all[0], all[1]).functions.first?.aggregations.first)
        #expect(pair.comparison.difference.p == two.difference.p)
        #expect(pair.comparison.difference.interval == two.difference.interval)
    }

    @Test("Rows that only some runs have are left out, with a warning where they are many")
    func rowsMissing() throws {
        let folder = try TemporaryFolder()
        let all = try runs(folder, [scores({ $0 % 3 == 0 }), scores({ $0 % 5 < 2 }), scores({ $0 % 7 == 0 }, of: 100)])
        let ranking = try Ranking(all)
        #expect(ranking.matched == 100 && ranking.alone == [20, 20, 0])
        #expect(ranking.warnings.map(\.code) == ["rows_missing"])
        #expect(
            ranking.warnings[0].message
                == "20 rows of A and 20 rows of B and 0 rows of C are not in every other run; they are left out")
    }

    @Test("A third run with other data is refused with its column and row")
    func refused() throws {
        let folder = try TemporaryFolder()
        var third = RunFixture(scores: scores { $0 % 2 == 0 }, expected: (0..<120).map { $0 == 7 ? "x" : "\($0)" })
        third.key = ["id"]
        let all = try runs(folder, [scores { $0 % 3 == 0 }, scores { $0 % 5 < 2 }])
        let ranking = try Ranking(all + [third.save("\(folder.path)/third")])
        #expect(ranking.functions.isEmpty)
        #expect(ranking.refusals.map(\.code) == [.dataDiffers])
        #expect(ranking.refusals[0].message.contains(#""expected" differs in 1 of 120 rows, first "q7": "7" and "x""#))
    }

    @Test("A requirement holds for each run against the first")
    func requirement() throws {
        let folder = try TemporaryFolder()
        let all = try runs(folder, [scores { $0 % 2 == 0 }, scores { $0 % 4 < 3 }, scores { $0 % 4 == 0 }])
        let checked = try Ranking(all).check(Requirement("f difference >= 0"))
        #expect(checked.map(\.isMet) == [true, false])
        #expect(checked[1].function == "f, C against A")
    }

    @Test("Letters go on after Z")
    func letters() {
        #expect([0, 25, 26, 51, 52].map(Ranking.letter) == ["A", "Z", "AA", "AZ", "BA"])
    }
}

@Suite("One file that holds several runs") struct RunSplitTests {
    /// Rows of three models over ten questions.
    private var fixture: RunFixture {
        var fixture = RunFixture(scores: [])
        fixture.columns = ["id", "model", "expected"]
        fixture.key = ["id", "model"]
        fixture.rows = ["small", "medium", "large"].enumerated().flatMap { model, name in
            (0..<40).map { question -> JSONValue in
                [
                    "row": JSONValue(model * 40 + question), "id": JSONValue(question), "model": .string(name),
                    "expected": .string("\(question)"),
                    "scores": ["f": ["score": JSONValue(question % (4 - model) == 0 ? 1.0 : 0.0)]],
                ]
            }
        }
        return fixture
    }

    @Test("Each value of the column is a run, in order; the column does not pair rows")
    func split() throws {
        let folder = try TemporaryFolder()
        let runs = try fixture.save("\(folder.path)/all").split(by: "model", limit: 50)
        #expect(runs.map(\.name) == ["large", "medium", "small"])
        #expect(runs.map(\.key) == [["id"], ["id"], ["id"]])
        let ranking = try Ranking(runs)
        #expect(ranking.matched == 40 && ranking.alone == [0, 0, 0])
        let mean = try #require(ranking.functions.first?.aggregations.first)
        #expect(mean.runs.map(\.value) == [0.5, 0.35, 0.25])
    }

    @Test("Values that are named come in their order, so that the first is the baseline")
    func chosen() throws {
        let folder = try TemporaryFolder()
        let run = try fixture.save("\(folder.path)/all")
        let runs = try run.split(by: "model", values: ["small", "large"], limit: 50)
        let comparison = try Comparison(runs[0], runs[1])
        #expect(comparison.functions.first?.aggregations.first?.difference.difference == 0.25)
        #expect(comparison.text.contains("all model=small"))
    }

    @Test(
        "A column that does not split is refused with what it has",
        arguments: [
            ("modle", nil, "the rows have no column \"modle\""), ("model", ["tiny"], "no row has the value \"tiny\""),
            ("id", nil, "has 40 values, and at most 30 runs are compared"),
        ] as [(String, [String]?, String)])
    func refused(_ column: String, _ values: [String]?, _ message: String) throws {
        let folder = try TemporaryFolder()
        let run = try fixture.save("\(folder.path)/all")
        let error = #expect(throws: RunError.self) { try run.split(by: column, values: values, limit: 30) }
        #expect(error?.message.contains(message) == true)
    }

    @Test("A row without a value of the column is named")
    func missing() throws {
        let folder = try TemporaryFolder()
        var fixture = fixture
        fixture.rows.append(["row": 120, "id": 77, "expected": "1", "scores": ["f": ["score": 1]]])
        let run = try fixture.save("\(folder.path)/all")
        let error = #expect(throws: RunError.self) { try run.split(by: "model", limit: 50) }
        #expect(error?.message.contains("row 120") == true)
    }
}
