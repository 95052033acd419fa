public import Inference
public import JSON
import ScoringCore
import ScoringEngine

/// Statistics of a run's generation.
public struct GenerationCounts: Sendable {
    /// Rows by the outcome of their generation; `scored` counts those that have one.
    var outcomes = OutcomeCounts()
    /// Generations that were cut off at the length limit.
    public internal(set) var truncated = 0
    /// Generations without an answer: no match, or empty.
    public internal(set) var withoutAnswer = 0
    /// The number of answers per row.
    public internal(set) var samples = 1
    /// The candidate's usage.
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
