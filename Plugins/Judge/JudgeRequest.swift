import JSON
import ScorerKit
import ScorerParameters

/// The requests of a judge, as JSON. Their members have a fixed order, so that equal requests have equal bytes.
struct JudgeRequest: Sendable {
    /// The members that follow the messages, before and after the seed.
    private struct Tail: Sendable {
        var sampling: String
        var rest: String
    }

    /// The factor by which the limit on the length of a reply grows after one was cut off, and its maximum in tokens.
    static let growth = (factor: 4, limit: 65_536)

    private let tail: Tail
    /// The same request with a higher limit on the reply; nil if there is no limit or it cannot be raised.
    private let longerTail: Tail?
    private let seed: Int?
    /// Whether a model may answer differently from one vote to the next.
    let hasChance: Bool

    /// Reads the parameters that go into requests.
    init(
        _ parameters: inout Configuration, format: ResponseFormat?, choices: ChoiceProbabilities? = nil
    ) throws(ParameterRejection) {
        var sampling: JSONObject = [:]
        let temperature = try parameters.number("temperature", expected: "a number of at least 0") { $0 >= 0 }
        let topP = try parameters.number("top_p", expected: "a number above 0 and at most 1") { $0 > 0 && $0 <= 1 }
        if let temperature {
            sampling["temperature"] = .number(temperature)
        } else if !parameters.isNull("temperature") {
            sampling["temperature"] = 0
        }
        sampling["top_p"] = topP.map(JSONValue.number)
        sampling["max_tokens"] = try parameters.integer("max_tokens", in: 1...1 << 31).map { JSONValue($0) }
        seed = try parameters.integer("seed", in: 0...1 << 53)
        // If no temperature is sent, the model's default applies.
        hasChance = sampling["temperature"].map { ($0.number ?? 0) > 0 } ?? true || seed != nil

        var rest: JSONObject = [:]
        if let stop = parameters.value("stop") {
            let texts = stop.string == nil ? try parameters.requiredTexts("stop").map(JSONValue.string) : nil
            rest["stop"] = texts.map(JSONValue.array) ?? stop
        }
        rest["response_format"] = format?.json
        for member in choices?.requestMembers.members ?? [] { rest[member.key] = member.value }
        for member in try Self.extraBody(&parameters) { rest[member.key] = member.value }
        tail = Tail(sampling: Self.members(sampling), rest: Self.members(rest))
        let isRaised = Self.raise("max_tokens", in: &sampling)
        longerTail =
            Self.raise("max_completion_tokens", in: &rest) || isRaised
            ? Tail(sampling: Self.members(sampling), rest: Self.members(rest)) : nil
    }

    /// Raises a limit on the length of a reply.
    ///
    /// - Returns: whether there is a limit that can be raised.
    private static func raise(_ name: String, in members: inout JSONObject) -> Bool {
        guard case .number(let number)? = members[name], let tokens = number.int, tokens < growth.limit else {
            return false
        }
        members[name] = JSONValue(min(max(tokens, 1) * growth.factor, growth.limit))
        return true
    }

    /// The request for a row.
    ///
    /// - Parameters:
    ///   - messages: as JSON, without brackets.
    ///   - sample: which of several votes it is, from 0.
    ///   - isLonger: whether the limit on the reply is raised, if there is one that can be.
    func body(_ messages: String, sample: Int, isLonger: Bool = false) -> String {
        let tail = isLonger ? longerTail ?? tail : tail
        var body = "{\"messages\": [\(messages)]" + tail.sampling
        if let seed { body += ", \"seed\": \(seed + sample)" }
        body += tail.rest
        return body + "}"
    }

    /// Whether a reply that was cut off may be longer in another request.
    var canBeLonger: Bool { longerTail != nil }

    /// Further messages, to repeat a reply that could not be read.
    static func turns(reply: String, correction: String) -> String {
        ", {\"role\": \"assistant\", \"content\": \(quoted(reply))}, {\"role\": \"user\", \"content\": \(quoted(correction))}"
    }

    /// The given members, each preceded by a comma.
    private static func members(_ object: JSONObject) -> String {
        object.members.map { ", \(quoted($0.key)): \($0.value.text)" }.joined()
    }

    private static func extraBody(_ parameters: inout Configuration) throws(ParameterRejection) -> [JSONObject.Member] {
        let name = "extra_body"
        guard let extra = try parameters.object(name) else { return [] }
        for key in extra.keys {
            guard let reason = reservedMembers[key] else { continue }
            throw ParameterRejection(
                pointer: JSONPointer("/params/\(name)").appending(key).description,
                "is not allowed in extra_body: \(reason)")
        }
        return extra.members.sorted { $0.key < $1.key }
    }

    /// Members of a request that cannot be given in `extra_body`, and the reasons.
    private static let reservedMembers: [String: String] = {
        var reasons = [
            "model": "judge_model names the model",
            "messages": "they are built from prompt_template and system_prompt, or judge_messages",
            "stream": "replies are read as a whole", "n": "votes sets how often a model is asked",
            "assay": "the name is reserved for the engine",
        ]
        for name in ["temperature", "top_p", "max_tokens", "seed", "stop", "response_format", "top_logprobs"] {
            reasons[name] = "use the parameter \(name)"
        }
        reasons["logprobs"] = "set \"score_from\": \"logprobs\" to score by probabilities"
        return reasons
    }()
}
