import JSON
import Patterns
import PromptTemplates
import ScorerKit
import ScorerParameters

/// The parameters of a judge, read and checked.
struct JudgeParameters: Sendable {
    var prompt: JudgePrompt
    var request: JudgeRequest
    var reader: ScoreReader
    /// The scores that a reply has, if it has several.
    var fields: ScoreFields?
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
        let occurrence: ScoreReader.Occurrence = try parameters.choice("match")
        let rubric = try Self.rubric(&parameters)
        fields = try ScoreFields(&parameters, occurrence: occurrence)
        choices = try ChoiceProbabilities(&parameters, rubric: rubric)
        let format = try ResponseFormat(&parameters, fields: fields, rubric: rubric, isChoice: choices != nil)
        prompt = try JudgePrompt(
            &parameters, rubric: Self.rubricText(rubric, fields),
            instruction: format?.instruction
                ?? choices.flatMap { choices in
                    rubric == nil ? nil : "Reply with \(choices.expectation), and nothing else."
                })
        panel = try Self.panel(&parameters)
        swap = try Swap(&parameters, prompt.columns.map(\.name))
        request = try JudgeRequest(&parameters, format: format, choices: choices)
        votes = try parameters.integer("votes", in: 1...100) ?? 1
        reduction = try parameters.choice(
            "vote_reduction", fallback: parameters.returnType == "number" ? .mean : .majority)
        asksAgain = try parameters.boolean("re_ask") ?? false
        let needsNumbers = votes * (panel?.count ?? 1) > 1 && reduction != .majority
        if swap != nil, reduction != .majority {
            throw ParameterRejection(of: "vote_reduction", "needs numeric scores, but swap has verdicts")
        }
        try Self.checkScores(&parameters, fields, rubric, needsNumbers: needsNumbers, hasSwap: swap != nil, choices)
        let type =
            if let fields { fields.type } else if let rubric, choices == nil { ScoreType.rubric(rubric) } else {
                try Self.scoreType(&parameters, needsNumbers: needsNumbers, choices: choices)
            }
        reader = ScoreReader(
            type: type, field: format?.field,
            patterns: PatternList(
                // Without a way to find a text in the reply, the whole reply is the text.
                try Self.patterns(
                    &parameters, isOptional: format != nil || choices != nil || fields != nil || type == .text)),
            occurrence: occurrence)
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

    private static func rubric(_ parameters: inout Configuration) throws(ParameterRejection) -> Rubric? {
        guard let json = parameters.value("rubric") else { return nil }
        return try Rubric(
            json, at: JSONPointer("/params/rubric"), needsNumbers: parameters.returnType == "number")
    }

    /// What a prompt says of the rubric or of the scores; nil if there is nothing to say.
    private static func rubricText(_ rubric: Rubric?, _ fields: ScoreFields?) -> String? {
        if let rubric { return "Choose one of these labels:\n\(rubric.text)" }
        let texts = (fields?.fields ?? []).compactMap(\.text)
        return texts.isEmpty ? nil : "Criteria:\n" + texts.joined(separator: "\n")
    }

    /// Checks that the parameters that say what a score is are not in each other's way.
    private static func checkScores(
        _ parameters: inout Configuration, _ fields: ScoreFields?, _ rubric: Rubric?, needsNumbers: Bool, hasSwap: Bool,
        _ choices: ChoiceProbabilities?
    ) throws(ParameterRejection) {
        if let rubric {
            if parameters.value("score_range") != nil {
                throw ParameterRejection(of: "score_range", "is set by the values of the rubric; remove it")
            }
            if fields != nil {
                throw ParameterRejection(
                    of: "rubric", "belongs to one score; with score_fields, give a score its own \"rubric\"")
            }
            if hasSwap && rubric.isNumeric {
                throw ParameterRejection(
                    of: "swap", "needs verdicts that are texts, but the values of the rubric are numbers")
            }
            if needsNumbers && !rubric.isNumeric {
                throw ParameterRejection(
                    of: "vote_reduction", "needs numeric scores, but the values of the rubric are texts")
            }
        }
        guard let fields else { return }
        for name in ["judge_score_regexes", "score_range"] {
            guard let given = parameters.value(name), given != [] else { continue }
            let own = name == "score_range" ? "range" : "regexes"
            throw ParameterRejection(
                of: name, "belongs to one score; with score_fields, give each score its own \"\(own)\"")
        }
        if hasSwap {
            throw ParameterRejection(of: "swap", "needs one verdict; it cannot be combined with score_fields")
        }
        if choices != nil {
            throw ParameterRejection(of: "score_from", "needs one score; it cannot be combined with score_fields")
        }
        guard needsNumbers, let text = fields.fields.first(where: { !$0.hasNumber }) else { return }
        throw ParameterRejection(
            of: "vote_reduction", "needs numeric scores, but \(quoted(text.name)) is not a number; use \"majority\"")
    }

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
                    + "(or, for a prompt that asks for JSON, score_field; or return_type string, for which the whole reply "
                    + "is the score)")
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
        {"type": "object", "additionalProperties": false,
        "anyOf": [{"required": ["prompt_template"]}, {"required": ["judge_messages"]}], "properties": {
        "prompt_template": {"type": "string", "minLength": 1},
        "system_prompt": {"type": "string", "minLength": 1},
        "judge_messages": {"type": "array", "minItems": 1, "items": {"type": "object", "additionalProperties": false, "required": ["role", "content"], "properties": {
        "role": {"enum": ["system", "developer", "user", "assistant"]},
        "content": {"anyOf": [{"type": "string", "minLength": 1}, {"type": "array", "minItems": 1, "items": {"type": "object"}}]}}}},
        "rubric": {"$ref": "#/$defs/rubric"},
        "score_fields": {"type": "array", "minItems": 1, "maxItems": 50, "items": {"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": false, "required": ["name"], "properties": {
        "name": {"type": "string"}, "member": {"type": "string"}, "regexes": {"type": "array", "minItems": 1, "items": {"type": "string"}},
        "type": {"enum": ["number", "boolean", "string"]}, "range": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}},
        "rubric": {"$ref": "#/$defs/rubric"}, "description": {"type": "string"}, "weight": {"type": "number", "exclusiveMinimum": 0}}}]}},
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
        "extra_body": {"type": "object"}},
        "$defs": {"rubric": {"type": "array", "minItems": 2, "items": {"type": "object", "additionalProperties": false, "properties": {
        "label": {"type": ["string", "number"]}, "value": {"type": ["string", "number"]}, "description": {"type": "string"}}}}}}
        """#
}
