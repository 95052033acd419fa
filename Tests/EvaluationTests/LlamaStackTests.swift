import Evaluation
import Glibc
import Inference
import JSON
import Platform
import Testing

/// Turns of agents of a Llama Stack server, which `Tests/LlamaStack/run.py` starts, with what these tests expect of it.
@Suite(.enabled(if: environmentVariable("LLAMA_STACK_URL") != nil, "LLAMA_STACK_URL names no server"))
struct LlamaStackTests {
    /// Asks for one turn for each text, all at once, and returns what came of them, in order.
    private func turns(
        _ agent: JSONObject, _ texts: [String]
    ) async throws -> [Result<AgentTurn, InferenceError>] {
        let url = try #require(environmentVariable("LLAMA_STACK_URL"))
        let service = InferenceService(catalog: ModelCatalog(agents: .agents(url: url)))
        let session = service.session()
        let model = try service.catalog.agents()
        let turns = await withTaskGroup { group in
            for (index, text) in texts.enumerated() {
                group.addTask { () -> (Int, Result<AgentTurn, InferenceError>) in
                    let request = AgentTurn.request(agent, messages: [["role": "user", "content": .string(text)]])
                    do throws(InferenceError) {
                        let request = request ?? InferenceRequest(operation: .agentTurn, body: "{}")
                        return (index, .success(AgentTurn(try await session.ask(request, of: model, for: "f"))))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        await service.shutDown()
        return texts.indices.compactMap { turns[$0] }
    }

    @Test("agents without tools answer many rows at once")
    func answers() async throws {
        let texts = (0..<20).map { "Say \($0)." }
        let turns = try await turns(["model": "scripted", "instructions": "Answer."], texts)
        #expect(try turns.map { try $0.get().answer } == texts.map { "You said: \($0)" })
        #expect(try turns.allSatisfy { try $0.get().context == nil })
    }

    @Test("what an agent finds in a vector database is its row's context")
    func retrieval() async throws {
        let database = try #require(environmentVariable("LLAMA_STACK_VECTOR_DB"))
        let tools: JSONValue = [
            "name": "builtin::rag/knowledge_search", "args": ["vector_db_ids": [.string(database)]],
        ]
        let agent: JSONObject = ["model": "scripted", "instructions": "Search.", "toolgroups": [tools]]
        let turn = try #require(try await turns(agent, ["When was the lighthouse built?"]).first).get()
        #expect(turn.answer == "You said: When was the lighthouse built?")
        #expect(turn.context?.contains("The lighthouse of Vendel was built in 1874.") == true)
    }

    @Test("a model that the server does not have is told, and not asked for every row")
    func unknownModel() async throws {
        let turns = try await turns(["model": "nobody", "instructions": ""], ["x"])
        guard case .failure(let error) = try #require(turns.first) else {
            Issue.record("there is an answer")
            return
        }
        #expect(error.message.contains("404: Model 'nobody' not found"))
        #expect(error.status == 404)
    }

    @Test("a call of a tool that only a client has is no answer")
    func clientTool() async throws {
        let tool: JSONValue = ["name": "calculator", "description": "calculates", "parameters": []]
        let turns = try await turns(["model": "scripted", "instructions": "", "client_tools": [tool]], ["x"])
        guard case .failure(let error) = try #require(turns.first) else {
            Issue.record("there is an answer")
            return
        }
        #expect(error.message.contains("the turn ended with a call of calculator"))
    }

    @Test("the agents of a run are gone after it")
    func noAgentsLeft() async throws {
        let url = try #require(environmentVariable("LLAMA_STACK_URL"))
        _ = try await turns(["model": "scripted", "instructions": "Leave."], ["x"])
        #expect(try agents(at: url).allSatisfy { $0["agent_config"]?["instructions"] != "Leave." })
    }

    /// What GET /v1/agents lists.
    private func agents(at url: String) throws -> [JSONValue] {
        let pipe = try #require(popen("curl -sS --max-time 10 \(url)/v1/agents", "r"))
        defer { pclose(pipe) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&chunk, 1, chunk.count, pipe), count > 0 { bytes += chunk[..<count] }
        return try #require(try JSONValue(parsing: bytes)["data"]?.array)
    }
}
