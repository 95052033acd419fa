import JSON

/// What a server says about a failure, in whichever of the usual forms:
/// - OpenAI's `{"error": {"message", "type", "param", "code"}}`, also in an array (Gemini), beside `"type": "error"`
///   (Anthropic), with `metadata` (OpenRouter), or with nothing but a text (Ollama, TGI);
/// - FastAPI's `{"detail": [{"type", "loc", "msg"}]}` or `{"detail": "…"}`, also as or in a `message` (Mistral);
/// - `{"message", "type", "code"}` without an object around it (vLLM).
struct ServerError: Hashable {
    /// What it says in words; empty if it says nothing.
    var message: String
    /// Its codes, types and names of status, in lower case.
    var codes: Set<String> = []
    /// The status that it gives as a number.
    var status: Int?
    /// The members of the request that it names in places of their own, the first first.
    var parameters: [String] = []
    /// Whether it holds what only a moderation of prompts says.
    var isModeration = false
    /// How many seconds it asks to wait, where it says so in its body (Gemini).
    var retrySeconds: Double?

    /// Reads the body of a response with a status of failure.
    init(body: some Collection<UInt8>) {
        let bytes = Array(body.prefix(1 << 16))
        self.init((try? JSONValue(parsing: bytes)) ?? .string(String(decoding: bytes, as: UTF8.self)))
    }

    /// Reads the error of a response, or the response around it.
    init(_ json: JSONValue) {
        message = ""
        read(json, depth: 0)
    }

    private mutating func read(_ json: JSONValue, depth: Int) {
        guard depth < 6 else { return }
        switch json {
        case .string(let text): say(text)
        case .array(let items): for item in items.prefix(20) { read(item, depth: depth + 1) }
        case .object(let object): read(object, depth: depth)
        default: break
        }
    }

    private mutating func read(_ object: JSONObject, depth: Int) {
        for name in ["code", "type", "status", "reason", "quotaId"] {
            if let text = object[name]?.string { codes.insert(text.lowercased()) }
            if let number = object[name]?.number?.int ?? object[name]?.string.flatMap({ Int($0) }),
                (300..<600).contains(number)
            {
                status = status ?? number
            }
        }
        if let name = object["param"]?.string, !name.isEmpty { parameters.append(name) }
        if let place = object["loc"]?.array, place.first == "body", place.count > 1, let name = place[1].string {
            // A member within a member, such as one of a message, is nothing that could be left out by itself.
            parameters.append(place.count == 2 ? name : place.compactMap(\.string).joined(separator: "."))
        }
        if let delay = object["retryDelay"]?.string, delay.hasSuffix("s"), let seconds = Double(delay.dropLast()) {
            retrySeconds = max(retrySeconds ?? 0, seconds)
        }
        if object["flagged_input"] != nil || object["reasons"]?.array != nil || object["innererror"] != nil
            || object["content_filter_result"] != nil || object["moderation"] != nil
        {
            isModeration = true
        }
        if let text = object["msg"]?.string {
            let place = object["loc"]?.array?.map { $0.string ?? $0.text }.joined(separator: ".")
            say(place.map { "\($0): \(text)" } ?? text)
        }
        for name in ["error", "message", "detail", "errors", "details", "violations", "metadata", "innererror"] {
            if let member = object[name] { read(member, depth: depth + 1) }
        }
        // What the provider behind a router said.
        if let raw = object["raw"]?.string { read((try? JSONValue(parsing: raw)) ?? .string(raw), depth: depth + 1) }
    }

    private mutating func say(_ text: String) {
        if message.contains(text) { return }
        message += (message.isEmpty ? "" : "; ") + text
    }
}
