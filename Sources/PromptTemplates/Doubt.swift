/// Something in a template that looks like a placeholder but is not.
public struct Doubt: Sendable, Hashable, CustomStringConvertible {
    /// As written, such as `{Best Answer}`.
    public var text: String
    /// How it is treated, and what to write instead.
    public var advice: String

    public var description: String { "\(text): \(advice)" }
}

/// Text in braces, and its position.
struct Remark: Sendable, Hashable {
    enum Kind: Sendable {
        /// A placeholder.
        case place
        /// A placeholder if the data has a column with that name.
        case open
        /// Text in doubled braces, which stand for single ones.
        case doubled
    }

    var kind: Kind
    var inner: String
    /// Whether a dollar sign precedes the braces.
    var followsDollar: Bool
    /// Whether the braces belong to LaTeX: after `\command`, `^` or `_`.
    private var isLaTeX: Bool

    init(_ kind: Kind, _ inner: String, behind text: [UInt8]) {
        self.kind = kind
        self.inner = inner
        followsDollar = text.last == UInt8(ascii: "$")
        let isLetter = { (byte: UInt8) in byte | 0x20 &- UInt8(ascii: "a") < 26 }
        let command = text.reversed().drop(while: isLetter).first
        isLaTeX =
            [UInt8(ascii: "^"), UInt8(ascii: "_")].contains(text.last)
            || command == UInt8(ascii: "\\") && text.last.map(isLetter) == true
    }

    /// What is doubtful about it; nil if nothing is.
    func doubt(among known: [String]?) -> Doubt? {
        switch kind {
        case .place: nil
        case .doubled: doubledDoubt(known)
        case .open: openDoubt(known)
        }
    }

    private func doubledDoubt(_ known: [String]?) -> Doubt? {
        let name = trimmed
        let isSpaced = name.utf8.count < inner.utf8.count
        let isColumn = known?.contains { $0.utf8.elementsEqual(name.utf8) } ?? Self.usualNames.contains(name)
        // The start of an expression such as {{ x | upper }}.
        let start = String(name.prefix { $0 != " " && $0 != "|" })
        guard isColumn || isSpaced && Braces.isName(start) else { return nil }
        return Doubt(
            text: "{{\(inner)}}",
            advice:
                "doubled braces stand for literal braces, so no value is inserted; write {\(isColumn ? name : start)}")
    }

    private func openDoubt(_ known: [String]?) -> Doubt? {
        func doubt(_ advice: String) -> Doubt { Doubt(text: "{\(inner)}", advice: advice) }
        if isLaTeX { return nil }
        if let sign = inner.first, let last = inner.last, "%#".contains(sign), last == sign, inner.utf8.count > 2 {
            return doubt("tags of other template languages have no effect and stay in the prompt")
        }
        if inner.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) {
            return doubt("placeholders are not numbered: write a column's name, such as {generated_answer}")
        }
        let name = trimmed
        if Braces.isName(name) || Braces.isPath(name) {
            return doubt("spaces are not allowed in the braces; write {\(name)}")
        }
        let root = String(name.unicodeScalars.prefix { Braces.isLetter($0) || Braces.isInner($0) || $0 == "." })
        if Braces.isName(root), isExpression(of: root, name.dropFirst(root.count)) {
            return doubt("values are inserted unchanged, without formats or expressions; write {\(root)}")
        }
        // Code has spaces inside its braces; a name has none.
        guard name.utf8.count == inner.utf8.count, name.unicodeScalars.count <= 60,
            name.unicodeScalars.first.map(Braces.isLetter) == true,
            name.unicodeScalars.allSatisfy(Self.isUsualInName)
        else { return nil }
        return doubt(
            known == nil
                ? "it is a placeholder only if the data has a column with exactly this name; otherwise, it stays in "
                    + "the prompt"
                : "the data has no column with this name, so it stays in the prompt (write {{…}} if that is intended)")
    }

    /// Whether a name is followed by a Python conversion or format, or by an index or call in any language.
    private func isExpression(of name: String, _ rest: Substring) -> Bool {
        switch rest.first {
        case "!": ["!r", "!s", "!a"].contains(rest.prefix(2)) && [":", nil].contains(rest.dropFirst(2).first)
        case ":":
            rest.utf8.count > 1
                && rest.dropFirst().utf8.allSatisfy(Array("<>=^+-#0123456789,._bcdeEfFgGnosxX%".utf8).contains)
        case "=": rest == "="
        case "[": rest.last == "]" || rest.contains("].")
        case "(": rest.hasSuffix("()") || name.contains(".")
        default: rest.drop { $0 == " " }.first == "|"
        }
    }

    private var trimmed: String {
        let scalars = inner.unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[first...last])
    }

    /// Common columns of datasets, for use when the data is not known.
    private static let usualNames = [
        "input_query", "generated_answer", "expected_answer", "context", "question", "answer", "prompt",
    ]

    /// Whether a character occurs in names that consist of words, unlike the symbols of sets, sums and code.
    private static func isUsualInName(_ scalar: Unicode.Scalar) -> Bool {
        Braces.isLetter(scalar) || Braces.isInner(scalar) || " -.?!/&()'’%#".unicodeScalars.contains(scalar)
    }
}
