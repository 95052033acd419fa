import JSON

/// The API of a model's server.
///
/// Requests are built, and replies are read, as chat completions (POST `chat/completions` of OpenAI's API). For a server with
/// another API, the request is converted, and the reply is converted to a chat completion. Members without a counterpart in
/// the other API are sent unchanged, so that its server, not Assay, decides about them.
public enum ModelAPI: String, Hashable, Sendable, CaseIterable {
    case chat
    /// OpenAI's older API, POST `completions`: the model continues a text. No chat template is applied.
    case completions
    /// OpenAI's newer API, POST `responses`.
    case responses
    /// Anthropic's Messages API, POST `messages`.
    case anthropic

    /// The path of chat requests.
    var path: String {
        switch self {
        case .chat: "chat/completions"
        case .completions: "completions"
        case .responses: "responses"
        case .anthropic: "messages"
        }
    }

    /// The body of a chat request in the format of this API.
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

/// A request that the API does not support, as part of a sentence: what it is, and what to do instead.
struct UnsupportedRequest: Error {
    var reason: String
}

/// A reply of any of the APIs as a chat completion; unchanged if it already is one.
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
    /// The members, except those named.
    func without(_ names: String...) -> JSONObject {
        JSONObject(members.filter { !names.contains($0.key) })
    }

    /// Sets a member, unless the value is nil.
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
///   - reply: the object with `id`, `model` and `usage.cost`.
///   - usage: nil if the server did not report it.
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
