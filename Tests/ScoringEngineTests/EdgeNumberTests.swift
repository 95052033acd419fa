import JSON
import ScoringCore
import Testing

@testable import ScoringEngine

@Suite("Numbers at the edges of what a machine can count cost no process")
struct EdgeNumberTests {
    private static let numbers = [
        "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e-9223372036854775808",
        "1e9223372036854775807", "1.5e-9223372036854775808", "10e9223372036854775807", "-0", "1e400", "-1e-400",
        "1/9223372036854775808", "170141183460469231731687303715884105728", "0.1e-9223372036854775807",
    ]
    private static let calls = [
        "f(x=(-9223372036854775807 - 1) ** 2)", "f(x=2 ** (-9223372036854775807 - 1))",
        "f(x=2.0 ** -9223372036854775808)", "f(x=-(-9223372036854775807 - 1))", "f(x=(-9223372036854775807 - 1) // -1)",
        "f(x=(-9223372036854775807 - 1) % -1)", "f(x='a' * 9223372036854775807)", "f(x=[1] * -9223372036854775808)",
        "f(x=1.0 ** 1e300)", "f(x=(-1) ** 9223372036854775807)",
    ]

    @Test(
        "in answers and in expected answers, as text and as JSON",
        arguments: [
            "basic::number", "basic::equality", "basic::regex_parser_math_response", "basic::docvqa",
            "basic::multiple_choice", "math::equivalence", "text::number_check", "braintrust::numeric-diff",
            "braintrust::exact-match", "braintrust::json-diff", "braintrust::valid-json",
        ])
    func numbers(function: String) throws {
        var rows = ""
        for number in Self.numbers {
            let isJSON = (try? JSONValue(parsing: number)) != nil
            for text in ["\"\(number)\"", "\"\\\\boxed{\(number)}\"", isJSON ? number : "0"] {
                rows += "{\"generated_answer\": \(text), \"expected_answer\": \(text)}\n"
                rows += "{\"generated_answer\": \(text), \"expected_answer\": 7}\n"
            }
        }
        let scoring = try Scoring(rows, function) { _ in }
        #expect(scoring.results[function]?.aggregates.counts.total == Self.numbers.count * 6)
    }

    @Test("in the arguments of function calls", arguments: ["Python", "Java", "JavaScript"])
    func calls(language: String) throws {
        let rows = (Self.calls + Self.numbers.map { "f(x=\($0))" }).map { call -> String in
            let row: JSONValue = [
                "id": "simple_1", "generated_answer": .string(call), "language": .string(language),
                "function": [["name": "f", "parameters": ["properties": ["x": ["type": "any"]], "required": []]]],
                "ground_truth": [["f": ["x": ["1"]]]],
            ]
            return row.text + "\n"
        }
        let scoring = try Scoring(rows.joined(), "basic::bfcl") { _ in }
        #expect(scoring.results["basic::bfcl"]?.aggregates.counts.total == rows.count)
    }

    @Test("in the arguments of instructions")
    func instructions() throws {
        let ids = [
            "length_constraints:number_sentences": "num_sentences", "length_constraints:number_words": "num_words",
            "length_constraints:number_paragraphs": "num_paragraphs", "keywords:frequency": "frequency",
            "detectable_content:number_placeholders": "num_placeholders",
            "change_case:capital_word_frequency": "capital_frequency",
        ]
        var rows = ""
        for (id, name) in ids {
            for number in Self.numbers where (try? JSONValue(parsing: number)) != nil {
                rows +=
                    "{\"generated_answer\": \"a b.\", \"instruction_id_list\": [\"\(id)\"], \"kwargs\": [{\"\(name)\": "
                rows +=
                    "\(number), \"keyword\": \"a\", \"relation\": \"at least\", \"capital_relation\": \"at least\"}]}\n"
            }
        }
        let scoring = try Scoring(rows, "basic::ifeval") { _ in }
        let count = rows.split(separator: "\n").count
        #expect(scoring.results["basic::ifeval"]?.aggregates.counts.total == count)
    }

    @Test("filters of a check cannot make a short text long")
    func checkTemplates() throws {
        let filters = String(repeating: " | replace('x', 'xxxxxxxxxxxxxxxx')", count: 30)
        let parameters: JSONObject = [
            "left_template": .string("{{item.generated_answer\(filters)}}"), "operation": "equals",
            "right_template": "y",
        ]
        let rows = ["x", "y"].map { "{\"generated_answer\": \"\($0)\", \"expected_answer\": \"y\"}\n" }.joined()
        let scoring = try Scoring(rows, "text::string_check", parameters) { _ in }
        #expect(scoring.output.lines[0].contains("the text of a template has more than"), "\(scoring.output.lines[0])")
        #expect(scoring.output.lines[1].contains("\"score\": 1.0"), "\(scoring.output.lines[1])")
        let many = String(repeating: "|trim", count: 101)
        #expect(throws: (any Error).self) {
            try Scoring(rows, "text::string_check", ["left_template": .string("{{item.generated_answer\(many)}}")]) {
                _ in
            }
        }
    }
}
