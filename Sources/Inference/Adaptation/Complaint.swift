/// The meaning of a server's failure for a run, if its message says more than its status.
enum Complaint: Hashable {
    /// The account has no credit left, or its spending limit is reached: every request fails until someone resolves it.
    case account
    /// A filter refuses this prompt.
    case moderation
    /// The key is not valid, although the status does not say so.
    case key
    /// The model only supports another API, with this name in a model's configuration.
    case otherAPI(String)
    /// The prompt and the answer do not fit in the model's context.
    case context
    /// The server does not have the model.
    case unknownModel
    case other

    /// - Parameters:
    ///   - status: the status of the response, or the status that the error in it implies.
    ///   - hasRetryAfter: whether the server says when to retry.
    init(status: Int, _ error: ServerError, hasRetryAfter: Bool) {
        let words = error.message.lowercased()
        func says(_ phrases: [String]) -> Bool { phrases.contains { words.contains($0) } }
        func hasCode(_ codes: Set<String>) -> Bool { !codes.isDisjoint(with: error.codes) }
        let mayPass = hasRetryAfter || error.retrySeconds != nil
        let isDailyLimit = error.codes.contains { $0.contains("perday") }
        let isSpent =
            hasCode(Self.accountCodes) || says(Self.accountPhrases) || isDailyLimit
            // Gemini says the same of a limit a minute, and then when to come again.
            || (says(["exceeded your current quota"]) && !mayPass)
        let isBlamed = [400, 403, 404, 422, 451].contains(status)
        self =
            if status == 402 || ([400, 403, 429].contains(status) && isSpent) {
                .account
            } else if isBlamed, error.isModeration || hasCode(Self.moderationCodes) || says(Self.moderationPhrases) {
                .moderation
            } else if status == 400, hasCode(["api_key_invalid", "invalid_api_key"]) || says(["api key not valid"]) {
                .key
            } else if [400, 404].contains(status), says(["v1/responses"]) {
                .otherAPI("responses")
            } else if [400, 404].contains(status), says(["not a chat model"]) {
                .otherAPI("completions")
            } else if isBlamed || status == 413, hasCode(Self.contextCodes) || says(Self.contextPhrases) {
                .context
            } else if status == 404,
                hasCode(["model_not_found"]) || (says(["model"]) && says(["not found", "not exist", "no such"]))
            {
                .unknownModel
            } else {
                .other
            }
    }

    // The codes and words of OpenAI, Anthropic, OpenRouter, xAI, DeepSeek, Moonshot, Hugging Face and Alibaba.
    private static let accountCodes: Set<String> = [
        "insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "billing_error",
        "exceeded_current_quota_error", "insufficient_balance", "insufficient_credits", "payment_required", "arrearage",
    ]
    private static let accountPhrases = [
        "insufficient balance", "insufficient credit", "credit balance is too low", "out of credits",
        "used all available credits", "spending limit", "reached your specified api usage limits",
        "billing hard limit", "account is not active", "monthly included credits", "key limit exceeded",
        "requires more credits", "payment required",
    ]
    // Those of Azure, OpenAI and Alibaba; most others have words only.
    private static let moderationCodes: Set<String> = [
        "content_filter", "content_policy_violation", "moderation_blocked", "responsibleaipolicyviolation",
        "data_inspection_failed",
    ]
    private static let moderationPhrases = [
        "flagged", "moderation", "content policy", "content management policy", "usage policy", "usage policies",
        "content filter", "safety system", "inappropriate content", "guardrail",
    ]
    // Those of OpenAI, Anthropic, llama.cpp, vLLM and Bedrock.
    private static let contextCodes: Set<String> = ["context_length_exceeded", "exceed_context_size_error"]
    private static let contextPhrases = [
        "context length", "context window", "maximum context", "prompt is too long", "input is too long",
        "available context size", "reduce the length",
    ]
}

extension Complaint {
    /// The outcome of an attempt for the endpoint, if the status alone would be misleading.
    var outcome: AttemptOutcome? {
        switch self {
        case .account, .otherAPI: .hopeless
        case .moderation, .context: .rejected
        case .key: .refused
        case .unknownModel, .other: nil
        }
    }

    /// What a user can do about it, as the end of a sentence; nil if the status says enough.
    var advice: String? {
        switch self {
        case .account:
            "; the account has no credit left: add credit or raise its limit, then run again"
        case .moderation: "; the server's content filter refused the prompt of this row"
        case .otherAPI(let name): "; set \"api\": \"\(name)\" in the model's configuration"
        case .context:
            "; the prompt and the answer's max_tokens do not fit in the model's context: shorten the prompt or lower "
                + "max_tokens"
        case .key, .unknownModel, .other: nil
        }
    }
}

extension ServerError {
    /// The status that an error in a response with a status of success stands for; nil if it does not say.
    var impliedStatus: Int? {
        if let status { return status }
        let statuses = [
            "rate_limit_exceeded": 429, "rate_limit_error": 429, "resource_exhausted": 429, "insufficient_quota": 429,
            "overloaded_error": 529, "unavailable": 503, "service_unavailable": 503, "server_error": 500,
            "internal_server_error": 500, "internal": 500, "api_error": 500, "authentication_error": 401,
            "permission_error": 403,
            "not_found_error": 404, "model_not_found": 404, "invalid_request_error": 400, "invalid_argument": 400,
            "content_filter": 400,
        ]
        return codes.sorted().lazy.compactMap { statuses[$0] }.first ?? (isModeration ? 400 : nil)
    }
}
