import JSON
import JinjaTemplates
import Patterns

/// A metric of a task: the scoring function that computes it, the columns that the function reads, and the scores that NeMo
/// Evaluator's results have.
struct CustomMetric: Sendable {
    /// Where a score is in a row's result.
    enum Place: Sendable {
        case score
        /// A further output of the function.
        case output(String)
        case fMeasure(String)
        /// What a judge's reply says.
        case judged(CustomJudgeScore)
        /// A score of the corpus, not of a row: the aggregation that has it.
        case corpus(String)
    }

    var name: String
    var function: String
    var parameters: JSONObject
    /// The columns of the function, by name.
    var columns: [(name: String, template: CustomTemplate)]
    var scores: [(name: String, place: Place)]

    private static let answer = JSONValue.string("{{sample.output_text | trim}}")

    init(_ name: String, _ place: JSONPlace) throws(JSONFault) {
        self.name = name
        try place.checkNames(["type", "params", "description"])
        let type = try place.required("type", .text)
        let params = place["params"] ?? JSONPlace([:], at: place.pointer.appending("params"))
        (parameters, columns) = ([:], [])
        switch type {
        case "bleu":
            (function, scores) = ("text::bleu", [("sentence", .score), ("corpus", .corpus("corpus_bleu"))])
            parameters["aggregation_functions"] = ["average", "corpus_bleu"]
            try compare(params, ["references"])
        case "rouge":
            function = "text::rouge"
            let types = ["1", "2", "3", "L"]
            parameters = [
                "types": .array(types.map { .string("rouge\($0)") }), "use_stemmer": true,
                "aggregation_functions": ["average"],
            ]
            scores = types.map { ("rouge_\($0)_score", .fMeasure("rouge\($0)")) }
            try compare(params, ["ground_truth", "reference"])
        case "em", "exact-match":
            (function, scores) = ("text::exact_match", [(type, .score)])
            try compare(params, ["ground_truth", "reference"])
        case "f1":
            (function, scores) = ("text::f1", [("f1_score", .score)])
            try compare(params, ["ground_truth", "reference"])
        case "string-check", "number-check":
            function = type == "string-check" ? "text::string_check" : "text::number_check"
            scores = [(type, .score)]
            try check(params)
        case "tool-calling":
            function = "tools::call_match"
            scores = [
                ("function_name_accuracy", .output("function_name_accuracy")),
                ("function_name_and_args_accuracy", .score),
            ]
            try params.checkNames(["tool_calls_ground_truth"])
            guard let truth = params["tool_calls_ground_truth"] else {
                throw params.missing("tool_calls_ground_truth", "a template such as {{ item.tool_calls | tojson }}")
            }
            let calls = JSONPlace("{{sample.response.choices[0].message.tool_calls}}", at: params.pointer)
            columns = [("tool_calls", try CustomTemplate(calls)), ("expected_tool_calls", try CustomTemplate(truth))]
        case "llm-judge":
            function = "llm-as-judge::base"
            scores = []
            try judge(params)
        default:
            throw Unsupported.fault(
                place["type"] ?? place,
                "metrics of the type \(quoted(type)); expected one of bleu, rouge, em, f1, string-check, number-check, "
                    + "tool-calling and llm-judge")
        }
    }

    /// A candidate and its references, one or several.
    private mutating func compare(_ params: JSONPlace, _ names: [String]) throws(JSONFault) {
        try params.checkNames(names + ["candidate", "prediction"])
        guard let reference = names.lazy.compactMap({ params[$0] }).first else {
            throw params.missing(names[0], "a template such as {{ item.answer }}")
        }
        let candidate = params["candidate"] ?? params["prediction"] ?? JSONPlace(Self.answer, at: params.pointer)
        columns = [
            ("generated_answer", try CustomTemplate(candidate)), ("expected_answer", try CustomTemplate(reference)),
        ]
    }

    /// `check`: [LEFT, OPERATION, RIGHT], with ["epsilon", E] behind an absolute difference.
    private mutating func check(_ params: JSONPlace) throws(JSONFault) {
        try params.checkNames(["check", "left_template", "operation", "right_template", "epsilon"])
        let left: JSONPlace
        let right: JSONPlace
        let operation: JSONPlace
        var epsilon = params["epsilon"]?.value
        if let list = params["check"] {
            let parts = try list.elements("an array: [LEFT, OPERATION, RIGHT]")
            guard parts.count == 3 || parts.count == 5 && parts[3].value == "epsilon" else {
                throw list.fault("[LEFT, OPERATION, RIGHT], or [LEFT, \"absolute difference\", RIGHT, \"epsilon\", E]")
            }
            (left, operation, right) = (parts[0], parts[1], parts[2])
            if parts.count == 5 { epsilon = parts[4].value }
        } else {
            func part(_ name: String) throws(JSONFault) -> JSONPlace {
                guard let part = params[name] else { throw params.missing(name, "part of a check") }
                return part
            }
            (left, operation, right) = (try part("left_template"), try part("operation"), try part("right_template"))
        }
        columns = [("generated_answer", try CustomTemplate(left)), ("expected_answer", try CustomTemplate(right))]
        parameters = [
            "operation": .string(try operation.read(.text)), "left_template": "{{sample.output_text}}",
            "right_template": "{{item.expected_answer}}",
        ]
        if let epsilon { parameters["epsilon"] = epsilon }
    }

    /// A judge: a model by its name in the configuration, messages, and the scores that are read from its reply.
    private mutating func judge(_ params: JSONPlace) throws(JSONFault) {
        try params.checkNames(["model", "template", "scores", "type"])
        let model = params["model"]
        let endpoint = model?["api_endpoint"]
        if let key = endpoint?["api_key"] {
            throw JSONFault(
                at: key.pointer, found: "a key",
                expected: "no key in a request; the operator configures the model, and its key, on the server")
        }
        if let name = model?.value.string ?? endpoint?["model_id"]?.value.string {
            parameters["judge_model"] = .string(name)
        } else if model != nil {
            throw model?.fault("the name of a model, or an object with \"api_endpoint\"") ?? params.fault("a model")
        }
        guard let template = params["template"], let messages = template["messages"] else {
            throw params.missing("template", "an object with \"messages\"")
        }
        var prompt: [CustomTemplate] = []
        for message in try messages.elements() {
            guard let content = message["content"] else { throw message.missing("content", "a template") }
            let text = try CustomTemplate(content)
            if message["role"]?.value == "system", text.isConstant, prompt.isEmpty, let system = content.value.string {
                parameters["system_prompt"] = .string(system)
            } else {
                prompt.append(text)
            }
        }
        for (name, value) in template.value.object?.members ?? []
        where ["max_tokens", "temperature", "top_p"].contains(name) {
            parameters[name] = value
        }
        columns = [("judge_prompt", .array(prompt))]
        parameters["prompt_template"] = "{judge_prompt}"
        // The reply as a whole: scores are read from it below.
        parameters["judge_score_regexes"] = ["(?s)\\A(.*)\\Z"]
        guard let list = params["scores"] else { throw params.missing("scores", "an object of scores") }
        for (name, score) in try list.members() { scores.append((name, .judged(try CustomJudgeScore(score)))) }
        if scores.isEmpty { throw list.fault("an object with at least one score") }
    }

    /// The row that the function reads; `failureColumn` says why there is none.
    func row(_ context: CustomContext) -> JSONObject {
        var row = JSONObject()
        do throws(JinjaTemplate.RenderingFault) {
            for (name, template) in columns {
                let value = try template.value(context)
                // The messages of a judge are one text.
                row[name] =
                    name == "judge_prompt"
                    ? .string((value.array ?? []).map { $0.string ?? $0.text }.joined(separator: "\n\n"))
                    : Self.text(value, name)
            }
        } catch {
            return self.row(failing: [
                "outcome": "input_error", "message": .string("the metric \(quoted(name)): \(error.message)"),
            ])
        }
        return row
    }

    /// A row that the function does not read: it has the columns, so that they are not missing in all rows.
    func row(failing reason: JSONValue) -> JSONObject {
        var row: JSONObject = [CustomRows.failureColumn: reason]
        for (name, _) in columns { row[name] = name.hasSuffix("tool_calls") ? [] : "" }
        return row
    }

    /// A value in the type that functions read: text, a list of texts, or JSON.
    private static func text(_ value: JSONValue, _ column: String) -> JSONValue {
        if column.hasSuffix("tool_calls") { return value }
        switch value {
        case .string, .array: return value
        default: return .string(value.text)
        }
    }
}

/// A score in a judge's reply: the first match of a pattern, or a member of a JSON object.
struct CustomJudgeScore: Sendable {
    private enum Parser: Sendable {
        case pattern(AnswerExtraction)
        case member([String])
    }

    private let parser: Parser

    init(_ place: JSONPlace) throws(JSONFault) {
        try place.checkNames(["type", "parser", "description", "minimum", "maximum", "rubric"])
        guard let parser = place["parser"] else {
            throw place.missing("parser", "an object such as {\"type\": \"regex\", \"pattern\": \"RATING: (\\\\d+)\"}")
        }
        switch try parser.required("type", .oneOf(["regex", "json"])) {
        case "regex":
            let pattern = try parser.required("pattern", .nonEmptyText("a regular expression"))
            do throws(EvaluationError) {
                self.parser = .pattern(
                    try AnswerExtraction([pattern], .first, at: parser.pointer.appending("pattern")))
            } catch {
                throw JSONFault(
                    at: parser.pointer.appending("pattern"), found: "a pattern that is not valid: \(error.message)",
                    expected: "a regular expression")
            }
        default:
            let path = try parser.required("json_path", .nonEmptyText("a path such as $.score"))
            let names = path.split(separator: ".").map(String.init)
            self.parser = .member(names.first == "$" ? Array(names.dropFirst()) : names)
        }
    }

    /// The number in a reply; nil if there is none.
    func value(in reply: String, using scratch: inout MatchScratch) -> Double? {
        switch parser {
        case .pattern(let pattern):
            return (try? pattern.answer(in: reply, using: &scratch)).flatMap { $0 }.flatMap { Double($0) }
        case .member(let names):
            guard let start = reply.firstIndex(of: "{"), let end = reply.lastIndex(of: "}"), start < end,
                let json = try? JSONValue(parsing: String(reply[start...end]))
            else { return nil }
            let value = names.reduce(json) { $0[$1] ?? .null }
            return value.number?.double ?? value.string.flatMap { Double($0) }
        }
    }
}
