import CScorerPlugin
import CWorkerProtocol

/// Writes replies into memory as a worker reads them.
struct ReplyWriter {
    private let replies: [ModelReply]
    let byteCount: Int

    init(_ replies: [ModelReply]) {
        self.replies = replies
        byteCount = replies.reduce(replies.count * MemoryLayout<aw_reply>.size) { sum, reply in
            reply.texts.reduce(sum + 8 * reply.vectors.reduce(0) { $0 + $1.count }) { $0 + $1.utf8.count }
        }
    }

    /// - Parameter base: the start of `byteCount` bytes.
    func write(to base: UnsafeMutableRawPointer) {
        var place = replies.count * MemoryLayout<aw_reply>.size
        // Numbers first, whose places are multiples of 8.
        let vectors = replies.map { reply -> UInt64 in
            let start = place
            for number in reply.vectors.joined() {
                base.storeBytes(of: number, toByteOffset: place, as: Double.self)
                place += 8
            }
            return UInt64(start)
        }
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
            head.vectors = vectors[index]
            head.n_vectors = UInt64(reply.vectors.count)
            head.n_dimensions = UInt64(reply.vectors.first?.count ?? 0)
            base.storeBytes(of: head, toByteOffset: index * MemoryLayout<aw_reply>.size, as: aw_reply.self)
        }
    }
}
