import JSON

/// The API's `sampling_params` as members of an OpenAI-compatible request.
struct SamplingParameters: Sendable {
    /// The members, without those of the prompt.
    let members: JSONObject

    /// Members of a request that are not sampling parameters.
    private static let others = ["model", "messages", "prompt", "stream_options"]

    /// Names that other programs have for a parameter.
    private static let aliases = [
        "repeat_penalty": "repetition_penalty", "max_new_tokens": "max_tokens", "max_gen_len": "max_tokens",
        "num_predict": "max_tokens", "max_output_tokens": "max_tokens", "stop_sequences": "stop",
    ]

    /// Reads sampling parameters: a Llama Stack `strategy` (`greedy`, `top_p` with `temperature` and `top_p`, `top_k` with
    /// `top_k`), `max_tokens` (0 or less: no limit), `repetition_penalty` (1: none), `stop`, and any other parameter of the
    /// OpenAI API unchanged. Without a strategy and a temperature, the temperature is 0; if it is null, none is sent. Other
    /// members that are null are ignored. The names of other programs are accepted too (`repeat_penalty`,
    /// `max_new_tokens`, …), and parameters without an effect are not sent: `n` and `num_return_sequences` of 1, `stream`
    /// that is false, a `top_k` of 0 or -1, an empty `stop`.
    ///
    /// - Parameter pointer: their place, for messages.
    init(_ sampling: JSONObject, at pointer: JSONPointer) throws(EvaluationError) {
        var members: JSONObject = [:]
        for (written, value) in sampling.members where value != .null {
            let name = Self.aliases[written] ?? written
            let place = pointer.appending(written)
            if name != written, sampling[name] ?? .null != .null {
                throw EvaluationError(
                    .invalid, "is set together with \"\(name)\", which means the same; remove one of them",
                    at: place.description)
            }
            if Self.others.contains(name) || !Self.asksOnce(name, value) {
                throw EvaluationError(
                    .invalid, "is not a sampling parameter: each request is built from a row and has one answer",
                    at: place.description)
            }
            switch name {
            case "n", "num_return_sequences", "stream": break
            case "strategy":
                for (name, value) in try Self.strategy(value, at: place).members {
                    // Parameters next to the strategy take precedence.
                    if sampling[name] ?? .null == .null { members[name] = value }
                }
            case "max_tokens", "max_completion_tokens":
                try Self.check(value, "an integer from 0", at: place) { $0.int.map { $0 >= -1 } }
                if let number = value.number?.int, number > 0 { members[name] = value }
            case "repetition_penalty":
                try Self.check(value, "a number above 0", at: place) { $0.double > 0 && $0.double.isFinite }
                // 1 has no effect, so it is not sent.
                if value.number?.double != 1 { members[name] = value }
            case "temperature":
                try Self.check(value, "a number from 0", at: place) { $0.double >= 0 && $0.double.isFinite }
                members[name] = value
            case "top_p":
                try Self.check(value, "a number from 0 to 1", at: place) { (0...1).contains($0.double) }
                members[name] = value
            case "top_k":
                try Self.check(value, "an integer from 1", at: place) { $0.int.map { $0 >= -1 } }
                if let number = value.number?.int, number > 0 { members[name] = value }
            case "stop": if value != [] { members[name] = value }
            // As Transformers has it: without sampling, the likeliest token is taken.
            case "do_sample":
                guard let samples = value.bool else { throw .unexpected(value, "true or false", at: place) }
                if !samples { members["temperature"] = 0 }
            default: members[name] = value
            }
        }
        if members["temperature"] == nil && sampling["temperature"] == nil && (sampling["strategy"] ?? .null) == .null {
            members["temperature"] = 0
        }
        self.members = members
    }

    /// Whether a parameter means a single answer, read as a whole.
    private static func asksOnce(_ name: String, _ value: JSONValue) -> Bool {
        switch name {
        case "n", "num_return_sequences": value.number?.int == 1
        case "stream": value == false
        default: true
        }
    }

    /// The members for a strategy.
    static func strategy(_ value: JSONValue, at pointer: JSONPointer) throws(EvaluationError) -> JSONObject {
        // Older clients send the name alone.
        var reader = try MemberReader(value.string.map { ["type": .string($0)] } ?? value, at: pointer)
        let type = try reader.member("type", "\"greedy\", \"top_p\" or \"top_k\"") { value in
            value.string.flatMap { ["greedy", "top_p", "top_k"].contains($0) ? $0 : nil }
        }
        var members = JSONObject()
        switch type {
        case "greedy": members["temperature"] = 0
        case "top_p":
            let temperature = try reader.member("temperature", "a number from 0") { value in
                (value.number?.double ?? -1) >= 0 ? value : nil
            }
            let mass = try reader.member("top_p", "a number from 0 to 1") { value in
                (0...1).contains(value.number?.double ?? -1) ? value : nil
            }
            // Llama Stack's own defaults.
            members["temperature"] = temperature ?? 1
            members["top_p"] = mass ?? JSONValue(0.95)
        case "top_k":
            let count = try reader.member("top_k", "an integer from 1") { value in
                (value.number?.int ?? 0) >= 1 ? value : nil
            }
            guard let count else {
                throw EvaluationError(.invalid, "has no \"top_k\"", at: pointer.description)
            }
            members["top_k"] = count
        default:
            throw EvaluationError(
                .invalid, "has no \"type\"; expected \"greedy\", \"top_p\" or \"top_k\"", at: pointer.description)
        }
        try reader.finish()
        return members
    }

    private static func check(
        _ value: JSONValue, _ expected: String, at pointer: JSONPointer, _ isValid: (JSONNumber) -> Bool?
    ) throws(EvaluationError) {
        if let number = value.number, isValid(number) == true { return }
        throw .unexpected(value, expected, at: pointer)
    }
}
