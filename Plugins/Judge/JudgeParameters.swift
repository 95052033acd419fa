import JSON
import Patterns
import PromptTemplates
import ScorerKit
import ScorerParameters

/// The parameters of a judge, read and checked.
struct JudgeParameters: Sendable {
    var template: PromptTemplate
    var request: JudgeRequest
    var reader: ScoreReader
    /// What the score is read from instead of the reply's text, if it is.
    var choices: ChoiceProbabilities?
    var asksAgain: Bool
    /// The models of a panel; nil if there is only one model, which the host knows.
    var panel: [String]?
    /// How often each model is asked.
    var votes: Int
    var reduction: VoteReduction
    /// The answers that are shown in both orders; nil for one order.
    var swap: Swap?
    /// The bytes that a prompt may have.
    var promptSize: Int

    init(_ configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var parameters = try Configuration(configuration)
        promptSize = parameters.limit("prompt_bytes", usual: PromptTemplate.longestPrompt)
        template = try Self.template(&parameters)
        panel = try Self.panel(&parameters)
        swap = try Swap(&parameters, template)
        let format = try ResponseFormat(&parameters)
        choices = try ChoiceProbabilities(&parameters)
        request = try JudgeRequest(&parameters, format: format, choices: choices)
        votes = try parameters.integer("votes", in: 1...100) ?? 1
        reduction = try parameters.choice(
            "vote_reduction", fallback: parameters.returnType == "number" ? .mean : .majority)
        asksAgain = try parameters.boolean("re_ask") ?? false
        let needsNumbers = votes * (panel?.count ?? 1) > 1 && reduction != .majority
        if swap != nil, reduction != .majority {
            throw ParameterRejection(of: "vote_reduction", "needs numeric scores, but swap has verdicts")
        }
        reader = ScoreReader(
            type: try Self.scoreType(&parameters, needsNumbers: needsNumbers, choices: choices), field: format?.field,
            patterns: PatternList(try Self.patterns(&parameters, isOptional: format != nil || choices != nil)),
            occurrence: try parameters.choice("match"))
        if choices != nil && swap != nil {
            throw ParameterRejection(
                of: "swap", "compares verdicts, but \"score_from\": \"logprobs\" reads numbers; remove one")
        }
        if choices != nil && (format != nil || !reader.patterns.patterns.isEmpty) {
            throw ParameterRejection(
                of: "score_from",
                "is \"logprobs\", so that the reply's text is not read; remove judge_score_regexes, response_format and "
                    + "score_field, or score_from")
        }
        try parameters.finish()
        if votes > 1 && !request.hasChance {
            throw ParameterRejection(
                of: "votes",
                "found \(votes), with temperature 0 and no seed: all votes of a model would be the same; "
                    + "expected a temperature above 0, a seed, or several judge_models")
        }
    }

    private static func template(_ parameters: inout Configuration) throws(ParameterRejection) -> PromptTemplate {
        let name = "prompt_template"
        guard let text = try parameters.text(name, canBeEmpty: false) else {
            throw ParameterRejection(
                of: name,
                "\(parameters.identifier) has no prompt of its own; set prompt_template to a text that names columns "
                    + "in braces, such as {generated_answer}")
        }
        let template = PromptTemplate(text).naming(parameters.columns)
        if template.columns.isEmpty {
            let doubt = template.doubts().first.map { " (\($0.text): \($0.advice))" } ?? ""
            throw ParameterRejection(
                of: name,
                "names no column, so all rows would have the same prompt; expected columns in braces, such as "
                    + "{generated_answer}\(doubt)")
        }
        if template.columns.count > mostColumns {
            throw ParameterRejection(
                of: name, "names \(template.columns.count) columns; a prompt may name \(mostColumns)")
        }
        return template
    }

    /// Columns that a prompt may name: each is read of each row.
    private static let mostColumns = 1000

    private static func panel(_ parameters: inout Configuration) throws(ParameterRejection) -> [String]? {
        let model = try parameters.text("judge_model", canBeEmpty: false)
        let name = "judge_models"
        guard let models = try parameters.texts(name, canBeEmpty: false) else { return nil }
        if model != nil {
            throw ParameterRejection(of: name, "is set together with judge_model; expected only one of them")
        }
        for (index, model) in models.enumerated() {
            let pointer = "/params/\(name)/\(index)"
            if model.isEmpty { throw ParameterRejection(pointer: pointer, "found \"\"; expected the name of a model") }
            if models[..<index].contains(model) {
                throw ParameterRejection(
                    pointer: pointer,
                    "found \(quoted(model)) again; expected each model once (votes sets how often it is asked)")
            }
        }
        return models
    }

    private static func patterns(
        _ parameters: inout Configuration, isOptional: Bool
    ) throws(ParameterRejection) -> [Pattern] {
        let name = "judge_score_regexes"
        switch parameters.value(name) {
        case nil where isOptional, .array([]) where isOptional: return []
        case nil:
            throw ParameterRejection(
                of: name,
                "is missing; expected regular expressions whose group 1 is the score, or response_format "
                    + "(or, for a prompt that asks for JSON, score_field)")
        default: return try parameters.patterns(name)
        }
    }

    private static func scoreType(
        _ parameters: inout Configuration, needsNumbers: Bool, choices: ChoiceProbabilities?
    ) throws(ParameterRejection) -> ScoreType {
        let name = "score_range"
        let range = try parameters.range(name)
        let type = parameters.returnType
        if let choices {
            if type != "number" {
                throw ParameterRejection(
                    of: "score_from", "needs numeric scores for \"logprobs\", but return_type is \(quoted(type))")
            }
            if range != nil { throw ParameterRejection(of: name, "is set by the values of choices; remove it") }
            return .number(choices.range)
        }
        if type == "number" { return range == nil && !needsNumbers ? .numberOrText : .number(range) }
        if range != nil {
            throw ParameterRejection(of: name, "applies to numeric scores only, but return_type is \(quoted(type))")
        }
        if needsNumbers {
            throw ParameterRejection(
                of: "vote_reduction", "needs numeric scores, but return_type is \(quoted(type))")
        }
        switch type {
        case "string": return .text
        case "boolean": return .boolean
        default: return .json
        }
    }

    /// JSON Schema of the parameters.
    static let schema = #"""
        {"type": "object", "additionalProperties": false, "required": ["prompt_template"], "properties": {
        "prompt_template": {"type": "string", "minLength": 1},
        "system_prompt": {"type": "string", "minLength": 1},
        "judge_model": {"type": "string", "minLength": 1},
        "judge_models": {"type": "array", "minItems": 1, "uniqueItems": true, "items": {"type": "string", "minLength": 1}},
        "judge_score_regexes": {"type": "array", "items": {"type": "string"}},
        "match": {"enum": ["first", "last"]},
        "response_format": {"type": ["object", "null"]},
        "score_field": {"type": "string", "minLength": 1},
        "score_from": {"enum": ["reply", "logprobs"]},
        "choices": {"type": "object", "minProperties": 2, "additionalProperties": {"type": "number"}},
        "top_logprobs": {"type": "integer", "minimum": 1, "maximum": 20},
        "score_range": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}},
        "re_ask": {"type": "boolean"},
        "votes": {"type": "integer", "minimum": 1, "maximum": 100},
        "vote_reduction": {"enum": ["majority", "mean", "median"]},
        "swap": {"anyOf": [{"type": "boolean"}, {"type": "array", "minItems": 2, "maxItems": 2, "uniqueItems": true, "items": {"type": "string"}}]},
        "swap_verdicts": {"type": "array", "minItems": 3, "maxItems": 3, "uniqueItems": true, "items": {"type": "string", "minLength": 1}},
        "temperature": {"type": ["number", "null"], "minimum": 0},
        "top_p": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        "max_tokens": {"type": "integer", "minimum": 1},
        "seed": {"type": "integer", "minimum": 0},
        "stop": {"anyOf": [{"type": "string"}, {"type": "array", "minItems": 1, "items": {"type": "string"}}]},
        "extra_body": {"type": "object"}}}
        """#
}
