import Datasets
import JSON
import ScoringCore
import Synchronization
import Testing

@testable import ScoringEngine

@Suite("Results do not depend on how many threads work")
struct OrderTests {
    /// Rows of several chunks, with broken and blank lines among them; `wanted` is what a filter may ask for.
    private static let mixed: (text: String, lines: [String]) = {
        var lines: [String] = []
        let filler = String(repeating: "x", count: 300)
        for index in 0..<6000 {
            switch index % 100 {
            case 17: lines.append("")
            case 33: lines.append("{\"generated_answer\": \"\(index)\", \"expected_answer\":")
            case 50: lines.append("{\"generated_answer\": \"\(index)\", \"kind\": \"a\", \"filler\": \"\(filler)\"}")
            case 66: lines.append(" \t\r")
            case 80: lines.append("not json")
            default:
                let expected = index % 3 == 0 ? index : 0
                lines.append(
                    "{\"generated_answer\": \"\\u0031\(index)\", \"expected_answer\": \"1\(expected)\", "
                        + "\"kind\": \"\(index % 2 == 0 ? "a" : "b")\", \"filler\": \"\(filler)\"}")
            }
        }
        return (lines.joined(separator: "\n"), lines)
    }()

    private static let configurations: [(name: String, configure: @Sendable (inout ScoringRequest) -> Void)] = [
        ("all rows", { _ in }),
        ("a filter", { $0.filters = [RowCondition(column: "kind", values: ["b"])] }),
        ("a limit in the third chunk", { $0.limit = 3500 }),
        (
            "a limit and a filter",
            {
                $0.limit = 1500
                $0.filters = [RowCondition(column: "kind", values: ["a"])]
            }
        ),
        ("a limit of none", { $0.limit = 0 }),
        ("a limit beyond the rows", { $0.limit = 1_000_000 }),
        ("with the rows' own columns", { $0.includesInput = true }),
        ("many examples", { $0.unscoredExamples = 100 }),
    ]

    @Test("every configuration gives the same bytes for 1, 2 and 7 jobs", arguments: 0..<configurations.count)
    func sameBytes(configuration: Int) throws {
        let (name, configure) = Self.configurations[configuration]
        func run(_ jobs: Int) throws -> (text: String, json: String, unscored: [UnscoredRow]) {
            let output = Output()
            var request = ScoringRequest(
                Dataset(jsonLines: Self.mixed.text, named: "rows"),
                functions: ["basic::equality": nil, "basic::subset_of": nil])
            configure(&request)
            request.jobs = jobs
            let results = try shippedEngine.score(request, sink: output.sink)
            #expect(results.failure == nil)
            return (output.text, results.json.text, results.unscored)
        }
        let one = try run(1)
        for jobs in [2, 7] {
            let other = try run(jobs)
            #expect(one.text == other.text, "\(name), \(jobs) jobs")
            #expect(one.json == other.json, "\(name), \(jobs) jobs")
            #expect(one.unscored == other.unscored, "\(name), \(jobs) jobs")
        }
    }

    @Test("rows and lines are counted across chunks", arguments: [1, 3])
    func numbers(jobs: Int) throws {
        let scoring = try Scoring(Self.mixed.text, "basic::equality") { $0.jobs = jobs }
        let output = scoring.output.lines
        var row = 0
        for (index, line) in Self.mixed.lines.enumerated() {
            if index % 100 == 17 || index % 100 == 66 { continue }
            try #require(row < output.count)
            let found = output[row]
            let start = "{\"row\": \(row), \"scores\": {\"basic::equality\": {\"score\": "
            switch index % 100 {
            case 33, 80:
                #expect(
                    found.hasPrefix(start + "null, \"outcome\": \"input_error\", \"message\": \"line \(index + 1): "))
            case 50:
                #expect(
                    found == start
                        + "null, \"outcome\": \"input_error\", \"message\": \"the row has no column \\\"expected_answer\\\"\"}}}"
                )
            default: #expect(found == start + (index % 3 == 0 ? "1.0}}}" : "0.0}}}"), "\(line)")
            }
            row += 1
        }
        #expect(output.count == row)
        #expect(scoring.counts.total == row)
        #expect(scoring.counts.inputError == 180)
    }

    @Test("filters keep the row's own number, and let through what cannot be read")
    func filteredNumbers() throws {
        let scoring = try Scoring(
            "{\"k\": 1, \"generated_answer\": 1, \"expected_answer\": 1}\n\nbroken\n"
                + "{\"k\": 2, \"generated_answer\": 1, \"expected_answer\": 1}\n"
                + "{\"k\": \"1\", \"generated_answer\": 1, \"expected_answer\": 2}\n"
                + "{\"k\": true, \"generated_answer\": 1, \"expected_answer\": 1}\n{\"generated_answer\": 1}\n"
                + "{\"k\": [1], \"generated_answer\": 1}\n{\"k\": null, \"generated_answer\": 1}\n",
            "basic::equality"
        ) { $0.filters = [RowCondition(column: "k", values: ["1"])] }
        #expect(
            scoring.output.lines.map { $0.prefix(70) } == [
                #"{"row": 0, "scores": {"basic::equality": {"score": 1.0}}}"#,
                #"{"row": 1, "scores": {"basic::equality": {"score": null, "outcome": "i"#,
                #"{"row": 3, "scores": {"basic::equality": {"score": 0.0}}}"#,
            ])
        #expect(scoring.results.unscored.map(\.row) == [1])
        #expect(scoring.results.unscored.first?.reason.hasPrefix("line 3: not a JSON object") == true)
    }

    @Test("several filters must all let a row through, and a limit counts those that they do")
    func filtersAndLimit() throws {
        let rows = (0..<40).map {
            "{\"a\": \($0 % 2), \"b\": \"\($0 % 5)\", \"generated_answer\": 1, \"expected_answer\": 1}\n"
        }
        func numbers(_ limit: Int?) throws -> [Int] {
            let scoring = try Scoring(rows.joined(), "basic::equality") {
                $0.filters = [RowCondition(column: "a", values: ["1"]), RowCondition(column: "b", values: ["3"])]
                $0.limit = limit
            }
            return try scoring.output.lines.map { line in
                guard case .number(let row) = try JSONValue(parsing: line)["row"] else { return -1 }
                return row.int ?? -1
            }
        }
        #expect(try numbers(nil) == [3, 13, 23, 33])
        #expect(try numbers(3) == [3, 13, 23])
        #expect(try numbers(0) == [])
        #expect(try numbers(9) == [3, 13, 23, 33])
    }

    @Test("an unscored row of a later chunk has its own number, also where no rows are written", arguments: [1, 3])
    func numberOfLaterRow(jobs: Int) throws {
        // More than two chunks of half a megabyte.
        let rows = String(repeating: answers("1", "1") + "\n", count: 30_000)
        var request = ScoringRequest(
            Dataset(
                jsonLines: rows + #"{"generated_answer": 1, "expected_answer": null}"# + "\n" + rows, named: "rows"),
            functions: ["basic::equality": nil])
        request.jobs = jobs
        let results = try shippedEngine.score(request)
        #expect(results.unscored.map(\.row) == [30_000])
        #expect(results["basic::equality"]?.aggregates.counts.total == 60_001)
    }

    @Test("the examples of unscored rows are the first, whatever functions they failed")
    func examples() throws {
        let rows = (0..<10).map { _ in answers("1", "1") }.joined()
        var request = ScoringRequest(
            Dataset(jsonLines: rows, named: "rows"), functions: ["basic::subset_of": nil, "basic::docvqa": nil])
        request.unscoredExamples = 5
        let unscored = try shippedEngine.score(request).unscored
        #expect(unscored.map(\.row) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    }

    @Test("a limit ends the run before a fault of the dataset behind it", arguments: [1, 2, 7])
    func limitBeforeFault(jobs: Int) throws {
        var dataset = Dataset(jsonLines: "", named: "rows")
        // One chunk, which takes its time, and the fault behind it, which every further read meets.
        let rows = Self.mixed.lines.prefix(1000).joined(separator: "\n") + "\n"
        dataset.open = { _ in FailingSource(rows) }
        let scoring = try Scoring(dataset, "basic::equality") {
            $0.jobs = jobs
            $0.limit = 100
        }
        #expect(scoring.output.lines.count == 100)
        #expect(scoring.results.failure == nil)
    }

    @Test("of a dataset that fails, the whole rows before the fault are scored", arguments: [1, 2, 7])
    func failingDataset(jobs: Int) throws {
        var dataset = Dataset(jsonLines: "", named: "rows")
        let text = Self.mixed.text
        dataset.open = { _ in FailingSource(text + "\n{\"generated_answer\": \"cut") }
        let scoring = try Scoring(dataset, "basic::equality") { $0.jobs = jobs }
        let whole = try Scoring(text, "basic::equality")
        #expect(scoring.results.failure?.code == .dataset)
        #expect(scoring.results.failure?.message == "the disk is gone")
        #expect(scoring.output.text == whole.output.text)
        #expect(scoring.counts == whole.counts)
    }

    @Test("a CSV table is scored with its cells as text, numbers and booleans", arguments: [1, 3])
    func table(jobs: Int) throws {
        var dataset = Dataset(jsonLines: "", named: "table.csv")
        dataset.isUntyped = true
        dataset.hasLines = false
        dataset.open = { columns in
            CSVSource(MemorySource("generated_answer,expected_answer\n1,1\n1.0,1\n,1\n1,2,3\nx,x\n"), columns: columns)
        }
        let scoring = try Scoring(dataset, "basic::equality") { $0.jobs = jobs }
        #expect(
            try scoring.verdicts.map { $0["score"] } == [JSONValue(1.0), JSONValue(0.0), .null, .null, JSONValue(1.0)])
        #expect(try scoring.verdicts[2]["message"] == "column \"generated_answer\" is null")
        #expect(try scoring.verdicts[3]["message"] == "line 5: 3 cells, but the header has 2")
    }
}
