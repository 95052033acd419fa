import Hashing
import Store

extension ReplyKey {
    /// The key of a reply: SHA-256 over everything that could change it, and over nothing secret. The request is the one
    /// that is sent: what the model's configuration and its server change about it is in it already.
    ///
    /// Each part is preceded by its length, so that no two lists of parts read the same.
    init(_ request: InferenceRequest, of model: Model) {
        let headers = model.headers.filter(\.isLiteral)
        // Begins with the version of this encoding, and of what is stored under it.
        var parts = [
            "reply 1", request.operation.rawValue, model.address.whole, model.name, model.id, String(headers.count),
        ]
        for header in headers { parts += [header.name, header.value.value] }
        // Chats alone are asked for through another API.
        if request.operation == .chat, model.api != .chat { parts.append(model.api.rawValue) }
        self.init(parts: parts + [request.body, String(request.sample)])
    }

    /// The key of a list of strings.
    init(parts: [String]) {
        var digest = SHA256()
        for var part in parts {
            part.withUTF8 { bytes in
                withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { digest.update($0) }
                digest.update(UnsafeRawBufferPointer(bytes))
            }
        }
        self.init(digest.finalize().bytes)
    }
}
