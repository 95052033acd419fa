import JSON

/// A request for a turn, taken apart.
struct TurnRequest {
    /// The agent's configuration, JSON.
    let configuration: String
    /// The body of the request for the turn.
    let turn: String
    /// Whether nobody wants to see the session later.
    let isDeletable: Bool

    /// - Returns: nil unless `body` is an object whose `agent_config` is an object and whose `messages` is an array.
    init?(_ body: String) {
        guard let json = try? JSONValue(parsing: body), let configuration = json["agent_config"],
            configuration.object != nil, let messages = json["messages"], messages.array != nil
        else { return nil }
        self.configuration = configuration.text
        turn = JSONValue.object(["messages": messages, "stream": true]).text
        isDeletable = Self.isDeletable(configuration)
    }

    /// Whether the agent and its sessions are of no use after their turns.
    static func isDeletable(configuration: String) -> Bool {
        (try? JSONValue(parsing: configuration)).map(isDeletable) ?? true
    }

    private static func isDeletable(_ configuration: JSONValue) -> Bool {
        configuration["enable_session_persistence"]?.bool != true
    }
}

/// How a turn ended, by the events that the server sent of it.
enum TurnEnd {
    case complete(InferenceReply)
    /// The agent wants tools called, whose names these are, as part of a sentence.
    case awaitingInput(tools: String)
    /// The server gave it up, with the status that it would have had if it had not begun to answer.
    case failed(message: String, status: Int?)
    /// The events ended before the turn did.
    case none

    /// Reads a stream of server-sent events (HTML Living Standard, section 9.2), each a JSON object: `{"event": {"payload":
    /// {"event_type": …}}}` or `{"error": {"message": …}}`. Those of a turn's progress say nothing that is not in its end.
    init(events body: some Collection<UInt8>) throws(BadResponse) {
        var isEmpty = true
        for event in serverEvents(body) {
            isEmpty = false
            let json: JSONValue
            do throws(JSONError) {
                json = try JSONValue(sent: event.data)
            } catch {
                throw BadResponse(reason: "has an event that is \(error.message)")
            }
            if let error = json["error"], error != .null {
                self = Self.failure(error)
                return
            }
            let payload = json["event"]?["payload"]
            switch payload?["event_type"]?.string {
            case "turn_complete":
                guard let turn = payload?["turn"], let object = turn.object else {
                    throw BadResponse(reason: #"has no "turn" in its final event"#)
                }
                self = .complete(
                    InferenceReply(text: try InferenceReply.answer(in: object), response: turn.text))
                return
            case "turn_awaiting_input":
                let calls = payload?["turn"]?["output_message"]?["tool_calls"]?.array ?? []
                let names = calls.compactMap { $0["tool_name"]?.string }
                self = .awaitingInput(tools: names.isEmpty ? "a tool" : names.joined(separator: ", "))
                return
            default: break
            }
        }
        if isEmpty { throw BadResponse(reason: "contains no events of a turn") }
        self = .none
    }

    /// Llama Stack puts the status before the message: `400: Invalid value: …`.
    private static func failure(_ error: JSONValue) -> TurnEnd {
        let message = error["message"]?.string ?? error.string ?? error.text
        let digits = message.prefix { $0 != ":" }
        let status = digits.utf8.count == 3 ? Int(digits).flatMap { (300..<600).contains($0) ? $0 : nil } : nil
        return .failed(message: message, status: status)
    }
}

extension InferenceReply {
    /// The text of a turn's answer.
    static func answer(in turn: JSONObject) throws(BadResponse) -> String {
        guard let text = turn["output_message"]?["content"]?.contentText else {
            throw BadResponse(reason: "has a turn without an answer")
        }
        return text
    }
}

extension JSONValue {
    /// The text of a message's content as Llama Stack sends it: a string, an item of type `text`, or an array of these,
    /// joined by spaces, as it joins them itself. Items of other types have none.
    ///
    /// - Returns: nil for what is no text at all.
    package var contentText: String? {
        switch self {
        case .string(let text): text
        case .object(let item): item["type"] == "text" ? item["text"]?.string : nil
        case .array(let items): items.compactMap(\.contentText).joined(separator: " ")
        default: nil
        }
    }
}
