import Datasets
import JSON
import ScorerHost
import ScoringCore
import ScoringDefinitions
import Testing

@testable import ScoringEngine

@Suite("Scores are those of the reference")
struct ParityTests {
    @Test("the shipped functions and scorers load without a fault")
    func shipped() {
        #expect(shippedEngine.definitions.errors == [])
        #expect(shippedEngine.plugins.errors == [])
        #expect(shippedEngine.plugins["basic"] != nil, "libbasic.so is not in \(pluginFolder)")
    }

    @Test(
        "each row has the reference's score, or is an input error where the reference fails",
        arguments: [
            ("equality", 148, 0), ("subset_of", 274, 63), ("docvqa", 500, 0),
            ("regex_parser_multiple_choice_answer", 800, 0), ("regex_parser_math_response", 1000, 0),
        ])
    func parity(function: String, rows: Int, errors: Int) throws {
        let lines = try dataLines("parity/\(function).jsonl")
        #expect(lines.count == rows)
        #expect(try compare(lines, "basic::\(function)", scoreKey: "reference_score") == errors)
    }

    @Test("numbers are read as the number cases say")
    func numbers() throws {
        let parameters: JSONObject = ["parsing_regexes": [#"A:\s*(.+)"#], "normalize": "number"]
        let lines = try dataLines("number_cases.jsonl")
        #expect(lines.count == 75)
        _ = try compare(
            lines, "basic::regex_parser_multiple_choice_answer", parameters: parameters, scoreKey: "score")
    }

    @Test("mathematical answers are compared as the math cases say")
    func math() throws {
        let lines = try dataLines("math_cases.jsonl")
        #expect(lines.count == 55)
        _ = try compare(lines, "basic::regex_parser_math_response", scoreKey: "score")
    }

    /// Scores lines that hold their expected score, and their own regular expressions, if any; returns how many rows the
    /// reference fails on.
    private func compare(
        _ lines: [String], _ function: String, parameters: JSONObject? = nil, scoreKey: String
    ) throws -> Int {
        let rows = try lines.map { try JSONValue(parsing: $0) }
        var errors = 0
        for (regexes, indices) in Dictionary(grouping: rows.indices, by: { rows[$0]["parsing_regexes"] }) {
            let parameters = regexes.map { ["parsing_regexes": $0] } ?? parameters
            let scoring = try Scoring(indices.map { lines[$0] + "\n" }.joined(), function, parameters)
            let verdicts = try scoring.verdicts
            try #require(verdicts.count == indices.count)
            for (index, verdict) in zip(indices, verdicts) {
                let expected = try #require(rows[index][scoreKey])
                if expected.object == nil {
                    #expect(verdict["score"] == expected, "\(lines[index])")
                } else {
                    errors += 1
                    #expect(verdict["score"] == .null && verdict["outcome"] == "input_error", "\(lines[index])")
                }
            }
            #expect(scoring.results[function]?.aggregates.counts.total == indices.count)
        }
        return errors
    }

    @Test(
        "the published verdicts on GSM8K are reproduced",
        arguments: [(nil, 741), ("number", 744)] as [(JSONValue?, Int)])
    func gsm8k(normalize: JSONValue?, correct: Int) throws {
        var parameters: JSONObject = ["parsing_regexes": [#"A:\s*(.+)"#]]
        parameters["normalize"] = normalize
        let dataset = Dataset(try DatasetLocation("\(packageFolder)/Examples/gsm8k/model_solutions.jsonl"))
        let function = "basic::regex_parser_multiple_choice_answer"
        let scoring = try Scoring(dataset, function, parameters) {
            $0.includesInput = true
            $0.jobs = 2
        }
        #expect(
            scoring.results.json["results"]?[function]?["aggregated_results"]?["accuracy"]
                == [
                    "accuracy": JSONValue(Double(correct) / 2638), "num_correct": JSONValue(correct), "num_total": 2638,
                ])
        let rows = try scoring.output.lines.map { try JSONValue(parsing: $0) }
        try #require(rows.count == 2638)
        let differing = rows.filter { row in
            (row["scores"]?[function]?["score"] == JSONValue(1.0)) != row["is_correct"]?.bool
        }
        #expect(differing.count == 744 - correct)
    }
}
