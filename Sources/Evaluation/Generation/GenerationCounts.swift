public import Inference
public import JSON
import ScoringCore
import ScoringEngine

/// How the generation of a run went.
public struct GenerationCounts: Sendable {
    /// Rows by what became of their generation; `scored` are those that have one.
    var outcomes = OutcomeCounts()
    /// Generations that the model did not end by itself, as it ran into a limit on its length.
    public internal(set) var truncated = 0
    /// Generations in which no answer was found, or that are empty.
    public internal(set) var withoutAnswer = 0
    /// How often each row was asked.
    public internal(set) var samples = 1
    /// What the candidate was asked.
    public internal(set) var usage = ModelUsage()

    /// Rows with a generation.
    public var generated: Int { outcomes[.scored] }
    /// Rows without one.
    public var failed: Int { outcomes.unscored }

    /// `{"rows": {"total": …, "generated": …, "input_error": …, "model_error": …, "not_asked": …}, "truncated": …,
    /// "without_answer": …, "usage": {…}}`, and "samples" where rows were asked several times: "rows" counts answers then.
    public var json: JSONObject {
        var rows: JSONObject = ["total": JSONValue(outcomes.total), "generated": JSONValue(generated)]
        for outcome in [RowOutcome.inputError, .scorerError, .modelError, .timedOut, .notAsked] {
            rows[outcome.name] = JSONValue(outcomes[outcome])
        }
        var json: JSONObject = [
            "rows": .object(rows), "truncated": JSONValue(truncated), "without_answer": JSONValue(withoutAnswer),
            "usage": usage.json,
        ]
        if samples > 1 { json["samples"] = JSONValue(samples) }
        return json
    }
}
