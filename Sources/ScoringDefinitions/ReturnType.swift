public import JSON

/// What the scores of a scoring function are: `{"type": "number"}`, together with whatever else a definition says
/// there.
public struct ReturnType: Sendable, Hashable {
    /// The types of the scoring API. The raw values are their names in JSON.
    public enum Kind: String, CaseIterable, Sendable {
        case string, number, boolean, array, object, json, union
        case chatCompletionInput = "chat_completion_input"
        case completionInput = "completion_input"
        case agentTurnInput = "agent_turn_input"
    }

    public let kind: Kind
    /// The whole object as it was written.
    public let json: JSONObject
}
