import JSON

/// What a streamed reply comes to: the reply that the server would have sent in one piece.
enum StreamedReply: Hashable {
    case whole(JSONObject)
    /// The stream ended before the reply did. What there is of it is no reply.
    case cutOff

    /// Reads a stream of events of the chat completions API, the completions API, the Responses API or the Messages API.
    ///
    /// An error that the server reports in the stream, at whatever point, is a reply with the member `error`.
    init(_ stream: some Collection<UInt8>) throws(BadResponse) {
        var chat = ChatStream()
        var message = MessageStream()
        var response = ResponseStream()
        let events = serverEvents(stream, isEndOptional: true)
        for (index, event) in events.enumerated() {
            // Some servers leave out the empty lines between events.
            let isOne = event.lines.count == 1 || (try? JSONValue(sent: event.data)) != nil
            for data in isOne ? [event.data] : event.lines {
                if data.elementsEqual("[DONE]".utf8) {
                    chat.isDone = true
                    continue
                }
                let json: JSONValue
                do throws(JSONError) {
                    json = try JSONValue(sent: data)
                } catch {
                    if event.name == "error" {
                        self = .whole(["error": ["message": .string(String(decoding: data, as: UTF8.self))]])
                        return
                    }
                    // The last event of a stream that broke off.
                    if index == events.count - 1 { continue }
                    throw BadResponse(reason: "has an event that is \(error.message)")
                }
                guard let object = json.object else {
                    throw BadResponse(reason: "has an event that is \(json.kind); expected an object")
                }
                if let error = Self.error(in: object, of: event) {
                    self = .whole(["error": error])
                    return
                }
                if !response.add(object), !message.add(object) { chat.add(object) }
            }
        }
        if let reply = response.reply ?? message.reply ?? chat.reply {
            self = .whole(reply)
        } else {
            self = .cutOff
        }
    }

    private static func error(in object: JSONObject, of event: ServerEvent) -> JSONValue? {
        if let error = object["error"], error != .null { return error }
        return object["type"] == "error" || event.name == "error" ? .object(object) : nil
    }
}

/// Whether a body is a stream of events rather than one JSON value, whatever its server says that it is.
func isEventStream(_ body: some Collection<UInt8>, contentType: String?) -> Bool {
    let start = body.drop { [0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF].contains($0) }
    if start.isEmpty { return contentType?.lowercased().hasPrefix("text/event-stream") ?? false }
    return [":", "data:", "event:", "id:", "retry:"].contains { start.starts(with: $0.utf8) }
}

/// The stream of a response of the Responses API. Its last event holds all of it.
struct ResponseStream {
    private(set) var reply: JSONObject?
    /// The items that were complete, for servers that leave them out of the last event.
    private var items: [JSONValue] = []

    /// Takes an event.
    ///
    /// - Returns: whether it is one of such a stream.
    mutating func add(_ event: JSONObject) -> Bool {
        guard let type = event["type"]?.string, type.utf8.starts(with: "response.".utf8) else { return false }
        switch type {
        case "response.output_item.done":
            if let item = event["item"] { items.append(item) }
        case "response.completed", "response.incomplete", "response.failed", "response.cancelled":
            var response = event["response"]?.object ?? JSONObject()
            response["object"] = "response"
            if response["status"] == nil { response["status"] = .string(String(type.dropFirst("response.".count))) }
            if response["output"]?.array?.isEmpty ?? true { response["output"] = .array(items) }
            reply = response
        default: break
        }
        return true
    }
}

/// The stream of a message of the Messages API: the message without its content, then blocks of content piece by piece,
/// then what is known at its end.
struct MessageStream {
    private var message: JSONObject?
    private var blocks: [Int: JSONObject] = [:]
    /// The texts, thinking and arguments of blocks, of which pieces have come.
    private var texts: [Int: [String: String]] = [:]
    private var inputs: [Int: String] = [:]
    private var isDone = false

    /// Takes an event.
    ///
    /// - Returns: whether it is one of such a stream.
    mutating func add(_ event: JSONObject) -> Bool {
        let index = event["index"]?.number?.int ?? 0
        switch event["type"]?.string {
        case "message_start": message = event["message"]?.object
        case "content_block_start": blocks[index] = event["content_block"]?.object
        case "content_block_delta": append(event["delta"], to: index)
        case "message_delta":
            for (name, value) in event["delta"]?.object?.members ?? [] { message?[name] = value }
            var usage = message?["usage"]?.object ?? JSONObject()
            // The counts so far; those of the prompt may be in the first event alone.
            for (name, value) in event["usage"]?.object?.members ?? [] { usage.set(name, value) }
            message?["usage"] = .object(usage)
            if let reason = message?["stop_reason"], reason != .null { isDone = true }
        case "message_stop": isDone = true
        case "content_block_stop", "ping": break
        default: return false
        }
        return true
    }

    private mutating func append(_ delta: JSONValue?, to index: Int) {
        let name: String
        switch delta?["type"]?.string {
        case "text_delta": name = "text"
        case "thinking_delta": name = "thinking"
        case "input_json_delta":
            inputs[index, default: ""] += delta?["partial_json"]?.string ?? ""
            return
        default: return
        }
        if blocks[index] == nil { blocks[index] = ["type": .string(name)] }
        let start = blocks[index]?[name]?.string ?? ""
        texts[index, default: [:]][name, default: start].append(delta?[name]?.string ?? "")
    }

    /// The message; nil if the stream does not hold the whole of it.
    var reply: JSONObject? {
        guard var message, isDone else { return nil }
        let content = blocks.sorted { $0.key < $1.key }.map { index, block -> JSONValue in
            var block = block
            for (name, text) in texts[index] ?? [:] { block[name] = .string(text) }
            if let input = inputs[index], let json = try? JSONValue(parsing: input) { block["input"] = json }
            return .object(block)
        }
        message["type"] = "message"
        message["content"] = .array(content)
        return message
    }
}
