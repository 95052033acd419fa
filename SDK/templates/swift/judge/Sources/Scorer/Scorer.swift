public import CScorerPlugin
import ScorerKit

/// Asks a model a question about each answer, and reads yes or no.
///
/// One instance is one scoring function with its parameters. Threads share it.
struct Judge: ModelScorer {
    // Columns are identified by their index in the declaration.
    private static let answer = 0
    private static let score = 0
    private static let feedback = 1

    static let declaration = ScorerDeclaration(
        id: "@NAME@",
        description: "1.0 if a model says yes to a question about generated_answer",
        inputs: [.required("generated_answer", .text, "the answer")],
        outputs: [
            .output("score", .f64, "1.0 for yes, 0.0 for no", range: 0...1),
            .output("judge_feedback", .text, "the model's reply"),
        ],
        // The host reads the model of this role from the parameter judge_model, or from --judge-model.
        roles: ["judge"],
        parametersSchema: """
            {"type": "object", "additionalProperties": false, "required": ["question"],
             "properties": {"question": {"type": "string"}, "judge_model": {"type": "string"}}}
            """)

    private let question: String

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var configuration = try Configuration(configuration)
        configuration.skip("judge_model")
        guard let question = try configuration.text("question") else {
            throw ParameterRejection(pointer: "/params/question", "expected a question about the answer")
        }
        self.question = question
        try configuration.finish()
    }

    /// The state of a batch between its replies: nothing, because there is one reply per row.
    struct Conversations {}

    /// Sends requests about all rows, without waiting. The replies are passed to `receive`.
    func start(_ rows: Rows, _ results: Results, _ models: Models) -> Conversations {
        let answers = rows.texts(Self.answer)
        for row in 0..<rows.count {
            let answer = String(decoding: answers[row], as: UTF8.self)
            let prompt = "\(question)\n\nAnswer: \(answer)\n\nReply with one word, yes or no."
            let request = #"{"messages": [{"role": "user", "content": \#(jsonString(prompt))}], "temperature": 0}"#
            models.ask(tag: UInt64(row), role: "judge", request: request)
        }
        return Conversations()
    }

    func receive(
        _ reply: ModelReply, _ conversations: inout Conversations, _ rows: Rows, _ results: Results, _ models: Models
    ) {
        let row = Int(reply.tag)
        if let failure = reply.failure {
            results.fail(row, failure, reply.text)
            return
        }
        results.emit(reply.text, output: Self.feedback, row: row)
        if reply.isCutOff {
            results.fail(row, .unparsed, "the reply was cut off; raise max_tokens")
            return
        }
        // The letters of the reply, whatever else stands around them.
        switch reply.text.filter({ $0.isASCII && $0.isLetter }).lowercased() {
        case "yes": results.emit(1.0, output: Self.score, row: row)
        case "no": results.emit(0.0, output: Self.score, row: row)
        default: results.fail(row, .unparsed, "the reply is neither yes nor no")
        }
    }
}

private let plugin = ScorerPlugin(
    id: "org.example.@NAME@", version: "0.1.0", description: "A judge that asks a yes-or-no question",
    modelScorers: [Judge.self])

// The name is the one in the plugin header.
// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func assay_plugin_entry(_ hostMajor: UInt32, _ hostMinor: UInt32) -> UnsafePointer<assay_plugin>? {
    plugin.table(forHostMajor: hostMajor)
}
