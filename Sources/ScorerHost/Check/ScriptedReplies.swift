/// What a model says to a scorer that is checked.
public struct CheckReply: Sendable, Hashable {
    /// The text of the message.
    public var text: String
    /// The whole response as JSON, where there is one.
    public var response: String
    /// Why the model stopped; empty where that is not known.
    public var finishReason: String
    /// What the model thought before its message.
    public var reasoning: String

    public init(text: String, response: String = "", finishReason: String = "stop", reasoning: String = "") {
        self.text = text
        self.response = response
        self.finishReason = finishReason
        self.reasoning = reasoning
    }
}

/// Model replies that a check gives: the same reply to the same request, whichever batch it is in.
struct ScriptedReplies: Sendable {
    enum Content: Sendable, CaseIterable {
        case plausible, failed, timedOut, cancelled, empty, cutOff, garbage, huge, mixed
    }

    enum Order: Sendable {
        case together
        /// One a step, the last request first.
        case oneByOneBackwards
    }

    var content = Content.plausible
    var order = Order.together
    /// Those of which one is chosen by the request.
    var usual = ScriptedReplies.madeUp
    /// The reply to each request, where all get the same.
    var only: CheckReply?

    /// What models say that were asked for a grade, a choice or JSON.
    static let madeUp = [
        "5", "Score: 4", "{\"score\": 3}", "A", "Yes", "no", "Total rating: 7", "10", "**Final score:** 0.5", "CORRECT",
        "{\"score\": 1, \"explanation\": \"fine\"}", "B", "1", "0", "true", "C",
    ].map { CheckReply(text: $0) }
    private static let garbage = [
        "\0\u{1}\u{7F}", "{\"score\":", "[[[[", "\u{202E}5", "NaN", "1e999", "-", "\\u0000", "```json\n```",
        String(repeating: "{\"a\":", count: 2000),
    ]

    /// As findings name it.
    var name: String {
        let what =
            switch content {
            case .plausible:
                only.map { "the model reply \($0.text.debugDescription) to each request" } ?? "ordinary model replies"
            case .failed: "failed model replies"
            case .timedOut: "model replies that timed out"
            case .cancelled: "cancelled model requests"
            case .empty: "empty model replies"
            case .cutOff: "model replies that were cut off (finish_reason \"length\")"
            case .garbage: "model replies of garbage"
            case .huge: "a model reply of 4 MiB"
            case .mixed: "model replies of all kinds"
            }
        return order == .together ? what : "\(what), one by one and the last first"
    }

    func reply(to request: ModelRequest) -> ModelReply {
        var hash: UInt64 = 14_695_981_039_346_656_037
        // The beginning tells requests apart, and a request may be as long as its row.
        for byte in request.json.utf8.prefix(64 << 10) { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
        let number = Int(hash >> 33)
        var content = content
        if content == .mixed {
            let all: [Content] = [.plausible, .failed, .timedOut, .cancelled, .empty, .cutOff, .garbage]
            content = all[number / 64 % all.count]
        }
        func reply(_ status: ModelReply.Status, _ text: String, finishReason: String = "") -> ModelReply {
            ModelReply(tag: request.tag, status: status, text: text, finishReason: finishReason)
        }
        if request.kind != .chat, [.plausible, .mixed, .empty, .cutOff, .garbage, .huge].contains(content) {
            return textReply(to: request, content)
        }
        switch content {
        case .plausible, .mixed:
            let chosen = only ?? usual[number % usual.count]
            return ModelReply(
                tag: request.tag, status: .answered, text: chosen.text, response: chosen.response,
                finishReason: chosen.finishReason, reasoning: chosen.reasoning)
        case .failed: return reply(.failed, "HTTP status 500")
        case .timedOut: return reply(.timedOut, "no answer in time")
        case .cancelled: return reply(.cancelled, "the run was stopped")
        case .empty: return reply(.answered, "", finishReason: "stop")
        case .cutOff:
            let text = (only ?? usual[number % usual.count]).text
            return reply(.answered, String(text.prefix(text.count / 2)), finishReason: "length")
        case .garbage: return reply(.answered, Self.garbage[number % Self.garbage.count])
        case .huge: return reply(.answered, String(repeating: "a score of 5 is good. ", count: (4 << 20) / 22))
        }
    }

    /// What models make of texts: the same of the same text.
    private func textReply(to request: ModelRequest, _ content: Content) -> ModelReply {
        let texts = request.texts
        func hash(_ text: String) -> UInt64 {
            text.utf8.prefix(64 << 10).reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
        }
        var reply = ModelReply(tag: request.tag, status: .answered, text: "")
        if request.kind == .moderation {
            let results = texts.map { text in
                "{\"flagged\": \(hash(text) % 3 == 0), \"category_scores\": {\"hate\": 0.\(hash(text) % 100)}}"
            }
            reply.response =
                content == .garbage ? "{\"results\": []}" : "{\"results\": [\(results.joined(separator: ", "))]}"
            return reply
        }
        let dimensions = content == .huge ? 65_536 : content == .empty ? 1 : 8
        reply.vectors = texts.map { text in
            var state = hash(text)
            // Vectors of zeros have no direction.
            return (0..<dimensions).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return content == .garbage || content == .empty ? 0 : Double(Int64(bitPattern: state)) / 0x1p63
            }
        }
        return reply
    }
}
