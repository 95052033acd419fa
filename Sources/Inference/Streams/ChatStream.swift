import JSON

/// The stream of a chat completion, or of a text completion, whose chunks are put together.
///
/// Only the first choice is read. Counts of tokens may stand in any chunk, also in one without choices; the last count.
struct ChatStream {
    /// Whether the server said that nothing more would come.
    var isDone = false
    private var header = JSONObject()
    private var usage: JSONValue?
    private var finish: JSONValue?
    private var logprobs: [JSONValue] = []
    private var hasChoice = false
    /// The text of a text completion.
    private var text: String?
    private var content: String?
    private var reasoning: String?
    private var refusal: String?
    private var calls: [ToolCallStream] = []

    mutating func add(_ chunk: JSONObject) {
        for name in ["id", "model", "created", "system_fingerprint", "provider"] where header[name] == nil {
            header.set(name, chunk[name])
        }
        if let usage = chunk["usage"], usage.object != nil { self.usage = usage }
        let choices = chunk["choices"]?.array ?? []
        guard let choice = choices.first(where: { ($0["index"]?.number?.int ?? 0) == 0 }) else { return }
        hasChoice = true
        if let text = choice["text"]?.string { self.text = (self.text ?? "") + text }
        if let reason = choice["finish_reason"], reason != .null { finish = reason }
        logprobs += choice["logprobs"]?["content"]?.array ?? []
        // Some servers send a whole message at the end of a stream of nothing else.
        if let delta = (choice["delta"] ?? choice["message"])?.object { add(delta: delta) }
    }

    private mutating func add(delta: JSONObject) {
        func append(_ piece: JSONValue?, to text: inout String?) {
            if let piece = piece?.string { text = (text ?? "") + piece }
        }
        if let parts = delta["content"]?.array {
            for part in parts {
                switch part["type"]?.string {
                case "thinking": append(.string(part["thinking"]?.plainText ?? ""), to: &reasoning)
                case "reference": break
                default: append(part["text"] ?? part, to: &content)
                }
            }
        } else {
            append(delta["content"], to: &content)
        }
        // Servers that changed the name send the same under both.
        append((delta["reasoning_content"]?.string).map { .string($0) } ?? delta["reasoning"], to: &reasoning)
        append(delta["refusal"], to: &refusal)
        for call in delta["tool_calls"]?.array ?? [] { add(call: call) }
        if let function = delta["function_call"], function != .null { add(call: ["index": 0, "function": function]) }
    }

    private mutating func add(call piece: JSONValue) {
        let id = piece["id"]?.string ?? ""
        let index = piece["index"]?.number?.int
        var place = index.flatMap { index in calls.lastIndex { $0.index == index } }
        if index == nil, id.isEmpty { place = calls.indices.last }
        if index == nil, !id.isEmpty { place = calls.lastIndex { $0.id == id } }
        // Some servers give all calls the index 0.
        if let known = place, !id.isEmpty, !calls[known].id.isEmpty, calls[known].id != id { place = nil }
        if let place {
            calls[place].add(piece)
        } else {
            var call = ToolCallStream(index: index)
            call.add(piece)
            calls.append(call)
        }
    }

    /// The completion; nil if the stream does not hold the whole of it.
    var reply: JSONObject? {
        guard isDone || finish != nil else { return nil }
        var choice: JSONObject = ["index": 0]
        var completion = header
        if let text, content == nil {
            completion["object"] = "text_completion"
            choice["text"] = .string(text)
        } else {
            completion["object"] = "chat.completion"
            var message: JSONObject = ["role": "assistant", "content": content.map { .string($0) } ?? .null]
            if let refusal { message["refusal"] = .string(refusal) }
            if let reasoning { message["reasoning_content"] = .string(reasoning) }
            if !calls.isEmpty { message["tool_calls"] = .array(calls.map(\.json)) }
            choice["message"] = .object(message)
        }
        if !logprobs.isEmpty { choice["logprobs"] = ["content": .array(logprobs)] }
        choice["finish_reason"] = finish ?? .null
        completion["choices"] = hasChoice ? [.object(choice)] : []
        completion.set("usage", usage)
        return completion
    }
}

/// A call of a tool, put together from its pieces.
private struct ToolCallStream {
    var index: Int?
    var id = ""
    private var name = ""
    private var arguments = ""

    init(index: Int?) {
        self.index = index
    }

    mutating func add(_ piece: JSONValue) {
        if let id = piece["id"]?.string, !id.isEmpty { self.id = id }
        let function = piece["function"]
        // The name comes whole: once, or with each piece.
        if let name = function?["name"]?.string, !name.isEmpty { self.name = name }
        switch function?["arguments"] {
        case .some(.string(let text)): arguments += text
        case .some(.object(let object)): arguments += JSONValue.object(object).text
        default: break
        }
    }

    var json: JSONValue {
        [
            "id": .string(id), "type": "function",
            "function": ["name": .string(name), "arguments": .string(arguments)],
        ]
    }
}
