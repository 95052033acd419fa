import Evaluation
import FakeModel
import Glibc
import Inference
import JSON
import Testing

private let noTools = #"{"output_message": {"content": "A", "stop_reason": "end_of_turn"}, "steps": []}"#

/// A turn with these steps.
private func turn(_ steps: String...) -> InferenceReply {
    InferenceReply(
        text: "A", response: #"{"output_message": {"content": "A"}, "steps": [\#(steps.joined(separator: ", "))]}"#)
}

/// A step in which a tool was called that answered with this content, JSON.
private func tool(_ name: String, _ content: String) -> String {
    #"{"step_type": "tool_execution", "tool_responses": [{"tool_name": "\#(name)", "content": \#(content)}]}"#
}

struct AgentTurnTests {
    @Test(
        "the context is what the tools that search knowledge gave the agent",
        arguments: [
            (turn(), nil),
            (turn(#"{"step_type": "inference", "model_response": {"content": "no"}}"#), nil),
            (turn(tool("calculator", #""8""#), #"{"step_type": "shield_call", "violation": null}"#), nil),
            (turn(tool("knowledge_search", "[]")), nil),
            (turn(tool("knowledge_search", #""one""#)), "one"),
            (turn(tool("knowledge_search", #"{"type": "text", "text": "one"}"#)), "one"),
            (
                turn(tool("knowledge_search", #"[{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]"#)),
                "one two"
            ),
            (
                turn(tool("knowledge_search", #"[{"type": "image", "image": {"url": "x"}}, "two"]"#)),
                "two"
            ),
            (
                turn(
                    tool("knowledge_search", #""one""#), tool("web_search", #""x""#),
                    tool("knowledge_search", #""two""#)), "one\ntwo"
            ),
            (turn(#"{"step_type": "memory_retrieval", "vector_db_ids": "v", "inserted_context": ["old"]}"#), "old"),
            (turn(tool("query_from_memory", #""old""#)), "old"),
            (InferenceReply(text: "A", response: "{}"), nil),
        ] as [(InferenceReply, String?)])
    func context(_ reply: InferenceReply, expected: String?) {
        #expect(AgentTurn(reply).answer == "A")
        #expect(AgentTurn(reply).context == expected)
    }

    @Test("an answer that was cut off is marked as such")
    func finishReason() {
        let whole = InferenceReply(text: "A", response: noTools)
        #expect(AgentTurn(whole).finishReason == nil)
        let cut = InferenceReply(text: "A", response: #"{"output_message": {"stop_reason": "out_of_tokens"}}"#)
        #expect(AgentTurn(cut).finishReason == "length")
    }

    @Test("the agent gets what its user says, and its whole configuration")
    func request() throws {
        let agent = try #require(try JSONValue(parsing: #"{"model": "m", "more": {"x": 1.0}}"#).object)
        let messages: [JSONValue] = [
            ["role": "system", "content": "s"], ["role": "user", "content": "one"],
            ["role": "assistant", "content": "a"], ["role": "user", "content": ["two"]],
        ]
        let request = try #require(AgentTurn.request(agent, messages: messages))
        #expect(request.operation == .agentTurn)
        #expect(
            try JSONValue(parsing: request.body) == [
                "agent_config": .object(agent), "messages": [messages[1], messages[3]],
            ])
        #expect(AgentTurn.request(agent, messages: [messages[0]]) == nil)
    }

    @Test("a row gets its answer and its context through a server of agents, from a turn as Llama Stack sends it")
    func wholeWay() async throws {
        let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let file = try #require(fopen("/\(folder)/InferenceTests/Data/turn-with-retrieval.txt", "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
        let recording = String(decoding: bytes, as: UTF8.self)
        let server = try FakeModelServer(
            .choosing { $0.path.hasSuffix("/turn") ? .status(200, body: recording) : .answer("") })
        let service = InferenceService(catalog: ModelCatalog(agents: .agents(url: server.url)))
        let request = try #require(AgentTurn.request(["model": "m"], messages: [["role": "user", "content": "x"]]))
        let reply = try await service.session().ask(request, of: service.catalog.agents(), for: "candidate")
        await service.shutDown()
        let turn = AgentTurn(reply)
        #expect(turn.answer == "The lighthouse of Vendel was built in 1874.")
        let context = try #require(turn.context)
        #expect(context.hasPrefix("knowledge_search tool found 2 chunks:\nBEGIN of knowledge_search tool results.\n R"))
        #expect(context.contains("It is 31 metres tall."))
    }
}
