import JSON

/// The API that a model's server speaks.
///
/// Requests are made, and replies are read, as chat completions (POST `chat/completions` of OpenAI's API). For a server
/// with another API the request is rewritten, and the reply is rewritten as a chat completion. Members that the other API
/// has no counterpart for are sent as they are, so that its server, not Assay, decides on them.
public enum ModelAPI: String, Hashable, Sendable, CaseIterable {
    case chat
    /// OpenAI's older API, POST `completions`: the model continues a text. No chat template is applied.
    case completions
    /// OpenAI's newer API, POST `responses`.
    case responses
    /// Anthropic's Messages API, POST `messages`.
    case anthropic

    /// Where chats are sent, as the end of the path.
    var path: String {
        switch self {
        case .chat: "chat/completions"
        case .completions: "completions"
        case .responses: "responses"
        case .anthropic: "messages"
        }
    }

    /// The body of a chat request as this API has it.
    ///
    /// - Parameter chat: the body of a request for a chat completion.
    func body(of chat: JSONObject) throws(UnsupportedRequest) -> JSONObject {
        switch self {
        case .chat: chat
        case .completions: completionsBody(of: chat)
        case .responses: responsesBody(of: chat)
        case .anthropic: try anthropicBody(of: chat)
        }
    }
}

/// What a request asks that an API cannot do, as part of a sentence: what it is, and what to do instead.
struct UnsupportedRequest: Error {
    var reason: String
}

/// A reply of any of the APIs as a chat completion; the object itself where it is one already.
///
/// An API is known by its reply: a response of the Responses API has `object: "response"`, one of the Messages API
/// `type: "message"`, a text completion a `text` in its choices.
func chatCompletion(of reply: JSONObject) -> JSONObject {
    if reply["object"] == "response" { return chatCompletion(ofResponse: reply) }
    if reply["type"] == "message", reply["content"]?.array != nil { return chatCompletion(ofMessage: reply) }
    if let choice = reply["choices"]?.array?.first?.object, choice["text"] != nil, choice["message"] == nil {
        return chatCompletion(ofCompletion: reply)
    }
    return reply
}

extension JSONObject {
    /// The members but those named.
    func without(_ names: String...) -> JSONObject {
        JSONObject(members.filter { !names.contains($0.key) })
    }

    /// Sets a member, unless there is nothing to set it to.
    mutating func set(_ name: String, _ value: JSONValue?) {
        if let value, value != .null { self[name] = value }
    }
}

extension JSONValue {
    /// The texts of a message's content: the string, or those of its text parts joined.
    var plainText: String {
        string ?? array?.compactMap { $0.string ?? $0["text"]?.string }.joined() ?? ""
    }
}

/// A chat completion with one choice.
///
/// - Parameters:
///   - reply: what has its `id`, `model` and `usage.cost`.
///   - usage: nil where the server did not say.
func chatCompletion(
    _ message: JSONObject, finish: JSONValue, of reply: JSONObject, created: JSONValue?, usage: JSONObject?
) -> JSONObject {
    var completion = JSONObject()
    completion.set("id", reply["id"])
    completion["object"] = "chat.completion"
    completion.set("created", created)
    completion.set("model", reply["model"])
    completion["choices"] = [["index": 0, "message": .object(message), "finish_reason": finish]]
    if let usage { completion["usage"] = .object(usage) }
    return completion
}
