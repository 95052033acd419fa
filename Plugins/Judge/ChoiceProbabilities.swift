import Glibc
import JSON
import ScorerKit
import ScorerParameters

/// Reads the score from the probabilities that a model gives to some choices, instead of from the choice that it writes.
///
/// The method of G-Eval (Liu et al., EMNLP 2023) and AlpacaEval 2: of the alternatives for the first token of the reply, those
/// that are choices count with their probabilities, and the score is the mean of the choices' values: Σ p·value / Σ p.
struct ChoiceProbabilities: Sendable, Equatable {
    /// How many alternatives servers return at most.
    private static let mostAlternatives = 20

    private let values: [String: Double]
    /// The names of the choices, in their order.
    let names: [String]
    let alternatives: Int

    /// Reads `score_from`, `choices` and `top_logprobs`; nil if the score is read from the text of the reply.
    ///
    /// - Parameter rubric: whose labels are the choices where none are given.
    init?(_ parameters: inout Configuration, rubric: Rubric? = nil) throws(ParameterRejection) {
        enum Source: String, CaseIterable { case reply, logprobs }
        let source: Source = try parameters.choice("score_from")
        let given = try parameters.object("choices")
        if given != nil && rubric != nil {
            throw ParameterRejection(of: "choices", "is set together with rubric; expected one of them")
        }
        let choices = given ?? rubric.map { rubric in JSONObject(rubric.levels.map { ($0.label, $0.value) }) }
        let alternatives = try parameters.integer("top_logprobs", in: 1...Self.mostAlternatives)
        guard source == .logprobs else {
            for (name, isGiven) in [("choices", given != nil), ("top_logprobs", alternatives != nil)] where isGiven {
                throw ParameterRejection(of: name, "is only used with \"score_from\": \"logprobs\"")
            }
            return nil
        }
        guard let choices else {
            throw ParameterRejection(
                of: "choices", "is missing; expected the value of each choice, such as {\"A\": 1, \"B\": 0}")
        }
        var values: [String: Double] = [:]
        for choice in choices.members {
            let pointer = JSONPointer("/params/\(given == nil ? "rubric" : "choices")").appending(choice.key)
                .description
            guard !choice.key.isEmpty, choice.key == choice.key.trimmed else {
                throw ParameterRejection(
                    pointer: pointer, "expected a name without white space around it, as the model writes the choice")
            }
            guard let value = choice.value.number, value.isFinite else {
                throw ParameterRejection(pointer: pointer, "found \(choice.value.kind); expected a number")
            }
            values[choice.key] = value
        }
        guard Set(values.values).count > 1 else {
            throw ParameterRejection(of: "choices", "expected at least two choices with different values")
        }
        self.values = values
        names = choices.members.map(\.key)
        self.alternatives = alternatives ?? Self.mostAlternatives
    }

    /// The least and the greatest score.
    var range: ClosedRange<Double> { (values.values.min() ?? 0)...(values.values.max() ?? 0) }

    /// The members of a request that ask for the probabilities.
    var requestMembers: JSONObject { ["logprobs": true, "top_logprobs": JSONValue(alternatives)] }

    /// What a reply must be, worded to follow "Reply again, with only".
    var expectation: String { "one of \(names.map { "\"\($0)\"" }.joined(separator: ", "))" }

    /// The score of a reply, and the probability of each choice among the alternatives for its first token.
    ///
    /// A choice counts with each of its spellings, which are the choice itself and the choice after a space; a spelling that the
    /// server lists twice counts once.
    ///
    /// - Parameters:
    ///   - response: a chat completion, as JSON.
    ///   - text: its text, without the model's reasoning.
    func read(_ response: UnsafeRawBufferPointer, text: String) -> (reading: Reading, probabilities: JSONValue?) {
        var parser = JSONParser()
        let body = response.isEmpty ? nil : try? parser.parse(response)
        guard let tokens = body?["choices"]?.array?.first?["logprobs"]?["content"]?.array, !tokens.isEmpty else {
            let reason =
                "the response has no log probabilities (\"logprobs\"); ask a judge_model whose server returns them, or "
                + "read the reply instead, without score_from"
            return (.nothing(reason), nil)
        }
        guard let first = firstToken(of: text, in: tokens) else {
            return (.nothing("the log probabilities are not those of the reply's text"), nil)
        }
        var spellings: [String: Double] = [:]
        for alternative in (first["top_logprobs"]?.array ?? []) + [first] {
            guard let token = alternative["token"]?.string, let logarithm = alternative["logprob"]?.number,
                logarithm <= 0
            else { continue }
            spellings[token] = exp(logarithm)
        }
        // In a fixed order: sums of the same numbers in another order may differ.
        var members: JSONObject = [:]
        var (sum, total) = (0.0, 0.0)
        for name in names {
            let probability = (spellings[name] ?? 0) + (spellings[" " + name] ?? 0)
            guard probability > 0, let value = values[name] else { continue }
            members[name] = JSONValue(probability)
            sum += probability * value
            total += probability
        }
        guard total > 0 else {
            let likeliest = spellings.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? ""
            return (
                .nothing(
                    "none of the choices is among the alternatives for the first token; the likeliest is "
                        + "\"\(likeliest.shortened)\""), nil
            )
        }
        return (.score(JSONValue(min(max(sum / total, range.lowerBound), range.upperBound))), .object(members))
    }

    /// The first token of a text; the tokens of the model's reasoning come before it, and an end-of-text token may follow.
    private func firstToken(of text: String, in tokens: [JSONValue]) -> JSONValue? {
        let wanted = Array(text.trimmed.utf8)
        var bytes: [UInt8] = []
        // The place of each token's end in `bytes`.
        let ends = tokens.map { token -> Int in
            bytes += Array((token["token"]?.string ?? "").utf8)
            return bytes.count
        }
        let latest = bytes.count - wanted.count
        guard !wanted.isEmpty, latest >= 0 else { return nil }
        let mostBytesBehind = 1000
        let start = (max(0, latest - mostBytesBehind)...latest).last { bytes[$0...].starts(with: wanted) }
        return start.flatMap { start in ends.firstIndex { $0 > start } }.map { tokens[$0] }
    }
}
