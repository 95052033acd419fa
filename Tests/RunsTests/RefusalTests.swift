import JSON
import TestSupport
import Testing

@testable import Runs
@testable import Statistics

@Suite("What is not the same is not compared silently") struct RefusalTests {
    private let folder: TemporaryFolder
    private let a: SavedRun

    init() throws {
        folder = try TemporaryFolder()
        var fixture = RunFixture(scores: [1, 0, 1])
        fixture.judge = ["model": "judge", "prompt_sha256": "1", "served": ["judge-2024"]]
        fixture.plugin = ["id": "p", "version": "1.0", "sha256": "aa", "shipped": true]
        fixture.functions = ["f": ["params": ["limit": 3]]]
        a = try fixture.save("\(folder.path)/a")
    }

    /// The comparison with a run that was changed, or why there is none.
    private func compare(_ change: (inout RunFixture) -> Void) throws -> (Comparison?, Refusal?) {
        var fixture = RunFixture(scores: [0, 0, 1])
        fixture.judge = ["model": "judge", "prompt_sha256": "1", "served": ["judge-2024"]]
        fixture.plugin = ["id": "p", "version": "1.0", "sha256": "aa", "shipped": true]
        fixture.functions = ["f": ["params": ["limit": 3]]]
        change(&fixture)
        do {
            let comparison = try Comparison(a, fixture.save("\(folder.path)/b"))
            return (comparison, comparison.refusals.first)
        } catch let refusal as Refusal {
            return (nil, refusal)
        }
    }

    @Test("No key in common: the column whose values are unique and in both runs is named")
    func noCommonRows() throws {
        let refusal = try compare { fixture in
            fixture.rows = fixture.rows.enumerated().map { index, row in
                var row = row.object ?? [:]
                row["id"] = .string("other\(index)")
                return .object(row)
            }
        }.1
        #expect(refusal?.code == .noCommonRows)
        #expect(
            refusal?.message
                == "the runs have no row in common by id; the column \"expected\" has 3 values in common: --key expected"
        )
    }

    @Test("A key twice, or none, is refused with the rows")
    func keys() throws {
        let twice = try compare { fixture in
            fixture.rows.append(["row": 3, "id": "q0", "expected": "0", "scores": ["f": ["score": 1]]])
        }.1
        #expect(twice?.code == .duplicateKey)
        #expect(twice?.message.contains("rows 0 and 3 have the same key, \"q0\"") == true)
    }

    @Test("A row without a key is refused with its number")
    func missingKey() throws {
        let missing = try compare { fixture in
            fixture.rows.append(["row": 3, "id": .null, "expected": "0", "scores": ["f": ["score": 1]]])
        }.1
        #expect(missing?.code == .missingKey)
        #expect(missing?.message.hasSuffix("b: row 3 has no value in the key \"id\"") == true)
    }

    @Test("Other expected answers are refused with the column, the number of rows and the first of them")
    func data() throws {
        let refusal = try compare { fixture in
            fixture.rows[2] = ["row": 2, "id": "q2", "expected": "5,600", "scores": ["f": ["score": 1]]]
        }.1
        #expect(refusal?.code == .dataDiffers && refusal?.function == "f")
        #expect(refusal?.message == "\"expected\" differs in 1 of 3 rows, first \"q2\": \"2\" and \"5,600\"")
    }

    @Test("Numbers that are spelled otherwise are the same data")
    func spelling() throws {
        func fixture(_ value: JSONValue) -> RunFixture {
            var fixture = RunFixture(scores: [1])
            fixture.rows = [["row": 0, "id": "q0", "expected": value, "scores": ["f": ["score": 1]]]]
            return fixture
        }
        let one = try fixture(try JSONValue(parsing: "5.0")).save("\(folder.path)/one")
        let other = try fixture(5).save("\(folder.path)/other")
        #expect(try Comparison(one, other).refusals.isEmpty)
    }

    @Test("A judge whose definition, model or served model changed is refused, with both values")
    func judges() throws {
        let prompt = try compare { $0.functions = ["f": ["params": ["limit": 4]]] }.1
        #expect(prompt?.code == .judgeDiffers && prompt?.pointer == "/params/limit")
        #expect(prompt?.a == 3 && prompt?.b == 4)
        #expect(
            prompt?.message == "the definition differs at /params/limit: 3 and 4. To compare judges, use assay agree")
    }

    @Test("A model that its server replaced is another judge")
    func served() throws {
        let refusal = try compare {
            $0.judge = ["model": "judge", "prompt_sha256": "1", "served": ["judge-2025"]]
        }.1
        #expect(refusal?.code == .judgeDiffers && refusal?.pointer == "/served/0")
        #expect(
            refusal?.message
                == "the judge differs at /served/0: \"judge-2024\" and \"judge-2025\" (the models that the servers say have "
                + "replied). To compare judges, use assay agree")
    }

    @Test("A run that does not say which model replied is compared")
    func unknownServed() throws {
        #expect(try compare { $0.judge = ["model": "judge", "served": .null] }.1 == nil)
    }

    @Test("Another definition of a function without a judge is refused")
    func definition() throws {
        let one = try RunFixture(scores: [1]).save("\(folder.path)/one")
        var fixture = RunFixture(scores: [1])
        fixture.functions = ["f": ["params": ["ignore_case": true]]]
        let refusal = try Comparison(one, fixture.save("\(folder.path)/other")).refusals.first
        #expect(refusal?.code == .functionDiffers)
        #expect(refusal?.message == "the definition differs at /params/ignore_case: nothing and true")
    }

    @Test(
        "Another version of a plugin is a warning; another build of a shipped one is a note",
        arguments: [
            ("1.1", "aa", true, "plugin_version"), ("1.0", "bb", true, nil), ("1.0", "bb", false, "plugin_version"),
        ])
    func plugins(_ version: String, _ digest: String, _ isShipped: Bool, _ code: String?) throws {
        let comparison = try #require(
            try compare { fixture in
                fixture.plugin = [
                    "id": "p", "version": .string(version), "sha256": .string(digest), "shipped": .bool(isShipped),
                ]
            }.0)
        #expect(comparison.warnings.map(\.code) == [code].compactMap(\.self))
        #expect(comparison.notes.contains { $0.contains("the file differs") } == (code == nil))
    }

    @Test(
        "Where a function reports another figure than the mean of its rows, a warning says so",
        arguments: [
            ("corpus_bleu", ["row_averages"]), ("weighted_average", ["row_averages"]), ("accuracy", []),
            ("average", []), ("median", []),
        ])
    func otherFigures(_ aggregation: String, _ codes: [String]) throws {
        var fixture = RunFixture(scores: [1, 0, 1])
        fixture.aggregation = aggregation
        let runs = try ["one", "other"].map { try fixture.save("\(folder.path)/\($0)") }
        let comparison = try Comparison(runs[0], runs[1])
        #expect(comparison.warnings.map(\.code) == codes)
        #expect(comparison.warnings.allSatisfy { $0.message.hasSuffix("the same as its \(aggregation)") })
    }

    @Test("A run without its end is refused, also while it is in DIR.partial")
    func unfinished() throws {
        let refusal = try compare { $0.status = "interrupted" }.1
        #expect(refusal?.code == .unfinished)
        #expect(refusal?.message.contains("the run is incomplete (interrupted); only some rows were scored") == true)
        _ = try RunFolderWriter("\(folder.path)/killed", replaces: false, columns: [], key: [])
        let partial = #expect(throws: Refusal.self) { try SavedRun("\(folder.path)/killed") }
        #expect(partial?.code == .unfinished)
        #expect(partial?.message.hasSuffix("its rows are in \(folder.path)/killed.partial") == true)
    }

    @Test("Without a function in common nothing is compared, and the functions are listed")
    func functions() throws {
        let refusal = try compare { $0.functions = ["g": [:]] }.1
        #expect(refusal?.code == .noCommonFunction)
        #expect(refusal?.message.hasPrefix("no function is in every run; ") == true)
        #expect(refusal?.message.hasSuffix("b: g") == true)
    }

    @Test("A function that only one run has is listed, and the others are compared")
    func oneRunOnly() throws {
        let comparison = try #require(
            try compare { fixture in
                fixture.functions["g"] = [:]
            }.0)
        #expect(comparison.functions.map(\.identifier) == ["f"])
        #expect(comparison.notes == ["only in b: g"])
    }

    @Test("A run of a newer schema is refused")
    func schema() throws {
        _ = try RunFixture(scores: [1]).save("\(folder.path)/new")
        try write(#"{"schema": "assay.run/2"}"#, to: "\(folder.path)/new/results.json")
        let refusal = #expect(throws: Refusal.self) { try SavedRun("\(folder.path)/new") }
        #expect(refusal?.code == .schema)
        #expect(
            refusal?.message.hasSuffix("the schema is \"assay.run/2\", and this version reads \"assay.run/1\"") == true)
    }

    @Test("Files of rows are compared, and the output says what was not verified")
    func notVerified() throws {
        for name in ["one", "other"] {
            try write(#"{"row": 0, "scores": {"f": {"score": 1}}}"# + "\n", to: "\(folder.path)/\(name).jsonl")
        }
        let comparison = try Comparison(
            SavedRun("\(folder.path)/one.jsonl"), SavedRun("\(folder.path)/other.jsonl"))
        #expect(comparison.warnings.map(\.code) == ["not_verified", "not_verified"])
        #expect(
            comparison.warnings[0].message.hasSuffix(
                "contains only rows: definitions, judges and plugins are not verified"))
    }

    @Test("Rows that one run lacks are a warning from 5 percent on")
    func rowsMissing() throws {
        let whole = try RunFixture(scores: Array(repeating: 1, count: 100)).save("\(folder.path)/whole")
        for (count, isWarned) in [(95, false), (94, true)] {
            let part = try RunFixture(scores: Array(repeating: 0, count: count)).save("\(folder.path)/part\(count)")
            let codes = try Comparison(whole, part).warnings.map(\.code)
            #expect(codes.contains("rows_missing") == isWarned, "\(count)")
        }
    }

    @Test("What is allowed stays in the output as a warning")
    func allowed() throws {
        var fixture = RunFixture(scores: [0, 0, 1])
        fixture.functions = ["f": ["params": ["limit": 9]]]
        var options = ComparisonOptions()
        options.allowed = [.functionDiffers]
        let one = try RunFixture(scores: [1, 0, 1]).save("\(folder.path)/one")
        let comparison = try Comparison(one, fixture.save("\(folder.path)/other"), options: options)
        #expect(comparison.functions.count == 1 && comparison.refusals.isEmpty)
        #expect(comparison.warnings.map(\.code) == ["function_differs"])
    }

    @Test("Fewer than 20 clusters are a warning, and a row without its cluster is named")
    func clusters() throws {
        var options = ComparisonOptions()
        options.cluster = ["expected"]
        let one = try RunFixture(scores: [1, 0, 1]).save("\(folder.path)/one")
        let other = try RunFixture(scores: [0, 0, 1]).save("\(folder.path)/other")
        let comparison = try Comparison(one, other, options: options)
        #expect(comparison.warnings.map(\.code) == ["few_clusters"])
        #expect(
            comparison.warnings[0].message
                == "there are 3 clusters; intervals from fewer than 20 are somewhat too narrow")
        var fixture = RunFixture(scores: [1])
        fixture.rows = [["row": 0, "id": "q0", "scores": ["f": ["score": 1]]]]
        fixture.rows.append(["row": 1, "id": "q1", "expected": "1", "scores": ["f": ["score": 1]]])
        let without = try fixture.save("\(folder.path)/without")
        let error = #expect(throws: RunError.self) { try Comparison(without, without, options: options) }
        #expect(error?.message.contains("row 0: the column \"expected\" is missing or null") == true)
    }
}
