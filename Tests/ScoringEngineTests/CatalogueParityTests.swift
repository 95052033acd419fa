import JSON
import ScoringCore
import Testing

@testable import ScoringEngine

@Suite("Functions of the catalogue agree with their references")
struct CatalogueParityTests {
    // MARK: basic::ifeval

    /// Dialect, mode, the member with the verdicts, and how many rows have one.
    @Test(
        "IFEval follows the checks of Llama Stack and google",
        arguments: [
            ("llama-stack", "strict", "wanted", 648), ("google", "strict", "google_strict", 614),
            ("google", "loose", "google_loose", 614), ("llama-stack", "loose", "llama_stack_loose", 614),
        ])
    func ifeval(dialect: String, mode: String, key: String, compared: Int) throws {
        let rows = try dataLines("catalogue/ifeval.jsonl").map { try JSONValue(parsing: $0) }
        let parameters: JSONObject = ["dialect": .string(dialect), "mode": .string(mode)]
        let verdicts = try Scoring(lines(rows), "basic::ifeval", parameters).verdicts
        try #require(verdicts.count == rows.count)
        var count = 0
        for (row, verdict) in zip(rows, verdicts) {
            let followed: JSONValue?
            if key == "wanted" {
                if let outcome = row["wanted"]?["outcome"], outcome != "scored" {
                    #expect(verdict["outcome"] == outcome && verdict["score"] == .null, "\(row.text)")
                    count += 1
                    continue
                }
                followed = row["wanted"]?["followed"]
                #expect(isClose(verdict["score"], row["wanted"]?["score"]), "\(row.text)")
                #expect(isClose(verdict["weight"], row["wanted"]?["weight"]), "\(row.text)")
            } else {
                // The reference draws at random there, or raises.
                guard row["stable"] == true, row[key]?.array != nil else { continue }
                followed = row[key]
            }
            count += 1
            #expect(verdict["followed"] == followed, "\(row.text)")
        }
        #expect(count == compared)
    }

    @Test("prompt_accuracy and by_instruction count what the rows say, in any order and by groups")
    func instructionCounts() throws {
        let rows = try dataLines("catalogue/ifeval.jsonl").map { try JSONValue(parsing: $0) }
        let parameters: JSONObject = ["aggregation_functions": ["prompt_accuracy", "by_instruction"]]
        let scoring = try Scoring(lines(rows), "basic::ifeval", parameters)
        var (followedAll, scored) = (0, 0)
        var counts: [String: (followed: Int, asked: Int)] = [:]
        for (row, verdict) in zip(rows, try scoring.verdicts) {
            guard let followed = verdict["followed"]?.array else { continue }
            scored += 1
            if verdict["followed_all"] == JSONValue(1.0) { followedAll += 1 }
            for (id, isFollowed) in zip(row["instruction_id_list"]?.array ?? [], followed) {
                let id = try #require(id.string)
                for name in [id, String(id.prefix { $0 != ":" })] {
                    counts[name, default: (0, 0)].asked += 1
                    if isFollowed == true { counts[name, default: (0, 0)].followed += 1 }
                }
            }
        }
        let aggregates = try #require(scoring.results["basic::ifeval"]?.json["aggregated_results"])
        #expect(
            aggregates["prompt_accuracy"] == [
                "accuracy": JSONValue(Double(followedAll) / Double(scored)), "num_correct": JSONValue(followedAll),
                "num_total": JSONValue(scored),
            ])
        let found = try #require(aggregates["by_instruction"]?.object)
        // All 25 instructions, and their 9 kinds.
        #expect(counts.count == 34 && found.keys.count == 34)
        for (name, count) in counts {
            #expect(found[name]?["num_correct"] == JSONValue(count.followed), "\(name)")
            #expect(found[name]?["num_total"] == JSONValue(count.asked), "\(name)")
        }
        let shuffled = try Scoring(lines(rows.reversed()), "basic::ifeval", parameters) { $0.jobs = 2 }
        #expect(shuffled.results["basic::ifeval"]?.json["aggregated_results"] == aggregates)
    }

    // MARK: basic::bfcl

    @Test("calls are judged as BFCL judges them")
    func bfcl() throws {
        let rows = try dataLines("catalogue/bfcl.jsonl").map { try JSONValue(parsing: $0) }
        let verdicts = try Scoring(lines(rows), "basic::bfcl").verdicts
        try #require(verdicts.count == 673)
        for (row, verdict) in zip(rows, verdicts) {
            #expect(isClose(verdict["score"], row["wanted"]?["score"]), "\(row.text)\n\(verdict.text)")
        }
    }

    // MARK: braintrust::

    @Test(
        "scores without a model are those of autoevals",
        arguments: [
            ("Levenshtein", "levenshtein", 44), ("ExactMatch", "exact-match", 28), ("NumericDiff", "numeric-diff", 20),
            ("JSONDiff", "json-diff", 45), ("ListContains", "list-contains", 24), ("ValidJSON", "valid-json", 38),
        ])
    func braintrust(scorer: String, name: String, count: Int) throws {
        let all = try dataLines("catalogue/autoevals.jsonl").map { try JSONValue(parsing: $0) }
            .filter { $0["scorer"] == .string(scorer) }
        #expect(all.count == count)
        for (parameters, rows) in Dictionary(grouping: all, by: { $0["params"] }) {
            let answers = rows.map { row -> JSONValue in
                ["generated_answer": row["output"] ?? .null, "expected_answer": row["expected"] ?? .null]
            }
            let verdicts = try Scoring(lines(answers), "braintrust::\(name)", parameters?.object).verdicts
            for (row, verdict) in zip(rows, verdicts) {
                if let outcome = row["wanted"]?["outcome"] {
                    #expect(verdict["outcome"] == outcome, "\(row.text)")
                } else {
                    #expect(isClose(verdict["score"], row["wanted"]?["score"]), "\(row.text)\n\(verdict.text)")
                }
            }
        }
    }

    // MARK: Comparing

    private func lines(_ rows: [JSONValue]) -> String { rows.map { $0.text + "\n" }.joined() }

    /// References add in other orders.
    private func isClose(_ one: JSONValue?, _ other: JSONValue?) -> Bool {
        guard let one = one?.number?.double, let other = other?.number?.double else { return false }
        return abs(one - other) < 1e-9
    }
}
