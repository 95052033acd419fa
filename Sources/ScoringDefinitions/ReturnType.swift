public import JSON

/// The type of a function's scores: `{"type": "number"}`, with any further members of the definition.
public struct ReturnType: Sendable, Hashable {
    /// The types of the scoring API. The raw values are their names in JSON.
    public enum Kind: String, CaseIterable, Sendable {
        case string, number, boolean, array, object, json, union
        case chatCompletionInput = "chat_completion_input"
        case completionInput = "completion_input"
        case agentTurnInput = "agent_turn_input"
    }

    public let kind: Kind
    /// The whole object as written.
    public let json: JSONObject
}
