import NIOCore

/// A kind of model server as it is found in the field, with what makes it different from OpenAI's own documentation.
public enum ServerKind: String, Sendable, Hashable, CaseIterable {
    // How replies look.
    case plain
    /// The thinking is in the text, between `<think>` and `</think>`.
    case thinkingInText
    /// The chat template has written `<think>`, so that only `</think>` is in the text.
    case thinkingOpenedByTemplate
    /// As `reasoning_content` (DeepSeek, SGLang, llama.cpp).
    case reasoningContent
    /// As `reasoning` (vLLM, Groq, Ollama).
    case reasoning
    /// As `reasoning_details` (OpenRouter).
    case reasoningDetails
    /// As parts of the content (Mistral).
    case parts
    /// In the format of gpt-oss, as its tokens are.
    case harmony
    /// The model used up its tokens on thinking: content null.
    case nullContentAtLength
    /// The same with an empty content.
    case emptyContentAtLength
    /// The same in the text: `<think>` without an end.
    case cutOffInThinking
    /// A text that was cut off, with the finish reason of Gemini's own API.
    case cutOffAsMaxTokens
    /// A filter left nothing but a finish reason (Gemini).
    case filteredWithoutMessage
    case toolCall
    /// A call in the form before tools.
    case functionCall
    /// A call in the text, in the format of gpt-oss, behind a server without a parser for it.
    case harmonyCall
    /// The model refuses, in a member of its own (OpenAI).
    case refusal
    /// Blank lines come before the answer (DeepSeek).
    case keepAliveLines

    // How failures look.
    /// An error in the first choice, once, with a code that says that it may pass (OpenRouter).
    case errorInChoiceOnce
    /// Status 200 with an error that will not pass.
    case errorWithStatus200
    /// 429 that is no limit on the rate: the account has no credit left (OpenAI).
    case spentQuota
    /// 402 (OpenRouter, DeepSeek).
    case noCredit
    case refusedKey
    /// 400 for a key that is not valid (Gemini).
    case invalidKeyWithStatus400
    /// 403 with the reasons of a moderation (OpenRouter).
    case flaggedPrompt
    /// 400 of a filter of prompts (Azure).
    case filteredPrompt
    /// 451.
    case legalReasons
    /// A model that has another API only (OpenAI).
    case responsesOnly
    case unknownModel
    case tooLongForContext

    // Which members of requests are refused.
    /// `temperature`, and `max_tokens` under this name (OpenAI's reasoning models).
    case refusesTemperatureAndMaxTokens
    /// `temperature` is deprecated (Anthropic).
    case refusesTemperature
    /// `seed` with status 422; `random_seed` is its name (Mistral).
    case refusesSeed
    /// `seed` as an unknown name (Gemini).
    case refusesSeedByName
    /// `top_p` beside `temperature` (Anthropic).
    case refusesTopPBesideTemperature
    /// `response_format` (DeepSeek's reasoning model).
    case refusesResponseFormat
}

extension Behaviour {
    /// Answers a chat with this JSON in place of its only choice.
    public static func choice(_ json: String) -> Behaviour {
        Behaviour { _ in Answer(.choice(json)) }
    }

    /// A server of a kind.
    ///
    /// - Parameters:
    ///   - text: what the model answers, where it comes to that.
    ///   - thought: what it thinks before, where it does.
    public static func server(_ kind: ServerKind, answering text: String, thinking thought: String) -> Behaviour {
        replies(kind, text, thought) ?? failures(kind, text) ?? refusals(kind, text) ?? .answer(text)
    }

    private static func replies(_ kind: ServerKind, _ text: String, _ thought: String) -> Behaviour? {
        func message(_ members: String, finish: String = "stop") -> Behaviour {
            .choice("{\"index\":0,\"message\":{\"role\":\"assistant\",\(members)},\"finish_reason\":\"\(finish)\"}")
        }
        let content = "\"content\":\(quoted(text))"
        let arguments = quoted("{\"city\": \"Vienna\"}")
        let function = "{\"name\":\"get_weather\",\"arguments\":\(arguments)}"
        switch kind {
        case .thinkingInText: return .answer("<think>\n\(thought)\n</think>\n\n\(text)")
        case .thinkingOpenedByTemplate: return .answer("\(thought)\n</think>\n\n\(text)")
        case .reasoningContent: return message("\(content),\"reasoning_content\":\(quoted(thought))")
        case .reasoning: return message("\(content),\"reasoning\":\(quoted(thought))")
        case .reasoningDetails:
            return message(
                "\(content),\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\(quoted(thought))}]")
        case .parts:
            let thinking = "{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":\(quoted(thought))}]}"
            return message("\"content\":[\(thinking),{\"type\":\"text\",\"text\":\(quoted(text))}]")
        case .harmony:
            return .answer(
                "<|channel|>analysis<|message|>\(thought)<|end|><|start|>assistant<|channel|>final<|message|>"
                    + "\(text)<|return|>")
        case .harmonyCall:
            return .answer(
                "<|channel|>analysis<|message|>\(thought)<|end|><|start|>assistant<|channel|>commentary "
                    + "to=functions.get_weather <|constrain|>json<|message|>{\"city\": \"Vienna\"}<|call|>")
        case .refusal: return message("\"content\":null,\"refusal\":\"I cannot rate that 8.\"")
        case .nullContentAtLength:
            return message("\"content\":null,\"reasoning_content\":\(quoted(thought))", finish: "length")
        case .emptyContentAtLength:
            return message("\"content\":\"\",\"reasoning_content\":\(quoted(thought))", finish: "length")
        case .cutOffInThinking: return message("\"content\":\(quoted("<think>\n" + thought))", finish: "length")
        case .cutOffAsMaxTokens: return message(content, finish: "MAX_TOKENS")
        case .filteredWithoutMessage: return .choice("{\"index\":0,\"finish_reason\":\"SAFETY\"}")
        case .toolCall:
            return message(
                "\"content\":null,\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\",\"function\":\(function)}]",
                finish: "tool_calls")
        case .functionCall:
            return message("\"content\":null,\"function_call\":\(function)", finish: "function_call")
        case .keepAliveLines: return Behaviour.answer(text).changing { $0.leadingSpace = "\n\n\n" }
        default: return nil
        }
    }

    private static func failures(_ kind: ServerKind, _ text: String) -> Behaviour? {
        func error(_ status: Int, _ members: String) -> Behaviour {
            .status(status, body: "{\"error\":{\(members)}}")
        }
        switch kind {
        case .errorInChoiceOnce:
            return Behaviour.answer(text).failing(
                first: 1,
                with: .status(
                    200,
                    body: "{\"choices\":[{\"index\":0,\"finish_reason\":\"error\",\"message\":{\"content\":\"Total\"},"
                        + "\"error\":{\"code\":502,\"message\":\"Provider returned error\"}}],"
                        + "\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":5}}"))
        case .errorWithStatus200: return error(200, "\"code\":400,\"message\":\"Provider does not take this prompt\"")
        case .spentQuota:
            return error(
                429,
                "\"message\":\"You exceeded your current quota, please check your plan and billing details.\","
                    + "\"type\":\"insufficient_quota\",\"param\":null,\"code\":\"insufficient_quota\"")
        case .noCredit: return error(402, "\"code\":402,\"message\":\"Insufficient credits\"")
        case .refusedKey:
            return error(401, "\"message\":\"Incorrect API key provided\",\"code\":\"invalid_api_key\"")
        case .invalidKeyWithStatus400:
            return .status(
                400,
                body: "[{\"error\":{\"code\":400,\"message\":\"API key not valid. Please pass a valid API key.\","
                    + "\"status\":\"INVALID_ARGUMENT\",\"details\":[{\"reason\":\"API_KEY_INVALID\"}]}}]")
        case .flaggedPrompt:
            return error(
                403,
                "\"code\":403,\"message\":\"This model requires moderation. Your input was refused\","
                    + "\"metadata\":{\"reasons\":[\"violence\"],\"flagged_input\":\"…\"}")
        case .filteredPrompt:
            return error(
                400,
                "\"message\":\"The response was filtered due to the prompt\",\"param\":\"prompt\","
                    + "\"code\":\"content_filter\",\"innererror\":{\"code\":\"ResponsibleAIPolicyViolation\"}")
        case .legalReasons: return error(451, "\"message\":\"Your input cannot be processed for legal reasons\"")
        case .responsesOnly:
            return error(
                404, "\"message\":\"This model is only supported in v1/responses and not in v1/chat/completions.\"")
        case .unknownModel:
            return error(404, "\"message\":\"The model `fake` does not exist\",\"code\":\"model_not_found\"")
        case .tooLongForContext:
            return error(
                400,
                "\"message\":\"This model's maximum context length is 4096 tokens. However, you requested 5000 tokens in "
                    + "the messages, max_tokens not allowed beyond it.\",\"code\":\"context_length_exceeded\"")
        default: return nil
        }
    }

    private static func refusals(_ kind: ServerKind, _ text: String) -> Behaviour? {
        @Sendable func error(_ message: String, _ more: String = "") -> String {
            "{\"error\":{\"message\":\(quoted(message)),\"type\":\"invalid_request_error\"\(more)}}"
        }
        func refusing(
            _ members: [String], beside other: String? = nil, status: Int = 400,
            body: @escaping @Sendable (String) -> String
        ) -> Behaviour {
            .choosing { request in
                let json = JSONText(parsing: Array(request.content.readableBytesView))
                guard let member = members.first(where: { json?[$0] != nil }), other.map({ json?[$0] != nil }) ?? true
                else { return .answer(text) }
                return .status(status, body: body(member))
            }
        }
        switch kind {
        case .refusesTemperatureAndMaxTokens:
            return refusing(["temperature", "max_tokens"]) { member in
                let hint = member == "max_tokens" ? " Use 'max_completion_tokens' instead." : ""
                return error(
                    "Unsupported parameter: '\(member)' is not supported with this model.\(hint)",
                    ",\"param\":\"\(member)\",\"code\":\"unsupported_parameter\"")
            }
        case .refusesTemperature:
            return refusing(["temperature"]) { _ in
                "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":"
                    + "\"`temperature` is deprecated for this model.\"}}"
            }
        case .refusesSeed:
            return refusing(["seed"], status: 422) { member in
                "{\"object\":\"error\",\"message\":{\"detail\":[{\"type\":\"extra_forbidden\",\"loc\":[\"body\","
                    + "\"\(member)\"],\"msg\":\"Extra inputs are not permitted\",\"input\":1}]},"
                    + "\"type\":\"invalid_request_error\",\"param\":null,\"code\":null}"
            }
        case .refusesSeedByName:
            return refusing(["seed"]) { member in
                "[{\"error\":{\"code\":400,\"message\":"
                    + "\"Invalid JSON payload received. Unknown name \\\"\(member)\\\": Cannot find field.\","
                    + "\"status\":\"INVALID_ARGUMENT\"}}]"
            }
        case .refusesTopPBesideTemperature:
            return refusing(["top_p"], beside: "temperature") { _ in
                error("`temperature` and `top_p` cannot both be specified for this model. Please use only one.")
            }
        case .refusesResponseFormat:
            return refusing(["response_format"]) { _ in error("This response_format type is unavailable now") }
        default: return nil
        }
    }
}
