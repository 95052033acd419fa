import CScorerPlugin
import CWorkerProtocol

/// Writes replies into memory as a worker reads them.
struct ReplyWriter {
    private let replies: [ModelReply]
    let byteCount: Int

    init(_ replies: [ModelReply]) {
        self.replies = replies
        byteCount = replies.reduce(replies.count * MemoryLayout<aw_reply>.size) { sum, reply in
            reply.texts.reduce(sum) { $0 + $1.utf8.count }
        }
    }

    /// - Parameter base: the start of `byteCount` bytes.
    func write(to base: UnsafeMutableRawPointer) {
        var place = replies.count * MemoryLayout<aw_reply>.size
        func write(_ text: String) -> (UInt64, UInt64) {
            var text = text
            let start = place
            text.withUTF8 { bytes in
                if let first = bytes.baseAddress { (base + start).copyMemory(from: first, byteCount: bytes.count) }
                place += bytes.count
            }
            return (UInt64(start), UInt64(place - start))
        }
        for (index, reply) in replies.enumerated() {
            var head = aw_reply()
            head.tag = reply.tag
            head.status = Int64(reply.status.code)
            (head.text, head.text_length) = write(reply.text)
            (head.response, head.response_length) = write(reply.response)
            (head.finish, head.finish_length) = write(reply.finishReason)
            (head.reasoning, head.reasoning_length) = write(reply.reasoning)
            base.storeBytes(of: head, toByteOffset: index * MemoryLayout<aw_reply>.size, as: aw_reply.self)
        }
    }
}
