import Crypto
import Store

extension ReplyKey {
    /// The key of a reply: SHA-256 over everything that could change it, and over nothing secret.
    ///
    /// Each part is preceded by its length, so that no two lists of parts read the same.
    init(_ request: InferenceRequest, of model: Model) {
        var digest = SHA256()
        func add(_ text: String) {
            var text = text
            text.withUTF8 { bytes in
                withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { digest.update(bufferPointer: $0) }
                digest.update(bufferPointer: UnsafeRawBufferPointer(bytes))
            }
        }
        // The version of this encoding, and of what is stored under it.
        add("reply 1")
        add(request.operation.rawValue)
        add(model.address.whole)
        add(model.name)
        add(model.id)
        let headers = model.headers.filter(\.isLiteral)
        add(String(headers.count))
        for header in headers {
            add(header.name)
            add(header.value.value)
        }
        // Chats alone are asked for through another API.
        if request.operation == .chat, model.api != .chat { add(model.api.rawValue) }
        add(request.body)
        add(String(request.sample))
        self.init(digest.finalize())
    }
}
