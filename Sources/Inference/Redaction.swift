import Glibc
import JSON

/// Takes secrets out of texts.
package struct Redaction: Sendable {
    /// What is looked for, as it is and as a JSON text may spell it; the longest first, so that a secret within another
    /// leaves no rest of it.
    private let secrets: [Secret]

    /// A secret of fewer than 8 bytes is left alone: it would be found in many texts by chance.
    package init(_ secrets: [Secret]) {
        let spellings = secrets.map(\.value).filter { $0.utf8.count >= 8 }.flatMap { value in
            let json = String(JSONValue.string(value).text.dropFirst().dropLast())
            let slashed = json.split(separator: "/", omittingEmptySubsequences: false).joined(separator: #"\/"#)
            return [value, json, slashed]
        }
        self.secrets = Set(spellings).sorted { $0.utf8.count > $1.utf8.count }.map { Secret($0) }
    }

    /// The text with `[redacted]` in place of every secret. Costs a search for each where none is found.
    package func callAsFunction(_ text: String) -> String {
        secrets.reduce(text) { text, secret in
            let parts = text.split(aroundBytesOf: secret.value)
            return parts.count == 1 ? text : parts.joined(separator: "[redacted]")
        }
    }
}

extension String {
    /// The parts of the text between the places where the bytes of `separator` stand.
    fileprivate func split(aroundBytesOf separator: String) -> [String] {
        var text = self
        var separator = separator
        return text.withUTF8 { text in
            separator.withUTF8 { separator in
                var parts: [String] = []
                var start = 0
                while let found = text.firstOffset(of: separator, from: start) {
                    parts.append(String(decoding: text[start..<found], as: UTF8.self))
                    start = found + separator.count
                }
                parts.append(String(decoding: text[start...], as: UTF8.self))
                return parts
            }
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    fileprivate func firstOffset(of other: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        guard let bytes = baseAddress, let wanted = other.baseAddress else { return nil }
        var offset = start
        while count - offset >= other.count {
            // The places where the first byte stands are found many bytes at a time.
            let places = count - offset - other.count + 1
            guard let place = memchr(bytes + offset, Int32(wanted[0]), places) else { return nil }
            offset = UnsafeRawPointer(place) - UnsafeRawPointer(bytes)
            if memcmp(place, wanted, other.count) == 0 { return offset }
            offset += 1
        }
        return nil
    }
}
