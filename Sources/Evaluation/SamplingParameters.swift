import JSON

/// The API's `sampling_params` as members of an OpenAI-compatible request.
struct SamplingParameters: Sendable {
    /// The members, without those that say what is asked.
    let members: JSONObject

    /// What a request says that is not sampling.
    private static let others = ["model", "messages", "prompt", "stream", "stream_options", "n"]

    /// Reads sampling parameters: a `strategy` as Llama Stack has it (`greedy`, `top_p` with `temperature` and `top_p`,
    /// `top_k` with `top_k`), `max_tokens` (0: no limit), `repetition_penalty`, `stop`, and any other parameter of the
    /// OpenAI API as it is. Without a strategy and a temperature the temperature is 0.
    ///
    /// - Parameter pointer: where they stand, for messages.
    init(_ sampling: JSONObject, at pointer: JSONPointer) throws(EvaluationError) {
        var members = JSONObject()
        for (name, value) in sampling.members where value != .null {
            if Self.others.contains(name) {
                throw EvaluationError(
                    .invalid, "is no sampling parameter: requests are made of the rows, one answer each",
                    at: pointer.appending(name).description)
            }
            switch name {
            case "strategy":
                for (name, value) in try Self.strategy(value, at: pointer.appending(name)).members {
                    // What is said beside the strategy is more particular.
                    if sampling[name] ?? .null == .null { members[name] = value }
                }
            case "max_tokens", "max_completion_tokens":
                try Self.check(value, "an integer from 0", at: pointer.appending(name)) { $0.int.map { $0 >= 0 } }
                if value.number?.int != 0 { members[name] = value }
            case "repetition_penalty":
                try Self.check(value, "a number above 0", at: pointer.appending(name)) {
                    $0.double > 0 && $0.double.isFinite
                }
                // 1 is none, which servers need not know.
                if value.number?.double != 1 { members[name] = value }
            case "temperature":
                try Self.check(value, "a number from 0", at: pointer.appending(name)) {
                    $0.double >= 0 && $0.double.isFinite
                }
                members[name] = value
            case "top_p":
                try Self.check(value, "a number from 0 to 1", at: pointer.appending(name)) {
                    (0...1).contains($0.double)
                }
                members[name] = value
            default: members[name] = value
            }
        }
        if members["temperature"] == nil && (sampling["strategy"] ?? .null) == .null { members["temperature"] = 0 }
        self.members = members
    }

    /// The members that a strategy stands for.
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
            // Llama Stack's own values where they are not given.
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
                .invalid, "has no \"type\"; \"greedy\", \"top_p\" or \"top_k\" was expected", at: pointer.description)
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
