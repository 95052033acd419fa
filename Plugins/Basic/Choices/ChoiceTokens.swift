/// A word or a mark of an answer.
struct ChoiceToken {
    enum Kind { case word, mark, lineEnd }

    var kind: Kind
    /// A word in lower case; a mark.
    var text: String
    /// The letter that the word is, in upper case and plain; nil for other words.
    var letter: Unicode.Scalar?
    /// The place of an option that the word names without doubt: a circled number.
    var place: Int?
    var isUpperCase = false
    /// Whether it is in brackets or in a circle by itself.
    var isEnclosed = false
    /// Whether white space, a line's end or the text's beginning is before it.
    var followsSpace: Bool

    func isMark(_ mark: String) -> Bool { kind == .mark && text == mark }
}

/// An answer in words and marks, without what only says how it looks: emphasis, quotation marks, TeX and HTML for the
/// look, invisible characters. Takes time in proportion to the length of the text.
struct ChoiceTokens {
    private(set) var tokens: [ChoiceToken] = []
    private var word: [Unicode.Scalar] = []
    private var wordIsSpaceless = false
    private var followsSpace = true

    /// The token of `\boxed{`, and of `<answer>`.
    static let box = "\\box"
    /// What ends a box, or a pair of braces.
    static let boxEnd = "}"

    init(_ text: Span<UInt8>) {
        var offset = 0
        while offset < text.count {
            let decoded = text.scalar(at: offset)
            let next = offset + decoded.length
            switch decoded.scalar {
            case "\\": offset = readCommand(text, offset)
            case "<": offset = readTag(text, offset) ?? readMark("<", next)
            case "_":
                // Within a word it belongs to it; else it is emphasis.
                let isInner = !word.isEmpty && next < text.count && Self.isWordPart(text.scalar(at: next).scalar)
                if isInner { word.append("_") } else { endWord() }
                offset = next
            case "'", "\u{2019}", "\u{2BC}":
                let isInner = !word.isEmpty && next < text.count && text.scalar(at: next).scalar.properties.isAlphabetic
                if isInner { word.append("'") } else { endWord() }
                offset = next
            case "#":
                // A heading; but C# is a word.
                if word.isEmpty { offset = next } else { offset = readMark("#", next) }
            default:
                read(decoded.scalar)
                offset = next
            }
        }
        endWord()
    }

    private mutating func read(_ scalar: Unicode.Scalar) {
        if scalar == "\n" || scalar == "\r" || scalar == "\u{2028}" || scalar == "\u{2029}" {
            endWord()
            if tokens.last?.kind != .lineEnd {
                tokens.append(ChoiceToken(kind: .lineEnd, text: "\n", followsSpace: followsSpace))
            }
            followsSpace = true
            return
        }
        if scalar.isWhiteSpace {
            endWord()
            followsSpace = true
            return
        }
        if let place = ChoiceLetters.placeOfEnclosedNumber(scalar) {
            endWord()
            tokens.append(
                ChoiceToken(
                    kind: .word, text: "\(place + 1)", place: place, isEnclosed: true, followsSpace: followsSpace))
            followsSpace = false
            return
        }
        let (plain, isEnclosed) = ChoiceLetters.plain(scalar)
        if isEnclosed {
            endWord()
            append(word: [plain], isEnclosed: true)
            return
        }
        if Self.isWordPart(plain) {
            // Some scripts set no spaces between their words and a letter: 答案是B.
            let isSpaceless = Self.isSpaceless(plain)
            let isMark = plain.properties.generalCategory == .nonspacingMark
            if !word.isEmpty, isSpaceless != wordIsSpaceless, !isMark { endWord() }
            if word.isEmpty { wordIsSpaceless = isSpaceless }
            word.append(plain)
            return
        }
        switch plain.properties.generalCategory {
        case .format, .enclosingMark, .control: return
        default: break
        }
        guard let mark = Self.mark(plain) else {
            endWord()
            return
        }
        _ = readMark(mark, 0)
    }

    private mutating func readMark(_ mark: String, _ next: Int) -> Int {
        endWord()
        tokens.append(ChoiceToken(kind: .mark, text: mark, followsSpace: followsSpace))
        followsSpace = false
        return next
    }

    private mutating func endWord() {
        if word.isEmpty { return }
        // The Bengali visarga is also typed for a colon.
        let hasColon = word.count > 1 && word.last == "\u{983}"
        if hasColon { word.removeLast() }
        append(word: word, isEnclosed: false)
        if hasColon { tokens.append(ChoiceToken(kind: .mark, text: ":", followsSpace: false)) }
        word.removeAll(keepingCapacity: true)
    }

    private mutating func append(word: [Unicode.Scalar], isEnclosed: Bool) {
        var text = String.UnicodeScalarView()
        for scalar in word { text.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars) }
        let lowered = String(text)
        var token = ChoiceToken(kind: .word, text: lowered, isEnclosed: isEnclosed, followsSpace: followsSpace)
        if word.count == 1 || word.dropFirst().allSatisfy({ $0.properties.generalCategory == .nonspacingMark }) {
            let upper = word[0].properties.uppercaseMapping.unicodeScalars
            token.letter = upper.count == 1 ? upper.first : word[0]
            token.isUpperCase = token.letter == word[0]
        } else if let place = ChoiceLetters.words[lowered] {
            token.place = place
        }
        tokens.append(token)
        followsSpace = false
    }

    // MARK: Kinds of characters

    private static func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: return true
        case 0..<0x80: return false
        default: break
        }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .letterNumber, .otherNumber, .nonspacingMark, .spacingMark:
            return scalar.value != 0xFE0F && scalar.value != 0xFE0E
        default: return false
        }
    }

    private static func isSpaceless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0xE00...0xEFF, 0x1000...0x109F, 0x1780...0x17FF, 0x2E80...0x312F, 0x3131...0x318E, 0x31F0...0x9FFF,
            0xAC00...0xD7A3, 0xF900...0xFAFF, 0x20000...0x3FFFF:
            true
        default: false
        }
    }

    /// What a mark counts as; nil for emphasis, quotation marks and symbols, which say nothing.
    private static func mark(_ scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case ":", "\u{FE55}", "\u{2236}", "\u{A789}", "\u{FE13}", "\u{5C3}": return ":"
        case ",", "\u{3001}", "\u{60C}", "\u{FF64}": return ","
        case ".", "\u{3002}", "\u{FF61}", "\u{964}", "\u{6D4}", "\u{2026}": return "."
        case "!", ";", "\u{61B}": return "!"
        case "?", "\u{61F}", "\u{37E}": return "?"
        case "-", "\u{2010}"..."\u{2015}", "\u{2212}": return "-"
        case "=", "+", "/", "&", "|", "%", "^": return String(scalar)
        case "\u{2192}", "\u{21D2}", "\u{279C}", "\u{27A1}", "\u{2234}", ">": return "→"
        case "(", "[", "{": return "("
        case ")", "]": return ")"
        case "}": return boxEnd
        default: break
        }
        switch scalar.properties.generalCategory {
        case .openPunctuation: return "("
        case .closePunctuation: return ")"
        default: return nil
        }
    }

    // MARK: TeX and HTML

    private static let arrows: Set<String> = [
        "to", "rightarrow", "Rightarrow", "implies", "longrightarrow", "Longrightarrow", "therefore",
    ]

    /// Steps over a command, and for one that has an argument in braces, over the opening brace.
    private mutating func readCommand(_ text: Span<UInt8>, _ start: Int) -> Int {
        var end = start + 1
        var name = ""
        while end < text.count, name.utf8.count < 24, (text[end] | 0x20) &- UInt8(ascii: "a") < 26 {
            name.unicodeScalars.append(Unicode.Scalar(text[end]))
            end += 1
        }
        endWord()
        if name.isEmpty {
            followsSpace = true
            guard end < text.count, text[end] < 0x80 else { return end }
            if text[end] == UInt8(ascii: "\\") { read("\n") }
            return end + 1
        }
        if Self.arrows.contains(name) { return readMark("→", end) }
        guard end < text.count, text[end] == UInt8(ascii: "{") else {
            followsSpace = true
            return end
        }
        if name == "boxed" || name == "fbox" { return readMark(Self.box, end + 1) }
        return end + 1
    }

    /// Tags that end a line.
    private static let blocks: Set<String> = ["br", "br/", "br /", "p", "div", "li", "think", "thinking", "reasoning"]

    /// Steps over an HTML or XML tag; nil if there is none.
    private mutating func readTag(_ text: Span<UInt8>, _ start: Int) -> Int? {
        var end = start + 1
        let isClosing = end < text.count && text[end] == UInt8(ascii: "/")
        if isClosing { end += 1 }
        let first = end
        var name = ""
        while end < text.count, end - first < 60, text[end] != UInt8(ascii: ">"), text[end] != UInt8(ascii: "\n"),
            text[end] < 0x80
        {
            name.unicodeScalars.append(Unicode.Scalar(text[end] | 0x20))
            end += 1
        }
        guard end < text.count, text[end] == UInt8(ascii: ">"), let letter = name.utf8.first,
            letter &- UInt8(ascii: "a") < 26
        else { return nil }
        endWord()
        if Self.blocks.contains(name) { read("\n") }
        if name.hasSuffix("answer") || name == "choice" || name == "option" {
            return readMark(isClosing ? Self.boxEnd : Self.box, end + 1)
        }
        return end + 1
    }
}
