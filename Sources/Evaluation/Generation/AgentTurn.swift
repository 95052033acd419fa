public import Inference
public import JSON

/// One turn of an agent: the request, and the result for a row.
public struct AgentTurn: Sendable, Hashable {
    /// The agent's final answer.
    public var answer: String
    /// What it retrieved; nil if it retrieved nothing.
    public var context: String?
    /// `length` if the answer was cut off.
    public var finishReason: String?

    /// The retrieval tools of current and early versions of Llama Stack.
    private static let retrievalTools: Set<String> = ["knowledge_search", "query_from_memory"]

    /// Reads a reply to a turn.
    ///
    /// The context is the text that the retrieving tools gave the model, and of older servers the context that their
    /// memory inserted. The parts of one response are joined by a space, as by Llama Stack's own evaluation; of several
    /// responses it takes the last one, while here they all count, on lines of their own.
    public init(_ reply: InferenceReply) {
        let turn = (try? JSONValue(parsing: reply.response)) ?? .null
        answer = reply.text
        finishReason = turn["output_message"]?["stop_reason"] == "out_of_tokens" ? "length" : nil
        let texts = turn["steps"]?.array?.flatMap(Self.retrieved).filter { !$0.isEmpty } ?? []
        context = texts.isEmpty ? nil : texts.joined(separator: "\n")
    }

    private static func retrieved(in step: JSONValue) -> [String] {
        switch step["step_type"]?.string {
        case "tool_execution":
            let responses = step["tool_responses"]?.array ?? []
            return responses.compactMap { response in
                guard let tool = response["tool_name"]?.string, retrievalTools.contains(tool) else { return nil }
                return response["content"]?.contentText
            }
        case "memory_retrieval": return step["inserted_context"]?.contentText.map { [$0] } ?? []
        default: return []
        }
    }

    /// A request for a turn, for the server that ``ModelCatalog/agents()`` finds.
    ///
    /// An agent has its instructions and its model from its configuration, and takes only what its user says: of a row's
    /// messages the others are left out.
    ///
    /// - Parameters:
    ///   - agent: an `AgentConfig`.
    ///   - messages: those of a chat, each an object with `role` and `content`.
    /// - Returns: nil if no message is a user's.
    public static func request(_ agent: JSONObject, messages: [JSONValue]) -> InferenceRequest? {
        let said = messages.filter { $0["role"] == "user" }
        guard !said.isEmpty else { return nil }
        let body: JSONValue = ["agent_config": .object(agent), "messages": .array(said)]
        return InferenceRequest(operation: .agentTurn, body: body.text)
    }
}
