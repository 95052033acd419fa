extension String {
    /// The text with all characters that control a terminal or change the display order written as JSON escapes, such as
    /// `\u001b`: control characters (C0 except line feed and tab, DEL, C1), marks that change the direction of text, and the
    /// separators of lines and paragraphs.
    ///
    /// In JSON text, these characters only occur in strings, so the meaning does not change.
    package var visible: String {
        guard utf8.contains(where: mayBeginHidden) else { return self }
        var text = ""
        text.reserveCapacity(utf8.count)
        for scalar in unicodeScalars {
            if isHidden(scalar) {
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

/// Whether the UTF-8 of a hidden character may start with the byte.
private func mayBeginHidden(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x09, 0x0A: false
    case ..<0x20, 0x7F, 0xC2, 0xD8, 0xE2: true
    default: false
    }
}

private func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0A: false
    case ..<0x20, 0x7F...0x9F: true
    case 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
}
