import JSON
import TestSupport
import Testing

@testable import Runs
@testable import Statistics

@Suite("Which rows are compared") struct PairingTests {
    private func fixture(_ rows: JSONValue?, _ input: JSONValue) throws -> RunFixture {
        var fixture = RunFixture(scores: [])
        let key = try #require(input["key"]?.string)
        fixture.key = key == "row" ? [] : [key]
        fixture.rows = (rows?.array ?? []).map { row in
            let score = row["score"] ?? .null
            var members = row.object ?? [:]
            members["score"] = nil
            members["scores"] = ["f": score == .null ? ["score": .null, "outcome": "unparsed"] : ["score": score]]
            return .object(members)
        }
        if let ends = input["range"]?.array {
            fixture.range = (ends[0].number?.double ?? 0)...(ends[1].number?.double ?? 0)
        }
        return fixture
    }

    @Test("Rows are paired, left out and refused as specified", arguments: try cases("pairing"))
    func pairing(_ test: SpecifiedCase) throws {
        let folder = try TemporaryFolder()
        let input = try #require(test["input"])
        let expected = try #require(test["expected"])
        let runs = try ["a", "b"].map { try fixture(input[$0], input).save("\(folder.path)/\($0)") }
        var options = ComparisonOptions()
        options.averagesSamples = input["samples"]?.bool ?? false
        options.regressions = 100
        let comparison: Comparison
        do {
            comparison = try Comparison(runs[0], runs[1], options: options)
        } catch let refusal as Refusal {
            #expect(refusal.code.rawValue == expected["refused"]?.string)
            return
        }
        if let code = expected["refused"]?.string {
            #expect(comparison.refusals.map(\.code.rawValue) == [code])
            #expect(comparison.refusals.first?.message.contains("\"expected\"") == true)
            return
        }
        let function = try #require(comparison.functions.first)
        let mean = try #require(function.aggregations.first)
        func count(_ name: String) -> Int? { expected[name]?.number?.int }
        #expect(comparison.pairing.matched == count("matched"))
        #expect(mean.pairs == count("pairs"))
        #expect(comparison.pairing.onlyInA == count("only_in_a") && comparison.pairing.onlyInB == count("only_in_b"))
        #expect(function.unscoredInA == count("unscored_in_a") && function.unscoredInB == count("unscored_in_b"))
        #expect(function.unscoredInBoth == count("unscored_in_both"))
        func isClose(_ value: Double?, _ name: String) -> Bool {
            guard let other = expected[name]?.number?.double else { return value == nil }
            return value.map { ($0 - other).magnitude <= 1e-12 } ?? false
        }
        #expect(isClose(mean.a.value, "mean_a") && isClose(mean.b.value, "mean_b"))
        #expect(isClose(mean.difference.difference, "difference") && isClose(function.unscoredP, "unscored_p"))
        if let bounds = expected["bounds"], bounds != .null {
            #expect(((mean.bounds?.lowerBound ?? .nan) - (bounds["lowest"]?.number?.double ?? 0)).magnitude < 1e-12)
            #expect(((mean.bounds?.upperBound ?? .nan) - (bounds["highest"]?.number?.double ?? 0)).magnitude < 1e-12)
        }
        let regressed = expected["regressed"]?.array?.compactMap(\.string) ?? []
        #expect(function.regressions.map { $0.key.filter { $0 != "\"" } }.sorted() == regressed.sorted())
    }

    @Test("The order of the rows, and how they were written, change nothing")
    func order() throws {
        let folder = try TemporaryFolder()
        let scores = (0..<200).map { Double($0 * 7919 % 101) / 100 }
        let a = RunFixture(scores: scores)
        var b = RunFixture(scores: scores.map { $0 * $0 })
        let runA = try a.save("\(folder.path)/a")
        let straight = try Comparison(runA, b.save("\(folder.path)/b"))
        b.rows.reverse()
        let reversed = try Comparison(runA, b.save("\(folder.path)/reversed"))
        #expect(straight.json["functions"] == reversed.json["functions"])
        let digests = try ["b", "reversed"].map { name in
            try SavedRun("\(folder.path)/\(name)").provenance?["dataset"]?["columns"]
        }
        #expect(digests[0] == digests[1])
    }

    @Test("The same run has the same bytes, however its lines came")
    func bytes() throws {
        let folder = try TemporaryFolder()
        let run = RunFixture(scores: (0..<500).map { Double($0 % 3) })
        try run.save("\(folder.path)/one")
        try run.save("\(folder.path)/other", cut: 7)
        for file in ["results.json", "rows.jsonl.zst", "functions/f.json"] {
            #expect(try readBytes("\(folder.path)/one/\(file)") == readBytes("\(folder.path)/other/\(file)"))
        }
    }

    @Test("A run that is there is not overwritten unless that is asked for")
    func overwriting() throws {
        let folder = try TemporaryFolder()
        try RunFixture(scores: [1]).save("\(folder.path)/run")
        #expect(throws: RunError.self) { try RunFixture(scores: [0]).save("\(folder.path)/run") }
        _ = try RunFolderWriter("\(folder.path)/run", replaces: true, columns: [], key: [])
        #expect(throws: RunError.self) {
            _ = try RunFolderWriter(folder.path, replaces: true, columns: [], key: [])
        }
    }

    @Test("What is not the same in both runs is refused, with its place")
    func refusals() throws {
        let folder = try TemporaryFolder()
        let a = try RunFixture(scores: [1, 0, 1]).save("\(folder.path)/a")
        func refusal(_ name: String, _ change: (inout RunFixture) -> Void) throws -> Refusal? {
            var fixture = RunFixture(scores: [0, 0, 1])
            change(&fixture)
            do {
                return try Comparison(a, fixture.save("\(folder.path)/\(name)")).refusals.first
            } catch let refusal as Refusal {
                return refusal
            }
        }
        let definition = try #require(try refusal("definition") { $0.functions = ["f": ["params": ["limit": 3]]] })
        #expect(definition.code == .functionDiffers && definition.pointer == "/params/limit")
        let judge = try #require(try refusal("judge") { $0.judge = ["model": "other"] })
        #expect(judge.code == .judgeDiffers && judge.message.contains("assay agree"))
        #expect(try refusal("unfinished") { $0.status = "interrupted" }?.code == .unfinished)
        #expect(try refusal("functions") { $0.functions = ["g": [:]] }?.code == .noCommonFunction)
        #expect(try refusal("same") { _ in } == nil)
    }

    @Test("Rows that are scored on one side only are warned of, with bounds")
    func unevenlyUnscored() throws {
        let folder = try TemporaryFolder()
        let a = try RunFixture(scores: Array(repeating: 1, count: 20)).save("\(folder.path)/a")
        var scores: [Double?] = Array(repeating: 1, count: 20)
        for index in 0..<8 { scores[index] = nil }
        var fixture = RunFixture(scores: scores)
        fixture.range = 0...1
        let comparison = try Comparison(a, fixture.save("\(folder.path)/b"))
        #expect(comparison.warnings.map(\.code) == ["unscored_uneven"])
        #expect(comparison.functions.first?.aggregations.first?.bounds?.lowerBound == -0.4)
    }
}
