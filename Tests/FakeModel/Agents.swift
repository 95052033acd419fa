import NIOCore
import Synchronization

extension Operation {
    /// The operation of a path of an agents API: `/agents`, `/agents/ID/session`, `/agents/ID/session/ID/turn`.
    init?(agentPath path: String) {
        let parts = path.split(separator: "/")
        if parts.last == "agents" {
            self = .agent
        } else if parts.count >= 3, parts.suffix(3).first == "agents", parts.last == "session" {
            self = .session
        } else if parts.count >= 5, parts.suffix(5).first == "agents", parts.last == "turn" {
            self = .turn
        } else {
            return nil
        }
    }

    /// Whether it asks for an answer, rather than for something to be created.
    var isQuestion: Bool { self != .agent && self != .session }
}

extension ReceivedRequest {
    /// The agent that a request creates, or that its path names.
    var agentID: String { operation == .agent ? "agent-\(number)" : segment(after: "agents") }

    /// The session that a request creates, or that its path names.
    var sessionID: String { operation == .session ? "session-\(number)" : segment(after: "session") }

    private func segment(after name: String) -> String {
        let parts = path.split(separator: "/")
        guard let place = parts.firstIndex(of: name[...]), place + 1 < parts.count else { return "" }
        return String(parts[place + 1])
    }
}

/// The agents and the sessions that a server knows.
final class AgentBook: Sendable {
    private struct State {
        var agents: Set<String> = []
        /// The agents of the sessions.
        var sessions: [String: String] = [:]
        var statusOfUnknown = 400
    }

    private let state = Mutex(State())

    var counts: (agents: Int, sessions: Int) { state.withLock { ($0.agents.count, $0.sessions.count) } }

    func forget(answering status: Int) {
        state.withLock { $0 = State(statusOfUnknown: status) }
    }

    func noteCreation(by request: ReceivedRequest) {
        state.withLock { state in
            if request.operation == .agent { state.agents.insert(request.agentID) }
            if request.operation == .session { state.sessions[request.sessionID] = request.agentID }
        }
    }

    /// What is answered whatever the behaviour: to a request about what is not known, and to one that deletes.
    func answer(to request: ReceivedRequest) -> Answer? {
        let isDeletion = request.method == "DELETE" && request.path.contains("/agents/")
        guard isDeletion || request.operation == .session || request.operation == .turn else { return nil }
        return state.withLock { state in
            guard state.agents.contains(request.agentID) else {
                return refusal(of: request, "Could not find agent info for \(request.agentID)", state.statusOfUnknown)
            }
            let session = request.operation == .session ? "" : request.sessionID
            guard session.isEmpty || state.sessions[session] == request.agentID else {
                return refusal(of: request, "Session '\(session)' not found", state.statusOfUnknown)
            }
            guard isDeletion else { return nil }
            if session.isEmpty {
                state.agents.remove(request.agentID)
                state.sessions = state.sessions.filter { $0.value != request.agentID }
            } else {
                state.sessions[session] = nil
            }
            var answer = Answer(.text(""))
            answer.status = 204
            return answer
        }
    }

    /// Llama Stack has begun to answer a turn before it looks for the session.
    private func refusal(of request: ReceivedRequest, _ message: String, _ status: Int) -> Answer {
        if request.operation == .turn, status == 400 {
            return Answer(.text("data: {\"error\": {\"message\": \(quoted("400: Invalid value: " + message))}}\n\n"))
        }
        let detail = status == 404 ? "Not Found" : "Invalid value: " + message
        var answer = Answer(.text("{\"detail\":\(quoted(detail))}"))
        answer.status = status
        return answer
    }
}

/// The events of a turn in which an agent answers `text`, word for word as Llama Stack 0.2.23 sends them.
func turnEvents(_ text: String, retrieved: String?, for request: ReceivedRequest) -> ByteBuffer {
    let turn = "turn-\(request.number)"
    let times = "\"started_at\":\"2026-01-01T00:00:00.000000Z\",\"completed_at\":\"2026-01-01T00:00:01.000000Z\""
    var steps: [(type: String, id: String, delta: String, details: String)] = []
    func add(_ type: String, delta: String, _ members: String) {
        let id = "\(turn)-step-\(steps.count)"
        let details = "{\"turn_id\":\"\(turn)\",\"step_id\":\"\(id)\",\(times),\"step_type\":\"\(type)\",\(members)}"
        steps.append((type, id, delta, details))
    }
    func message(_ content: String, _ calls: String = "") -> String {
        "{\"role\":\"assistant\",\"content\":\(content),\"stop_reason\":\"end_of_turn\",\"tool_calls\":[\(calls)]}"
    }
    if let retrieved {
        let call = "{\"call_id\":\"call_1\",\"tool_name\":\"knowledge_search\",\"arguments\":{\"query\":\"x\"}}"
        let delta = "{\"type\":\"tool_call\",\"tool_call\":\(call),\"parse_status\":\"succeeded\"}"
        add("inference", delta: delta, "\"model_response\":\(message("\"\"", call))")
        let response =
            "{\"call_id\":\"call_1\",\"tool_name\":\"knowledge_search\",\"content\":[{\"type\":\"text\","
            + "\"text\":\(quoted(retrieved))}],\"metadata\":{}}"
        add("tool_execution", delta: delta, "\"tool_calls\":[\(call)],\"tool_responses\":[\(response)]")
    }
    let answer = message(quoted(text))
    add("inference", delta: "{\"type\":\"text\",\"text\":\(quoted(text))}", "\"model_response\":\(answer)")
    var body = ByteBuffer()
    func send(_ payload: String) { body.writeString("data: {\"event\":{\"payload\":{\(payload)}}}\n\n") }
    for step in steps {
        let names = "\"step_type\":\"\(step.type)\",\"step_id\":\"\(step.id)\""
        send("\"event_type\":\"step_start\",\(names),\"metadata\":{}")
        send("\"event_type\":\"step_progress\",\(names),\"delta\":\(step.delta)")
        send("\"event_type\":\"step_complete\",\(names),\"step_details\":\(step.details)")
    }
    let allSteps = steps.map(\.details).joined(separator: ",")
    send(
        "\"event_type\":\"turn_complete\",\"turn\":{\"turn_id\":\"\(turn)\",\"session_id\":\"\(request.sessionID)\","
            + "\"input_messages\":[],\"steps\":[\(allSteps)],\"output_message\":\(answer),"
            + "\"output_attachments\":[],\(times)}")
    return body
}

/// A stream of a turn's events that is not what it should be.
func malformedTurn(_ malformation: Malformation) -> ByteBuffer {
    let start =
        "data: {\"event\":{\"payload\":{\"event_type\":\"step_start\",\"step_type\":\"inference\",\"step_id\":\"1\"}}}\n\n"
    switch malformation {
    case .notJSON: return ByteBuffer(string: start + "data: <html>\n\n")
    case .otherShape: return ByteBuffer(string: "{\"status\":\"ok\",\"version\":7}")
    case .noChoices: return ByteBuffer(string: start)
    case .nullContent:
        let turn = "{\"turn_id\":\"1\",\"steps\":[],\"output_message\":{\"role\":\"assistant\",\"content\":null}}"
        return ByteBuffer(
            string: start + "data: {\"event\":{\"payload\":{\"event_type\":\"turn_complete\",\"turn\":\(turn)}}}\n\n")
    case .errorObject:
        let message = "500: Internal server error: An unexpected error occurred."
        return ByteBuffer(string: start + "data: {\"error\": {\"message\": \"\(message)\"}}\n\n")
    case .invalidUTF8:
        var body = ByteBuffer(string: start + "data: {\"event\":\"")
        body.writeBytes([0xc3, 0x28, 0xff] as [UInt8])
        body.writeString("\"}\n\n")
        return body
    }
}
