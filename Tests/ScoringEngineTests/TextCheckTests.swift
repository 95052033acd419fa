import JSON
import ScoringCore
import Testing

@testable import ScoringEngine

@Suite("Checks of strings, numbers and tool calls have NeMo Evaluator's verdicts, where it gives any")
struct TextCheckTests {
    private static let functions = [
        "string-check": "text::string_check", "number-check": "text::number_check", "tool-calling": "tools::call_match",
        "f1": "text::f1", "exact-match": "text::exact_match", "rouge": "text::rouge", "bleu": "text::bleu",
    ]

    /// The function of a case, its parameters, and its row.
    private func translate(_ test: JSONValue) -> (String, JSONObject, JSONObject) {
        let metric = test["metric"]?.string ?? ""
        var row = test["item"]?.object ?? [:]
        row["generated_answer"] = test["output_text"]
        var parameters: JSONObject = [:]
        switch metric {
        case "string-check", "number-check": parameters = test["params"]?.object ?? [:]
        case "tool-calling":
            row["expected_tool_calls"] = row["tool_calls"]
            row["tool_calls"] = row["response"]?["choices"]?.array?.first?["message"]?["tool_calls"]
        case "bleu":
            row["expected_answer"] = .array(["r0", "r1"].compactMap { row[$0] })
        case "rouge":
            row["expected_answer"] = row["r"]
            parameters = ["types": ["rouge1", "rouge2", "rouge3", "rougeL"], "use_stemmer": true]
        default: row["expected_answer"] = row["r"]
        }
        return (Self.functions[metric] ?? "", parameters, row)
    }

    @Test("each case of NeMo's metrics")
    func cases() throws {
        let tests = try dataLines("text/nemo.jsonl").map { try JSONValue(parsing: $0) }
        #expect(tests.count == 97)
        for test in tests {
            let place = "\(test["id"]?.text ?? ""): \(test["params"]?.text ?? "")"
            let (function, parameters, row) = translate(test)
            let wanted = test["wanted"]
            let scoring: Scoring
            do {
                // A second row has all columns, so that one without them is a matter of the row.
                let other: JSONObject = ["tool_calls": [], "expected_tool_calls": [], "generated_answer": "0"]
                scoring = try Scoring(
                    JSONValue.object(row).text + "\n" + JSONValue.object(other).text + "\n", function, parameters)
            } catch let error as EngineError {
                #expect(
                    wanted?["outcome"] == "definition_error" && error.code == .invalidDefinition, "\(place): \(error)")
                continue
            }
            let verdict = try #require(try scoring.verdicts.first)
            if let outcome = wanted?["outcome"] {
                #expect(verdict["outcome"] == outcome, "\(place): \(verdict.text)")
                continue
            }
            for (name, value) in wanted?["scores"]?.object?.members ?? [] {
                let found: JSONValue? =
                    switch name {
                    case "function_name_accuracy": verdict[name]
                    case "rouge_1_score": verdict["rouge1"]?["fmeasure"]
                    case "rouge_2_score": verdict["rouge2"]?["fmeasure"]
                    case "rouge_3_score": verdict["rouge3"]?["fmeasure"]
                    case "rouge_L_score": verdict["rougeL"]?["fmeasure"]
                    case "corpus": scoring.results[function]?.json["aggregated_results"]?["corpus_bleu"]?["corpus_bleu"]
                    default: verdict["score"]
                    }
                let (one, other) = (found?.number?.double ?? .nan, value.number?.double ?? .infinity)
                #expect(abs(one - other) <= 1e-9, "\(place): \(name) of \(verdict.text)")
            }
        }
    }

    @Test(
        "templates that go beyond what is supported are refused with their place",
        arguments: [
            ("{{ item.a + 1 }}", "/params/left_template: at character 11: expected a filter or }}"),
            ("x {% if a %}", "/params/left_template: at character 3: only {{item.COLUMN}} and {{sample.output_text}}"),
            (
                "{{ item.a | title }}",
                "/params/left_template: at character 13: expected one of the filters lower, upper"
            ),
            ("{{ foo }}", "/params/left_template: at character 4: expected item.COLUMN or sample.output_text"),
            ("{{ item.a | replace('x) }}", "the string does not end"),
        ])
    func templates(template: String, message: String) {
        let error = #expect(throws: EngineError.self) {
            try Scoring(answers("\"a\"", "\"b\""), "text::string_check", ["left_template": .string(template)])
        }
        #expect(error?.description.contains(message) == true, "\(String(describing: error))")
    }

    @Test("filters, paths and the older form of a check")
    func filters() throws {
        let row = #"{"generated_answer": " A-b ", "item": "x", "meta": {"gold": "a+B"}, "expected_answer": "q"}"# + "\n"
        func score(_ parameters: JSONObject) throws -> Double? {
            try Scoring(row, "text::string_check", parameters).verdicts[0]["score"]?.number?.double
        }
        let parameters: JSONObject = [
            "left_template": "{{sample.output_text|trim | replace('-', \"+\") | upper}}",
            "right_template": "{{ item.meta.gold | upper }}", "operation": "==",
        ]
        #expect(try score(parameters) == 1.0)
        #expect(try score(["check": ["{{sample.output_text}}", "contains", "-b"]]) == 1.0)
        #expect(try score(["check": ["{{item.item}}", "not equals", "x"]]) == 0.0)
        #expect(try score([:]) == 0.0)
    }

    @Test(
        "the last number is read exactly",
        arguments: [
            ("9007199254740993", "9007199254740992", 0.0), ("0.10", "0.1", 1), ("-0", "0", 1),
            ("1,234,567.80", "1234567.8", 1),
            ("12,34", "34", 1), ("v1.2.3", "3", 1), (".5", "0.5", 1), ("x = -3.", "-3", 1), ("٣٫", "3", 1),
            ("1e3", "3", 1),
            ("1,000 or 2,000", "2000", 1), ("0001,000", "0", 1), ("−1,000", "-1000", 1),
        ] as [(String, String, Double)])
    func numbers(left: String, right: String, score: Double) throws {
        let row = answers(JSONValue.string(left).text, JSONValue.string(right).text)
        #expect(try Scoring(row, "text::number_check").verdicts[0]["score"] == JSONValue(score), "\(left) = \(right)")
    }
}
