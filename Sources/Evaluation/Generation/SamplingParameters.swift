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
                for (name, value) in try Self.strategy(Self.whole(value, sampling), at: place).members {
                    // Parameters next to the strategy take precedence.
                    if sampling[name] ?? .null == .null { members[name] = value }
                }
            case "max_tokens", "max_completion_tokens":
                try Self.check(value, Self.integer("an integer from 0"), at: place)
                if let number = value.number?.int, number > 0 { members[name] = value }
            case "repetition_penalty":
                try Self.check(value, .number("a number above 0") { $0 > 0 }, at: place)
                // 1 has no effect, so it is not sent.
                if value.number?.double != 1 { members[name] = value }
            case "temperature":
                try Self.check(value, Self.temperature, at: place)
                members[name] = value
            case "top_p":
                try Self.check(value, Self.mass, at: place)
                members[name] = value
            case "top_k":
                try Self.check(value, Self.integer("an integer from 1"), at: place)
                if let number = value.number?.int, number > 0 { members[name] = value }
            case "stop": if value != [] { members[name] = value }
            // As Transformers has it: without sampling, the likeliest token is taken.
            case "do_sample":
                try Self.check(value, .flag, at: place)
                if value == false { members["temperature"] = 0 }
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

    /// A strategy of which only the name is written, as the first clients do: `top_k` takes its number from beside it.
    private static func whole(_ strategy: JSONValue, _ sampling: JSONObject) -> JSONValue {
        guard let name = strategy.string else { return strategy }
        var members: JSONObject = ["type": .string(name)]
        if name == Strategy.topK.rawValue { members["top_k"] = sampling["top_k"] }
        return .object(members)
    }

    /// The members for a strategy.
    static func strategy(_ value: JSONValue, at pointer: JSONPointer) throws(EvaluationError) -> JSONObject {
        let place = JSONPlace(value.string.map { ["type": .string($0)] } ?? value, at: pointer)
        do throws(JSONFault) {
            var members = JSONObject()
            switch try place.required("type", .choice(Strategy.self)) {
            case .greedy:
                try place.checkNames(["type"])
                members["temperature"] = 0
            case .topP:
                try place.checkNames(["type", "temperature", "top_p"])
                _ = try place.optional("temperature", temperature)
                _ = try place.optional("top_p", mass)
                // As they are written; the defaults are Llama Stack's own.
                members["temperature"] = place["temperature"]?.value ?? 1
                members["top_p"] = place["top_p"]?.value ?? JSONValue(0.95)
            case .topK:
                try place.checkNames(["type", "top_k"])
                members["top_k"] = JSONValue(try place.required("top_k", .integer(from: 1)))
            }
            return members
        } catch {
            throw EvaluationError(error)
        }
    }

    // MARK: Values

    private enum Strategy: String, CaseIterable {
        case greedy
        case topP = "top_p"
        case topK = "top_k"
    }

    private static var temperature: JSONExpectation<Double> { .number("a number from 0") { $0 >= 0 } }
    private static var mass: JSONExpectation<Double> { .number("a number from 0 to 1") { (0...1).contains($0) } }

    /// An integer from -1: 0 and -1 stand for no limit.
    private static func integer(_ expected: String) -> JSONExpectation<Int> {
        JSONExpectation(expected) { value in value.number?.int.flatMap { $0 >= -1 ? $0 : nil } }
    }

    private static func check<Value>(
        _ value: JSONValue, _ expectation: JSONExpectation<Value>, at pointer: JSONPointer
    ) throws(EvaluationError) {
        do throws(JSONFault) {
            _ = try JSONPlace(value, at: pointer).read(expectation)
        } catch {
            throw EvaluationError(error)
        }
    }
}
