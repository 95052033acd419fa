import JSON

/// A member that a model's server refuses, and how requests are changed.
struct ParameterChange: Hashable, Sendable {
    var parameter: String
    /// The server's name for it; nil if the member is omitted.
    var replacement: String?
}

extension ParameterChange {
    /// The member of a request that an answer with status 400 or 422 refuses as such, rather than for its value: not
    /// known, not supported, or not together with another.
    ///
    /// - Returns: nil if the error is about something else.
    static func refusedMember(by error: ServerError, in body: JSONObject) -> String? {
        let text = error.message
        let words = text.lowercased()
        guard !error.codes.isDisjoint(with: codes) || phrases.contains(where: { words.contains($0) }) else {
            return nil
        }
        // A prompt that is too long is often told in words about max_tokens.
        guard Complaint(status: 400, error, hasRetryAfter: false) == .other else { return nil }
        let members = Set(body.keys).subtracting(RequestParameters.fixed)
        for name in error.parameters {
            let names = [name] + (otherNames[name] ?? [])
            if let member = names.first(where: { members.contains($0) }) { return member }
        }
        // Names that stand in places of their own are about something else in the request, such as a message.
        guard error.parameters.isEmpty else { return nil }
        let mentioned = mentions(in: text, of: members)
        // "`temperature` and `top_p` cannot both be specified": the one that is less often meant.
        return words.contains("both") ? mentioned.last : mentioned.first
    }

    /// The change for a refused member; nil if omitting it would change the meaning of the request.
    init?(refused member: String, by error: ServerError, after changes: [ParameterChange]) {
        func isNew(_ name: String) -> Bool { !changes.contains { $0.parameter == name } }
        let isUnknownToPydantic =
            error.codes.contains("extra_forbidden") || error.message.lowercased().contains("extra inputs")
            || error.message.contains("extra_forbidden")
        switch member {
        case "max_tokens" where isNew("max_completion_tokens"):
            self.init(parameter: member, replacement: "max_completion_tokens")
        case "max_completion_tokens" where isNew("max_tokens"):
            self.init(parameter: member, replacement: "max_tokens")
        // Mistral's name.
        case "seed" where isUnknownToPydantic && isNew("random_seed"):
            self.init(parameter: member, replacement: "random_seed")
        case _ where Self.droppable.contains(member): self.init(parameter: member, replacement: nil)
        default: return nil
        }
    }

    /// Members that only affect sampling, not the meaning of the request.
    private static let droppable: Set<String> = [
        "temperature", "top_p", "top_k", "min_p", "seed", "random_seed", "frequency_penalty", "presence_penalty",
        "repetition_penalty",
    ]

    private static let codes: Set<String> = [
        "unsupported_parameter", "unsupported_value", "unknown_parameter", "extra_forbidden",
    ]
    /// In the words of OpenAI, Azure, Anthropic, Gemini, Mistral, vLLM, Groq, xAI, Moonshot, Bedrock, LiteLLM and serde.
    private static let phrases = [
        "unsupported", "not support", "n't support", "unknown", "unrecognized", "deprecated", "extra inputs",
        "extra_forbidden", "extraneous", "not permitted", "not allowed", "is allowed", "only be set", "unexpected",
        "unavailable", "not available", "not enabled", "cannot both", "can't both", "no longer",
    ]
    /// What members are called in other APIs that a request may have been translated to.
    private static let otherNames = [
        "max_output_tokens": ["max_completion_tokens", "max_tokens"], "text.format": ["response_format"],
        "reasoning.effort": ["reasoning_effort"], "stop_sequences": ["stop"],
    ]

    /// The members that a text names, in its order.
    ///
    /// `presencePenalty` stands for `presence_penalty`. A name that is an everyday word counts in quotation marks, in
    /// brackets, or behind a colon at the end.
    private static func mentions(in text: String, of members: Set<String>) -> [String] {
        let characters = Array(text)
        var found: [String] = []
        var position = 0
        while position < characters.count {
            guard characters[position].isNamePart else {
                position += 1
                continue
            }
            let end = characters[position...].firstIndex { !$0.isNamePart } ?? characters.count
            let name = snakeCase(characters[position..<end])
            let isPlain = !name.contains("_") && !["temperature", "seed", "logprobs"].contains(name)
            let isMarked = position > 0 && end < characters.count && "'\"`[(".contains(characters[position - 1])
            let isLast = end == characters.count && position > 1 && characters[position - 2] == ":"
            if members.contains(name), !isPlain || isMarked || isLast { found.append(name) }
            position = end
        }
        return found
    }

    private static func snakeCase(_ name: ArraySlice<Character>) -> String {
        guard let first = name.first, first.isLowercase else { return String(name).lowercased() }
        return name.map { $0.isUppercase ? "_" + $0.lowercased() : String($0) }.joined()
    }
}

extension Character {
    fileprivate var isNamePart: Bool { isASCII && (isLetter || isNumber || self == "_") }
}
