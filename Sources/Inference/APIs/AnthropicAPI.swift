import JSON

// The format of Anthropic's Messages API: https://docs.claude.com/en/api/messages

/// The default limit of a reply's tokens in the Messages API, which requires a limit.
let anthropicDefaultMaxTokens = 4096

/// The body of a request to the Messages API.
///
/// System and developer messages become `system`, wherever they occur. A schema becomes `output_config.format`, without the
/// constraints that the API rejects, as in its own libraries.
func anthropicBody(of chat: JSONObject) throws(UnsupportedRequest) -> JSONObject {
    var body = JSONObject()
    body["max_tokens"] =
        chat["max_completion_tokens"] ?? chat["max_tokens"] ?? JSONValue(anthropicDefaultMaxTokens)
    var output = chat["output_config"]?.object ?? JSONObject()
    for (name, value) in chat.members {
        switch name {
        case "messages": turns(of: value.array ?? [], in: &body)
        case "stop": body["stop_sequences"] = value.array.map { .array($0) } ?? [value]
        case "tools": body["tools"] = .array((value.array ?? []).map(anthropicTool))
        case "tool_choice", "parallel_tool_calls":
            body.set("tool_choice", toolChoice(chat["tool_choice"], isParallel: chat["parallel_tool_calls"]))
        case "response_format": output.set("format", try outputFormat(value))
        case "reasoning_effort":
            switch value {
            case "none": if chat["thinking"] == nil { body["thinking"] = ["type": "disabled"] }
            case "minimal": output["effort"] = "low"
            default: output["effort"] = value
            }
        case "user": body["metadata"] = chat["metadata"] ?? ["user_id": value]
        case "max_tokens", "max_completion_tokens", "output_config", "stream_options": break
        default: body[name] = value
        }
    }
    if !output.isEmpty { body["output_config"] = .object(output) }
    return body
}

// MARK: Messages

private func turns(of messages: [JSONValue], in body: inout JSONObject) {
    func isInstruction(_ message: JSONValue) -> Bool { message["role"] == "system" || message["role"] == "developer" }
    let instructions = messages.filter(isInstruction).map { $0["content"]?.plainText ?? "" }
    let others = messages.filter { !isInstruction($0) }
    var turns: [JSONValue] = []
    var results: [JSONValue] = []
    // The results of tools are part of the user's next turn, all in one.
    func closeResults() {
        if !results.isEmpty { turns.append(["role": "user", "content": .array(results)]) }
        results = []
    }
    for message in others {
        if message["role"] == "tool" {
            results.append([
                "type": "tool_result", "tool_use_id": message["tool_call_id"] ?? .null,
                "content": .string(message["content"]?.plainText ?? ""),
            ])
            continue
        }
        closeResults()
        turns.append(["role": message["role"] ?? "user", "content": content(of: message)])
    }
    closeResults()
    if turns.isEmpty {
        // A chat with only instructions still needs a turn.
        turns = [["role": "user", "content": .string(instructions.joined(separator: "\n\n"))]]
    } else if !instructions.isEmpty {
        body["system"] = .string(instructions.joined(separator: "\n\n"))
    }
    body["messages"] = .array(turns)
}

private func content(of message: JSONValue) -> JSONValue {
    let calls = message["tool_calls"]?.array ?? []
    let content = message["content"] ?? .null
    if calls.isEmpty, content.string != nil { return content }
    var blocks: [JSONValue] = []
    if let text = content.string, !text.isEmpty { blocks.append(["type": "text", "text": .string(text)]) }
    blocks += content.array?.map(block) ?? []
    for call in calls {
        let arguments = call["function"]?["arguments"]?.string ?? ""
        blocks.append([
            "type": "tool_use", "id": call["id"] ?? .null, "name": call["function"]?["name"] ?? .null,
            "input": (try? JSONValue(parsing: arguments)) ?? [:],
        ])
    }
    return .array(blocks)
}

private func block(_ part: JSONValue) -> JSONValue {
    guard part["type"] == "image_url", let url = part["image_url"]?["url"]?.string else { return part }
    let marker = ";base64,"
    if url.hasPrefix("data:"), let start = url.firstRange(of: marker) {
        let type = url[..<start.lowerBound].dropFirst("data:".count)
        let data = String(url[start.upperBound...])
        return [
            "type": "image",
            "source": ["type": "base64", "media_type": .string(String(type)), "data": .string(data)],
        ]
    }
    return ["type": "image", "source": ["type": "url", "url": .string(url)]]
}

// MARK: Tools and formats

private func anthropicTool(_ tool: JSONValue) -> JSONValue {
    // Those of the API itself, such as web_search, are given as it has them.
    guard let function = tool["function"]?.object else { return tool }
    var changed: JSONObject = ["name": function["name"] ?? .null]
    changed.set("description", function["description"])
    changed["input_schema"] = function["parameters"] ?? ["type": "object", "properties": [:]]
    changed.set("strict", function["strict"])
    return .object(changed)
}

private func toolChoice(_ choice: JSONValue?, isParallel: JSONValue?) -> JSONValue? {
    var changed: JSONObject
    switch choice {
    case nil, .null:
        if isParallel != false { return nil }
        changed = ["type": "auto"]
    case "required": changed = ["type": "any"]
    case .some(.string(let name)): changed = ["type": .string(name)]
    case .some(let choice):
        guard let name = choice["function"]?["name"] else { return choice }
        changed = ["type": "tool", "name": name]
    }
    if isParallel == false { changed["disable_parallel_tool_use"] = true }
    return .object(changed)
}

private func outputFormat(_ format: JSONValue) throws(UnsupportedRequest) -> JSONValue? {
    switch format["type"]?.string {
    case "json_schema":
        guard let schema = format["json_schema"]?["schema"] else { return format }
        return ["type": "json_schema", "schema": anthropicSchema(schema)]
    case "json_object":
        throw UnsupportedRequest(
            reason: "the Messages API has no response_format of the type json_object; use a JSON Schema as "
                + "response_format, or remove it and ask for JSON in the prompt")
    default: return nil
    }
}

/// A schema without the constraints that the API rejects, and with the `additionalProperties` that it requires.
private func anthropicSchema(_ schema: JSONValue) -> JSONValue {
    switch schema {
    case .array(let schemas): return .array(schemas.map(anthropicSchema))
    case .object(let object):
        var changed = JSONObject()
        for (name, value) in object.members {
            switch name {
            case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
                "maxItems", "uniqueItems", "minProperties", "maxProperties", "$schema":
                break
            case "minItems": if let count = value.number?.int, count <= 1 { changed[name] = value }
            // The names in these are not keywords.
            case "properties", "$defs", "definitions":
                let members = value.object?.members.map { ($0.key, anthropicSchema($0.value)) } ?? []
                changed[name] = .object(JSONObject(members))
            case "enum", "const", "default", "required", "examples": changed[name] = value
            default: changed[name] = anthropicSchema(value)
            }
        }
        if object["type"] == "object" || object["properties"] != nil { changed["additionalProperties"] = false }
        return .object(changed)
    default: return schema
    }
}

// MARK: The reply

/// A message as a chat completion.
func chatCompletion(ofMessage reply: JSONObject) -> JSONObject {
    let blocks = reply["content"]?.array ?? []
    func texts(_ type: String, _ member: String) -> [String] {
        blocks.filter { $0["type"]?.string == type }.compactMap { $0[member]?.string }
    }
    let text = texts("text", "text")
    let thoughts = texts("thinking", "thinking").filter { !$0.isEmpty }
    let calls: [JSONValue] = blocks.filter { $0["type"] == "tool_use" }.map { block in
        [
            "id": block["id"] ?? .null, "type": "function",
            "function": ["name": block["name"] ?? .null, "arguments": .string((block["input"] ?? [:]).text)],
        ]
    }
    var message: JSONObject = ["role": "assistant", "content": text.isEmpty ? .null : .string(text.joined())]
    if !thoughts.isEmpty { message["reasoning_content"] = .string(thoughts.joined(separator: "\n\n")) }
    if !calls.isEmpty { message["tool_calls"] = .array(calls) }
    return chatCompletion(
        message, finish: finishReason(reply["stop_reason"]), of: reply, created: nil,
        usage: reply["usage"]?.object.map(chatUsage))
}

private func finishReason(_ reason: JSONValue?) -> JSONValue {
    switch reason?.string {
    case "end_turn", "stop_sequence": "stop"
    // A turn that is paused is not complete either; only tools of the server's own lead to it.
    case "max_tokens", "model_context_window_exceeded", "pause_turn": "length"
    case "tool_use": "tool_calls"
    case "refusal": "content_filter"
    default: reason ?? .null
    }
}

/// The counts as a chat completion has them, where the prompt's include those that came from a cache.
private func chatUsage(_ usage: JSONObject) -> JSONObject {
    func count(_ name: String) -> Int {
        usage[name]?.number?.int.flatMap { (0...1_000_000_000).contains($0) ? $0 : nil } ?? 0
    }
    var counts = JSONObject()
    guard usage["input_tokens"]?.number != nil, usage["output_tokens"]?.number != nil else { return counts }
    let cached = count("cache_read_input_tokens")
    let input = count("input_tokens") + cached + count("cache_creation_input_tokens")
    let output = count("output_tokens")
    counts["prompt_tokens"] = JSONValue(input)
    counts["completion_tokens"] = JSONValue(output)
    counts["total_tokens"] = JSONValue(input + output)
    if cached > 0 { counts["prompt_tokens_details"] = ["cached_tokens": JSONValue(cached)] }
    return counts
}
