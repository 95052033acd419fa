import CScorerPlugin

/// A scorer's request to the model of one of its roles.
public struct ModelRequest: Sendable, Hashable {
    public var tag: UInt64
    public var role: String
    /// The body of an OpenAI-compatible chat completion request, without "model".
    public var json: String
}

/// The result of a model request.
public struct ModelReply: Sendable, Hashable {
    public enum Status: Sendable, Hashable { case answered, failed, timedOut, cancelled }
    public var tag: UInt64
    public var status: Status
    /// The assistant's message, or what went wrong.
    public var text: String
    /// The whole response body, if there is one.
    public var response: String

    public init(tag: UInt64, status: Status, text: String, response: String = "") {
        self.tag = tag
        self.status = status
        self.text = text
        self.response = response
    }
}

extension ModelReply.Status {
    /// As the ABI has it.
    var code: assay_status {
        switch self {
        case .answered: Int32(ASSAY_OK)
        case .failed: Int32(ASSAY_E_INTERNAL)
        case .timedOut: Int32(ASSAY_E_TIMEOUT)
        case .cancelled: Int32(ASSAY_E_CANCELLED)
        }
    }
}

/// Runs `body` with the replies as the ABI has them.
func withCReplies<Result>(
    _ replies: [ModelReply], _ body: (UnsafeBufferPointer<UnsafePointer<assay_reply>?>) -> Result
) -> Result {
    // One allocation holds all bytes, so that each reply is two slices of it.
    var bytes: [CChar] = []
    for reply in replies {
        bytes.append(contentsOf: reply.text.utf8.lazy.map { CChar(bitPattern: $0) })
        bytes.append(contentsOf: reply.response.utf8.lazy.map { CChar(bitPattern: $0) })
    }
    return bytes.withUnsafeBufferPointer { bytes in
        var offset = 0
        func slice(_ text: String) -> assay_str {
            defer { offset += text.utf8.count }
            return assay_str(ptr: bytes.baseAddress.map { $0 + offset }, len: UInt64(text.utf8.count))
        }
        let structs = replies.map { reply in
            let text = slice(reply.text)
            return assay_reply(
                struct_size: UInt32(MemoryLayout<assay_reply>.size), status: reply.status.code, tag: reply.tag,
                text: text, response_json: slice(reply.response))
        }
        return structs.withUnsafeBufferPointer { structs in
            let pointers = structs.indices.map { index in structs.baseAddress.map { $0 + index } }
            return pointers.withUnsafeBufferPointer(body)
        }
    }
}
