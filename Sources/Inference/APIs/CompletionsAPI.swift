import JSON

/// The body of a request to continue a text, which consists of the contents of the messages, separated by empty lines. The
/// roles of the messages are not marked.
func completionsBody(of chat: JSONObject) -> JSONObject {
    var body = JSONObject()
    for (name, value) in chat.members {
        switch name {
        case "messages":
            let texts = value.array?.map { $0["content"]?.plainText ?? "" } ?? []
            body["prompt"] = .string(texts.filter { !$0.isEmpty }.joined(separator: "\n\n"))
        case "max_completion_tokens": body["max_tokens"] = value
        default: body[name] = value
        }
    }
    return body
}

/// A text completion as a chat completion.
func chatCompletion(ofCompletion reply: JSONObject) -> JSONObject {
    var completion = reply
    completion["object"] = "chat.completion"
    let choices = reply["choices"]?.array ?? []
    completion["choices"] = .array(
        choices.map { choice in
            guard let choice = choice.object else { return choice }
            var changed = choice.without("text")
            changed["message"] = ["role": "assistant", "content": choice["text"] ?? .null]
            return .object(changed)
        })
    return completion
}
