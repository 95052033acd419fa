import JSON
import ScorerKit

/// What became of one vote, or of a row: a score, or none, and why.
enum Verdict: Sendable, Equatable {
    case score(JSONValue)
    case unscored(Unscored, String)

    var score: JSONValue? { if case .score(let score) = self { score } else { nil } }
}

/// One answer of one model about a row.
struct Vote: Sendable, Equatable {
    var verdict: Verdict
    /// What the model said, if it said anything.
    var feedback: String?
    /// What it thought before.
    var reasoning: String?
}

extension Vote {
    /// The vote as it stands among others in a row's output `votes`.
    ///
    /// - Parameter model: its name, where several were asked.
    func json(model: String?) -> JSONValue {
        var vote: JSONObject = [:]
        if let model { vote["model"] = .string(model) }
        vote["score"] = verdict.score ?? .null
        vote["judge_feedback"] = feedback.map(JSONValue.string) ?? .null
        if let reasoning { vote["reasoning"] = .string(reasoning) }
        if case .unscored(let outcome, let message) = verdict {
            vote["outcome"] = .string(outcome.name)
            vote["message"] = .string(message)
        }
        return .object(vote)
    }
}

extension Unscored {
    /// The name that results have for it.
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
