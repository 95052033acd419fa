import JSON

// The format of OpenAI's Responses API: https://platform.openai.com/docs/api-reference/responses

/// The body of a request to the Responses API.
///
/// The system and developer messages that a chat begins with become `instructions`. The server is asked not to store the
/// response, unless the request says otherwise.
func responsesBody(of chat: JSONObject) -> JSONObject {
    var body = JSONObject()
    var text = chat["text"]?.object ?? JSONObject()
    var reasoning = chat["reasoning"]?.object ?? JSONObject()
    for (name, value) in chat.members {
        switch name {
        case "messages":
            let messages = value.array ?? []
            let leading = messages.prefix { $0["role"] == "system" || $0["role"] == "developer" }
            let isAll = leading.count == messages.count
            if !isAll, !leading.isEmpty {
                let texts = leading.map { $0["content"]?.plainText ?? "" }
                body["instructions"] = .string(texts.joined(separator: "\n\n"))
            }
            // A chat with only instructions still needs an input.
            body["input"] = .array((isAll ? messages[...] : messages[leading.endIndex...]).flatMap(inputItems))
        case "max_tokens", "max_completion_tokens":
            // Of the two, the newer one counts.
            if name == "max_completion_tokens" || chat["max_completion_tokens"] == nil {
                body["max_output_tokens"] = value
            }
        case "response_format": text.set("format", value["json_schema"].map(responseFormat) ?? value)
        case "verbosity": text["verbosity"] = value
        case "reasoning_effort": reasoning["effort"] = value
        case "tools": body["tools"] = .array((value.array ?? []).map(flattened))
        case "tool_choice": body["tool_choice"] = flattened(value)
        case "text", "reasoning", "stream_options": break
        default: body[name] = value
        }
    }
    if !text.isEmpty { body["text"] = .object(text) }
    if !reasoning.isEmpty { body["reasoning"] = .object(reasoning) }
    if chat["store"] == nil { body["store"] = false }
    return body
}

/// The items that a message of a chat becomes: itself, and one for each call of a tool.
private func inputItems(_ message: JSONValue) -> [JSONValue] {
    let role = message["role"]?.string ?? "user"
    if role == "tool" {
        return [
            [
                "type": "function_call_output", "call_id": message["tool_call_id"] ?? .null,
                "output": .string(message["content"]?.plainText ?? ""),
            ]
        ]
    }
    var items: [JSONValue] = []
    if let content = message["content"], content != .null {
        let parts = content.array.map { JSONValue.array($0.map { inputPart($0, of: role) }) }
        items.append(["role": .string(role), "content": parts ?? content])
    }
    for call in message["tool_calls"]?.array ?? [] {
        items.append([
            "type": "function_call", "call_id": call["id"] ?? .null, "name": call["function"]?["name"] ?? .null,
            "arguments": call["function"]?["arguments"] ?? "",
        ])
    }
    return items
}

private func inputPart(_ part: JSONValue, of role: String) -> JSONValue {
    switch part["type"]?.string {
    case "text": return ["type": role == "assistant" ? "output_text" : "input_text", "text": part["text"] ?? ""]
    case "image_url":
        var image: JSONObject = ["type": "input_image", "image_url": part["image_url"]?["url"] ?? .null]
        image.set("detail", part["image_url"]?["detail"])
        return .object(image)
    case "file":
        var file = part["file"]?.object ?? JSONObject()
        file["type"] = "input_file"
        return .object(file)
    default: return part
    }
}

/// A response format with a schema, whose members are next to its type in this API.
private func responseFormat(_ schema: JSONValue) -> JSONValue {
    var format: JSONObject = ["type": "json_schema"]
    for (name, value) in schema.object?.members ?? [] { format[name] = value }
    if format["name"] == nil { format["name"] = "reply" }
    return .object(format)
}

/// A tool, or the choice of one, whose members are next to its type in this API.
private func flattened(_ tool: JSONValue) -> JSONValue {
    guard let function = tool["function"]?.object else { return tool }
    return .object(JSONObject([("type", tool["type"] ?? "function")] + function.members))
}

// MARK: The reply

/// A response as a chat completion.
func chatCompletion(ofResponse response: JSONObject) -> JSONObject {
    if let error = response["error"], error != .null { return ["error": error] }
    if response["status"] == "failed" || response["status"] == "cancelled" {
        let status = response["status"]?.string ?? ""
        return ["error": ["message": .string("the response has the status \(status)"), "code": "server_error"]]
    }
    let items = response["output"]?.array ?? []
    let messages = items.filter { $0["type"] == "message" }
    // Some models comment on what they do before they answer.
    let final = messages.filter { $0["phase"] == "final_answer" }
    let parts = (final.isEmpty ? messages : final).flatMap { $0["content"]?.array ?? [] }
    let texts = parts.filter { $0["type"] == "output_text" }.compactMap { $0["text"]?.string }
    let refusals = parts.compactMap { $0["refusal"]?.string }
    let thoughts = items.filter { $0["type"] == "reasoning" }.flatMap(reasoningTexts)
    let calls = items.compactMap(toolCall)
    var message: JSONObject = ["role": "assistant", "content": texts.isEmpty ? .null : .string(texts.joined())]
    if !refusals.isEmpty { message["refusal"] = .string(refusals.joined()) }
    if !thoughts.isEmpty { message["reasoning_content"] = .string(thoughts.joined(separator: "\n\n")) }
    if !calls.isEmpty { message["tool_calls"] = .array(calls) }
    return chatCompletion(
        message, finish: finishReason(of: response, hasCalls: !calls.isEmpty), of: response,
        created: response["created_at"], usage: response["usage"]?.object.map(chatUsage))
}

/// The text of a reasoning item: its own where the server shows it, else its summary.
private func reasoningTexts(_ item: JSONValue) -> [String] {
    let content = item["content"]?.array?.compactMap { $0["text"]?.string } ?? []
    return content.isEmpty ? item["summary"]?.array?.compactMap { $0["text"]?.string } ?? [] : content
}

private func toolCall(_ item: JSONValue) -> JSONValue? {
    let arguments: JSONValue
    switch item["type"]?.string {
    case "function_call": arguments = item["arguments"] ?? ""
    case "custom_tool_call": arguments = item["input"] ?? ""
    default: return nil
    }
    return [
        "id": item["call_id"] ?? item["id"] ?? .null, "type": "function",
        "function": ["name": item["name"] ?? .null, "arguments": arguments],
    ]
}

private func finishReason(of response: JSONObject, hasCalls: Bool) -> JSONValue {
    guard response["status"] == "incomplete" else { return hasCalls ? "tool_calls" : "stop" }
    switch response["incomplete_details"]?["reason"]?.string {
    case "max_output_tokens", "max_tokens", nil: return "length"
    case .some(let reason): return .string(reason)
    }
}

private func chatUsage(_ usage: JSONObject) -> JSONObject {
    var counts = JSONObject()
    counts.set("prompt_tokens", usage["input_tokens"])
    counts.set("completion_tokens", usage["output_tokens"])
    counts.set("total_tokens", usage["total_tokens"])
    counts.set("prompt_tokens_details", usage["input_tokens_details"])
    counts.set("completion_tokens_details", usage["output_tokens_details"])
    counts.set("cost", usage["cost"])
    return counts
}
