/// The text with `%XX` for every byte that is not an unreserved character (RFC 3986, section 2.3), as a segment of a
/// URL's path or a value of its query.
public func percentEncoded(_ text: String) -> String {
    var encoded: [UInt8] = []
    for byte in text.utf8 {
        if byte.isUnreserved {
            encoded.append(byte)
        } else {
            encoded.append(UInt8(ascii: "%"))
            encoded += hexadecimal(CollectionOfOne(byte), uppercase: true).utf8
        }
    }
    return String(decoding: encoded, as: UTF8.self)
}

/// The bytes of a text in which `%XX` stands for a byte (RFC 3986, section 2.1); nil if an escape is incomplete.
public func percentDecoded(_ text: some StringProtocol) -> [UInt8]? {
    decoded(text.utf8, keepsBrokenEscapes: false)
}

/// The text in which `%XX` stands for a byte, where an escape that is incomplete stands for itself.
public func leniently(percentDecoded text: some StringProtocol) -> String {
    String(decoding: decoded(text.utf8, keepsBrokenEscapes: true) ?? [], as: UTF8.self)
}

private func decoded(_ text: some Collection<UInt8>, keepsBrokenEscapes: Bool) -> [UInt8]? {
    var bytes: [UInt8] = []
    var rest = text[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        let digits = rest.prefix(2)
        if digits.count == 2, let high = digits.first?.hexadecimalValue,
            let low = digits.dropFirst().first?.hexadecimalValue
        {
            bytes.append(high << 4 | low)
            rest = rest.dropFirst(2)
        } else if keepsBrokenEscapes {
            bytes.append(byte)
        } else {
            return nil
        }
    }
    return bytes
}

extension UInt8 {
    /// RFC 3986, section 2.3.
    fileprivate var isUnreserved: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
