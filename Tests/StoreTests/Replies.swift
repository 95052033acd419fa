import Store

/// A key that differs from those of other numbers.
func key(_ number: Int) -> ReplyKey {
    let bytes = withUnsafeBytes(of: number.bigEndian) { Array($0) }
    return ReplyKey((0..<4).flatMap { copy in bytes.map { $0 &* UInt8(2 * copy + 1) } })
}

func reply(_ number: Int, by writer: String = "me") -> StoredReply {
    StoredReply(
        model: "judge", text: "Score: \(number) 😀\0", response: #"{"n": \#(number), "by": "\#(writer)"}"#,
        inputTokens: number, outputTokens: nil)
}
