/// The text between a pair of braces in a template.
enum Braces {
    /// Names of columns are rarely longer, in bytes.
    private static let longest = 200

    /// The text from `start` to the closing braces on the same line, if there are any; contains no braces or quotation marks.
    ///
    /// - Parameter count: the number of closing braces.
    static func content(of bytes: [UInt8], at start: Int, closing count: Int) -> String? {
        let content = bytes[start...].prefix(longest + 1).prefix { !"{}\n\"".utf8.contains($0) }
        let end = bytes[content.endIndex...].prefix { $0 == UInt8(ascii: "}") }
        guard !content.isEmpty, content.count <= longest, end.count >= count else { return nil }
        return String(decoding: content, as: UTF8.self)
    }

    /// Whether a text in braces is always a column's name.
    static func isName(_ text: some StringProtocol) -> Bool {
        let scalars = text.unicodeScalars
        guard let first = scalars.first, let last = scalars.last, isLetter(first), isLetter(last) || isInner(last)
        else {
            return false
        }
        return scalars.allSatisfy { isLetter($0) || isInner($0) || $0 == "-" || $0 == "." }
    }

    /// Whether a text is a path into a column: a name, and then members (`.content`) and places in lists (`[0]`, `[-1]`
    /// for the last), at least one of these.
    static func isPath(_ text: String) -> Bool {
        let pieces = text.split(separator: "[", omittingEmptySubsequences: false)
        guard pieces.count > 1, isName(pieces[0]) else { return false }
        return pieces.dropFirst().allSatisfy { piece in
            let parts = piece.split(separator: "]", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, isIndex(parts[0]) else { return false }
            return parts[1].isEmpty || parts[1].first == "." && isName(parts[1].dropFirst())
        }
    }

    private static func isIndex(_ text: Substring) -> Bool {
        let digits = text.first == "-" ? text.dropFirst() : text
        return (1...9).contains(digits.utf8.count) && digits.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 }
    }

    static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic
    }

    /// Whether a name may contain a character, but not start with it: a digit, or a combining mark.
    static func isInner(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .decimalNumber, .nonspacingMark, .spacingMark: true
        default: false
        }
    }
}
