import JSON
import ScorerKit

/// The result of one vote or of a row: a score, or the reason why there is none.
enum Verdict: Sendable, Equatable {
    case score(JSONValue)
    case unscored(Unscored, String)

    var score: JSONValue? { if case .score(let score) = self { score } else { nil } }
}

/// One reply of one model about a row.
struct Vote: Sendable, Equatable {
    var verdict: Verdict
    /// The verdict of each score of the reply, if it has several.
    var fields: [Verdict] = []
    /// The model's reply, if there was one.
    var feedback: String?
    /// The reasoning before the reply.
    var reasoning: String?
    /// The probability of each choice, if the score was read from them.
    var probabilities: JSONValue?
}

extension Vote {
    /// Why the reply, or one of its scores, could not be read; nil if everything was.
    var unreadReason: String? {
        for verdict in [verdict] + fields {
            if case .unscored(.unparsed, let reason) = verdict { return reason }
        }
        return nil
    }

    /// The vote as it appears in a row's output `votes`.
    ///
    /// - Parameters:
    ///   - model: the model's name, if several models were asked.
    ///   - order: which of two answers was shown first, if both were.
    ///   - names: those of the scores of the reply, if it has several.
    func json(model: String?, order: String? = nil, names: [String] = []) -> JSONValue {
        var vote: JSONObject = [:]
        if let order { vote["order"] = .string(order) }
        if let model { vote["model"] = .string(model) }
        vote["score"] = verdict.score ?? .null
        if !fields.isEmpty {
            vote["scores"] = .object(JSONObject(zip(names, fields).map { ($0, $1.score ?? .null) }))
        }
        vote["judge_feedback"] = feedback.map(JSONValue.string) ?? .null
        if let reasoning { vote["reasoning"] = .string(reasoning) }
        if let probabilities { vote["probabilities"] = probabilities }
        if case .unscored(let outcome, let message) = verdict {
            vote["outcome"] = .string(outcome.name)
            vote["message"] = .string(message)
        }
        return .object(vote)
    }
}

extension Unscored {
    /// Its name in results.
    fileprivate var name: String {
        switch self {
        case .unparsed: "unparsed"
        case .inputError: "input_error"
        case .scorerError: "scorer_error"
        case .modelError: "model_error"
        case .notAsked: "not_asked"
        }
    }
}
