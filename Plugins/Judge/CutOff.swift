/// Why a model's reply ends before the model was done: `finish_reason` of a chat completion.
enum CutOff: String, Sendable {
    case length
    case contentFilter = "content_filter"

    /// What happened, and what can be done, in words that follow another reason.
    var explanation: String {
        switch self {
        case .length:
            "the reply was cut off at the length limit (raise max_tokens, or ask for a shorter reply in the prompt)"
        case .contentFilter: "the reply was cut off by the model's content filter (use another judge_model)"
        }
    }

    /// Whether what ends at a place of a text that was cut off may have been longer: neither white space nor words follow.
    ///
    /// Of "7.5", "7" or "7." may be left.
    static func mayGoOn(behind end: Int, in text: [UInt8]) -> Bool {
        !text[end...].contains { byte in
            byte <= 0x20 || byte >= 0x80 || byte &- UInt8(ascii: "0") < 10 || byte | 0x20 &- UInt8(ascii: "a") < 26
        }
    }
}
