import Glibc
import JSON

/// Removes secrets from texts.
package struct Redaction: Sendable {
    /// What is looked for, as it is and as a JSON text may spell it; the longest first, so that a secret within another
    /// leaves no rest of it.
    private let secrets: [Secret]
    /// The secrets themselves, the longest first.
    private let values: [Secret]

    /// A secret of fewer than 8 bytes is left alone: it would be found in many texts by chance.
    package init(_ secrets: [Secret]) {
        let long = Set(secrets.map(\.value).filter { $0.utf8.count >= 8 })
        values = long.sorted { $0.utf8.count > $1.utf8.count }.map { Secret($0) }
        let spellings = long.flatMap { value in
            let json = String(JSONValue.string(value).text.dropFirst().dropLast())
            let slashed = json.split(separator: "/", omittingEmptySubsequences: false).joined(separator: #"\/"#)
            return [value, json, slashed]
        }
        self.secrets = Set(spellings).sorted { $0.utf8.count > $1.utf8.count }.map { Secret($0) }
    }

    /// The text with `[redacted]` instead of every secret. Takes one search per secret if none is found.
    package func callAsFunction(_ text: String) -> String {
        let text = secrets.reduce(text) { text, secret in
            let parts = text.split(aroundBytesOf: secret.value)
            return parts.count == 1 ? text : parts.joined(separator: "[redacted]")
        }
        // A server that sends a key back may spell any of its characters so.
        return values.isEmpty ? text : EscapedText(text)?.redacted(values) ?? text
    }
}

/// A text in which characters are spelled as JSON escapes (`\u0073`), once or more than once, as in JSON within JSON.
private struct EscapedText {
    private let bytes: [UInt8]
    /// The text without such escapes.
    private var plain: [UInt8] = []
    /// Where each byte of it begins in `bytes`, and the end.
    private var places: [Int] = []

    /// Returns nil if there are none.
    init?(_ text: String) {
        var text = text
        let mark = Array("u00".utf8)
        let isMarked = text.withUTF8 { text in
            mark.withUnsafeBufferPointer { text.firstOffset(of: $0, from: 0) } != nil
        }
        if !isMarked { return nil }
        bytes = Array(text.utf8)
        var place = 0
        var hasEscapes = false
        while place < bytes.count {
            places.append(place)
            if bytes[place] == UInt8(ascii: "\\"), let (byte, length) = Self.escape(in: bytes[place...]) {
                plain.append(byte)
                place += length
                hasEscapes = true
            } else {
                plain.append(bytes[place])
                place += 1
            }
        }
        places.append(bytes.count)
        if !hasEscapes { return nil }
    }

    /// The character that backslashes and `u00XX`, or backslashes and a slash, stand for, and how long that is.
    private static func escape(in bytes: ArraySlice<UInt8>) -> (byte: UInt8, length: Int)? {
        let rest = bytes.drop { $0 == UInt8(ascii: "\\") }
        let slashes = bytes.count - rest.count
        if rest.first == UInt8(ascii: "/") { return (UInt8(ascii: "/"), slashes + 1) }
        let digits = rest.prefix(5)
        guard digits.starts(with: "u00".utf8), digits.count == 5,
            let value = UInt8(String(decoding: digits.suffix(2), as: UTF8.self), radix: 16), value < 0x80
        else { return nil }
        return (value, slashes + 5)
    }

    /// The text with `[redacted]` instead of every secret, however its characters are escaped.
    func redacted(_ secrets: [Secret]) -> String {
        var result: [UInt8] = []
        var copied = 0
        var start = 0
        while let found = secrets.compactMap({ firstRange(of: $0, from: start) }).min(by: {
            $0.lowerBound < $1.lowerBound
        }) {
            result += bytes[copied..<places[found.lowerBound]]
            result += "[redacted]".utf8
            copied = places[found.upperBound]
            start = found.upperBound
        }
        return String(decoding: result + bytes[copied...], as: UTF8.self)
    }

    private func firstRange(of secret: Secret, from start: Int) -> Range<Int>? {
        let wanted = Array(secret.value.utf8)
        let offset = plain.withUnsafeBufferPointer { plain in
            wanted.withUnsafeBufferPointer { plain.firstOffset(of: $0, from: start) }
        }
        return offset.map { $0..<$0 + wanted.count }
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
