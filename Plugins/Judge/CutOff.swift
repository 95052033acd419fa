/// Why a model's reply is incomplete: the `finish_reason` of a chat completion.
enum CutOff: String, Sendable {
    case length
    case contentFilter = "content_filter"

    /// What happened and what can be done about it, worded to follow another reason.
    var explanation: String {
        switch self {
        case .length:
            "the reply was cut off at the length limit (raise max_tokens, or ask for a shorter reply in the prompt)"
        case .contentFilter: "the reply was cut off by the model's content filter (use another judge_model)"
        }
    }

    /// Whether a match that ends at the given place of a truncated text may be incomplete, because neither white space
    /// nor words follow it.
    ///
    /// For example, "7.5" may have been cut to "7" or "7.".
    static func mayGoOn(behind end: Int, in text: [UInt8]) -> Bool {
        !text[end...].contains { byte in
            byte <= 0x20 || byte >= 0x80 || byte &- UInt8(ascii: "0") < 10 || byte | 0x20 &- UInt8(ascii: "a") < 26
        }
    }
}
