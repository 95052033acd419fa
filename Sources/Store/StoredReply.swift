import Encodings
import Foundation
import Platform

/// The key of a reply: a digest of everything that could change it.
public struct ReplyKey: Hashable, Sendable {
    let bytes: Data

    public init(_ digest: some Sequence<UInt8>) {
        bytes = Data(digest)
    }

    /// Reads a key as ``hexadecimal`` writes it; nil if the text is anything else.
    public init?(hexadecimal text: String) {
        guard text.utf8.count == 64, let bytes = Encodings.bytes(hexadecimal: text) else { return nil }
        self.init(bytes)
    }

    /// The key in 64 hexadecimal digits, in lower case.
    public var hexadecimal: String { Encodings.hexadecimal(bytes) }

    /// The number under which the key is reserved. Two keys may have the same number; then one waits for the other
    /// unnecessarily and is requested after it.
    var reservation: UInt64 {
        bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) } % ClaimFile.limit
    }
}

/// A stored reply of a model.
public struct StoredReply: Hashable, Sendable {
    /// The name of the model, for people who look into the file.
    public var model: String
    /// The text of the reply; nil if it contains none.
    public var text: String?
    /// The whole body of the response.
    public var response: String
    public var inputTokens: Int?
    public var outputTokens: Int?

    public init(model: String, text: String?, response: String, inputTokens: Int?, outputTokens: Int?) {
        self.model = model
        self.text = text
        self.response = response
        self.inputTokens = inputTokens
        self.outputTokens = outputTokens
    }
}
