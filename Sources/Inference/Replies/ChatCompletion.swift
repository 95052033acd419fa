import JSON

/// What an OpenAI-compatible chat completion says, as servers write it in fact.
struct ChatCompletion {
    var text: String
    var reasoning: String?
    /// A JSON array.
    var toolCalls: JSONValue?
    var finish: FinishReason
    /// Whether the server reports that the text is a refusal.
    var isRefusal: Bool
    /// The completion in the form that ``InferenceReply/response`` promises; nil if it has that form already.
    var normalised: JSONObject?

    /// - Throws: if it is no answer: without choices, or with an error in their place.
    init(_ object: JSONObject, _ settings: ReasoningSettings) throws(BadResponse) {
        let choice = try Self.firstChoice(in: object)
        let spelling = Self.finishReason(of: choice)
        finish = spelling.map { FinishReason(serverSpelling: $0) } ?? .other
        var message = choice["message"]?.object
        if message == nil, let text = choice["text"]?.string { message = ["content": .string(text)] }
        // Gemini leaves the message out where a filter left nothing of it.
        if message == nil, finish == .contentFilter || finish == .length { message = [:] }
        guard let message else { throw BadResponse(reason: #"has no "message" in its first choice"#) }

        let content = MessageContent(message["content"] ?? .null)
        toolCalls = Self.toolCalls(of: message)
        // A model that refuses may say so in a member, or a part, of its own.
        let refusal = content.text?.nonBlank == nil ? (content.refusal ?? message["refusal"]?.string)?.nonBlank : nil
        isRefusal = refusal != nil || spelling?.lowercased() == "refusal"
        let said = refusal ?? content.text
        let thought = content.thinking ?? Self.thinking(besideContentOf: message)
        if said == nil, thought == nil, toolCalls == nil, spelling == nil {
            throw BadResponse(reason: "has a message without text")
        }
        let split = ThinkingText(said ?? "", marks: settings.marks, isCutOff: finish == .length)
        text = split.answer
        if toolCalls == nil, !split.calls.isEmpty { toolCalls = .array(split.calls.map(\.json)) }
        let thoughts = [thought, split.thinking].compactMap(\.self)
        reasoning = settings.isKept && !thoughts.isEmpty ? thoughts.joined(separator: "\n\n") : nil
        if toolCalls != nil, finish == .other || finish == .stop && !split.calls.isEmpty { finish = .toolCalls }
        normalised = normalise(object, choice, message, finishSpelling: spelling)
    }

    /// Why the model stopped, as the server spells it; nil if it does not say.
    private static func finishReason(of choice: JSONObject) -> String? {
        // SGLang's own API has an object.
        let reasons = [choice["finish_reason"], choice["finish_reason"]?["type"], choice["native_finish_reason"]]
        return reasons.lazy.compactMap { $0?.string }.first { !$0.isEmpty }
    }

    private static func firstChoice(in object: JSONObject) throws(BadResponse) -> JSONObject {
        let choice = object["choices"]?.array?.first?.object
        if let error = [choice?["error"], object["error"]].lazy.compactMap(\.self).first(where: \.isSubstantial) {
            let place = choice == nil ? "contains an error instead of choices" : "contains an error in its first choice"
            throw BadResponse(reason: place, error: ServerError(error))
        }
        guard let choice else { throw BadResponse(reason: "contains no choices", error: Self.filter(in: object)) }
        if let reason = finishReason(of: choice), FinishReason.isFailure(serverSpelling: reason) {
            throw BadResponse(reason: "ends with an error: the server aborted it (finish_reason \(quoted(reason)))")
        }
        return choice
    }

    /// What a server says in an answer without choices because it filtered the prompt: Azure and Gemini do.
    private static func filter(in object: JSONObject) -> ServerError? {
        let blocked = object["promptFeedback"]?["blockReason"] ?? object["prompt_feedback"]?["block_reason"]
        let filtered = object["prompt_filter_results"]?.array?.contains { result in
            result["content_filter_results"]?.object?.members.contains { $0.value["filtered"] == true } ?? false
        }
        guard blocked?.string != nil || filtered == true else { return nil }
        var error = ServerError(.string("the prompt was filtered"))
        error.isModeration = true
        return error
    }

    /// Thinking that is separate from the answer: `reasoning_content` of DeepSeek, SGLang and llama.cpp; `reasoning` of vLLM,
    /// Groq, Ollama and OpenRouter; `reasoning_details` of OpenRouter.
    private static func thinking(besideContentOf message: JSONObject) -> String? {
        for name in ["reasoning_content", "reasoning", "thinking"] {
            if let member = message[name], let text = MessageContent(member).allText?.nonBlank { return text }
        }
        let details = message["reasoning_details"]?.array ?? []
        return details.compactMap { $0["text"]?.string ?? $0["summary"]?.string }.joined().nonBlank
    }

    /// The calls of tools, in today's form; nil if there is none.
    private static func toolCalls(of message: JSONObject) -> JSONValue? {
        if let calls = message["tool_calls"]?.array, !calls.isEmpty {
            return .array(
                calls.map { call in
                    guard var object = call.object, var function = object["function"]?.object else { return call }
                    // Some servers give the arguments as an object.
                    guard let arguments = function["arguments"], arguments.string == nil else { return call }
                    function["arguments"] = .string(arguments == .null ? "{}" : arguments.text)
                    object["function"] = .object(function)
                    return .object(object)
                })
        }
        guard let function = message["function_call"], function["name"]?.string != nil else { return nil }
        return [["type": "function", "function": function]]
    }

    private func normalise(
        _ object: JSONObject, _ choice: JSONObject, _ message: JSONObject, finishSpelling: String?
    ) -> JSONObject? {
        var new = message
        new["content"] = .string(text)
        for name in ["reasoning", "reasoning_details", "thinking", "function_call"] where message[name] != nil {
            new[name] = nil
        }
        if let reasoning {
            new["reasoning_content"] = .string(reasoning)
        } else if message["reasoning_content"]?.string?.nonBlank != nil {
            new["reasoning_content"] = nil
        }
        if let toolCalls { new["tool_calls"] = toolCalls }
        if isRefusal, !text.isEmpty { new["refusal"] = .string(text) }
        var newChoice = choice
        newChoice["message"] = .object(new)
        if finish != .other { newChoice["finish_reason"] = .string(finish.rawValue) }
        guard newChoice != choice else { return nil }
        var whole = object
        whole["choices"] = .array([.object(newChoice)] + (object["choices"]?.array?.dropFirst() ?? []))
        return whole
    }
}

/// The content of a message: a text, or a list of parts, some of which may be thinking.
private struct MessageContent {
    var text: String?
    var thinking: String?
    var refusal: String?

    /// The texts of all parts, whatever they are.
    var allText: String? {
        let parts = [thinking, text].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined()
    }

    init(_ json: JSONValue) {
        switch json {
        case .string(let string): text = string
        case .object: read(json)
        case .array(let parts): for part in parts { read(part) }
        default: break
        }
    }

    private mutating func read(_ part: JSONValue) {
        if let string = part.string { return add(string) }
        switch part["type"]?.string {
        case "text", "output_text", nil: if let string = part["text"]?.string { add(string) }
        case "refusal": if let string = part["refusal"]?.string { refusal = (refusal ?? "") + string }
        case "thinking", "reasoning", "reasoning_text", "summary_text", "reasoning_content":
            // Mistral has parts within parts, Anthropic a text.
            for name in ["thinking", "reasoning", "text", "summary", "content"] {
                if let member = part[name], let string = MessageContent(member).allText {
                    append(string, to: &thinking)
                    return
                }
            }
        default: break
        }
    }

    private mutating func add(_ string: String) { append(string, to: &text) }
}

extension JSONValue {
    /// Whether a member "error" says that there is one.
    fileprivate var isSubstantial: Bool {
        switch self {
        case .null, .bool(false): false
        case .string(let text): !text.isEmpty
        case .object(let object): !object.isEmpty
        case .array(let items): !items.isEmpty
        default: true
        }
    }
}
