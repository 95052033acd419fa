public import CScorerPlugin
import ScorerKit

/// Asks a model two questions about each row: whether the answer is correct, and whether the context supports it. An answer
/// can be right by luck, and a wrong one can repeat what the context says.
struct TwoQuestionJudge: ModelScorer {
    private enum Input {
        static let question = 0
        static let expected = 1
        static let context = 2
        static let answer = 3
    }

    private enum Output {
        static let score = 0
        static let correct = 1
        static let supported = 2
        static let feedback = 3
    }

    static let declaration = ScorerDeclaration(
        id: "two-question-judge",
        description: "whether a model finds generated_answer correct, and supported by context",
        inputs: [
            .required("input_query", .text, "the question"),
            .required("expected_answer", .text, "the correct answer"),
            .required("context", .text, "what the answer may go by"),
            .required("generated_answer", .text, "the answer to judge"),
        ],
        outputs: [
            .output("score", .f64, "both: 1.0 if both are so; mean: 0.5 for each", range: 0...1),
            .output("correct", .bool, "whether the answer is correct"),
            .output("supported", .bool, "whether the context supports it"),
            .output("judge_feedback", .json, "the replies to the two questions"),
        ],
        roles: ["judge"],
        parametersSchema: """
            {"type": "object", "additionalProperties": false, "properties": {
             "judge_model": {"type": "string", "minLength": 1}, "combine": {"enum": ["both", "mean"]}}}
            """)

    private enum Combination: String, CaseIterable { case both, mean }

    private let combination: Combination

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var configuration = try Configuration(configuration)
        configuration.skip("judge_model")
        let name = try configuration.text("combine") ?? "both"
        guard let combination = Combination(rawValue: name) else {
            throw ParameterRejection(
                pointer: "/params/combine", "found \(jsonString(name)); expected \"both\" or \"mean\"")
        }
        self.combination = combination
        try configuration.finish()
    }

    // MARK: Asking

    private enum Question: Int, CaseIterable { case correct, supported }

    /// What is known of a row between the replies.
    struct Verdict {
        fileprivate var replies: [String?] = [nil, nil]
        fileprivate var isOver = false
    }

    func start(_ rows: Rows, _ results: Results, _ models: Models) -> [Verdict] {
        for row in 0..<rows.count {
            for question in Question.allCases {
                let request =
                    "{\"messages\": [{\"role\": \"user\", \"content\": \(jsonString(prompt(question, row, rows)))}], "
                    + "\"temperature\": 0}"
                models.ask(tag: UInt64(2 * row + question.rawValue), role: "judge", request: request)
            }
        }
        return Array(repeating: Verdict(), count: rows.count)
    }

    private func prompt(_ question: Question, _ row: Int, _ rows: Rows) -> String {
        func text(_ input: Int) -> String { String(decoding: rows.texts(input)[row], as: UTF8.self) }
        let task =
            switch question {
            case .correct:
                "Does the answer to the question say what the reference answer says?\n\n"
                    + "Reference answer: \(text(Input.expected))"
            case .supported:
                "Is everything that the answer to the question says supported by the context?\n\n"
                    + "Context: \(text(Input.context))"
            }
        return task + "\nQuestion: \(text(Input.question))\nAnswer: \(text(Input.answer))\n\n"
            + "Reply with one word, yes or no."
    }

    // MARK: Reading

    func receive(
        _ reply: ModelReply, _ verdicts: inout [Verdict], _ rows: Rows, _ results: Results, _ models: Models
    ) {
        let (row, question) = Int(reply.tag).quotientAndRemainder(dividingBy: 2)
        if let failure = reply.failure {
            // Which of two failures comes first is chance; which of them is told must not be.
            if !verdicts[row].isOver || failure == .modelError { results.fail(row, failure, reason(failure)) }
            verdicts[row].isOver = true
            return
        }
        verdicts[row].replies[question] = reply.text
        guard !verdicts[row].isOver, let first = verdicts[row].replies[0], let second = verdicts[row].replies[1] else {
            return
        }
        finish(row, first, second, results)
        verdicts[row] = Verdict(isOver: true)
    }

    private func reason(_ failure: Unscored) -> String {
        failure == .notAsked ? "the model was not asked both questions" : "the model did not answer both questions"
    }

    private func finish(_ row: Int, _ first: String, _ second: String, _ results: Results) {
        results.emit(
            "[\(jsonString(first)), \(jsonString(second))]", output: Output.feedback, row: row, as: .json)
        let (correct, supported) = (Self.isYes(first), Self.isYes(second))
        if let correct { results.emit(correct, output: Output.correct, row: row) }
        if let supported { results.emit(supported, output: Output.supported, row: row) }
        guard let correct, let supported else {
            results.fail(row, .unparsed, "a reply is neither yes nor no")
            return
        }
        let score =
            switch combination {
            case .both: correct && supported ? 1.0 : 0.0
            case .mean: (correct ? 0.5 : 0) + (supported ? 0.5 : 0)
            }
        results.emit(score, output: Output.score, row: row)
    }

    /// Whether a reply is the word yes or no, whatever else than letters stands around it; nil for any other.
    private static func isYes(_ reply: String) -> Bool? {
        let words = reply.split { !$0.isLetter }
        guard words.count == 1 else { return nil }
        return ["yes": true, "no": false][words[0].lowercased()]
    }
}

private let plugin = ScorerPlugin(
    id: "org.example.two-question-judge", version: "1.0.0", description: "A judge that asks two questions",
    modelScorers: [TwoQuestionJudge.self])

// The name is the one in the plugin header.
// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func assay_plugin_entry(_ hostMajor: UInt32, _ hostMinor: UInt32) -> UnsafePointer<assay_plugin>? {
    plugin.table(forHostMajor: hostMajor)
}
