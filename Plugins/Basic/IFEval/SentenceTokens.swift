/// Splits the surroundings of a possible end of a sentence into tokens, as punkt does.
struct SentenceTokens {
    /// Where a token stands in the text.
    private(set) var ranges: [Range<Int>] = []

    /// Linear in the length of the text.
    init(_ text: ArraySlice<Unicode.Scalar>) {
        var position = text.startIndex
        while position < text.endIndex {
            let start = position
            if let end = Self.endOfMark(text, start) {
                position = end
            } else if text[start].isWhiteSpace {
                position += 1
                continue
            } else if Self.startsWord(text[start]) {
                position = Self.endOfWord(text, start)
            } else {
                position = start + 1
            }
            ranges.append(start..<position)
        }
    }

    /// A word ends before white space, closing punctuation, a dash or an ellipsis, or a comma before one of these.
    private static func endOfWord(_ text: ArraySlice<Unicode.Scalar>, _ start: Int) -> Int {
        var end = start + 1
        while end < text.endIndex, !text[end].isWhiteSpace {
            if endsWord(text, end) { return end }
            if text[end] == ",", end + 1 == text.endIndex || text[end + 1].isWhiteSpace || endsWord(text, end + 1) {
                return end
            }
            end += 1
        }
        return end
    }

    private static func endsWord(_ text: ArraySlice<Unicode.Scalar>, _ place: Int) -> Bool {
        isClosing(text[place]) || startsMark(text, place)
    }

    /// Whether a dash or an ellipsis begins at a place.
    private static func startsMark(_ text: ArraySlice<Unicode.Scalar>, _ place: Int) -> Bool {
        guard place + 1 < text.endIndex else { return false }
        switch (text[place], text[place + 1]) {
        case ("-", "-"), (".", "."): return true
        case (".", let next) where isSpace(next):
            return place + 4 < text.endIndex && text[place + 2] == "." && isSpace(text[place + 3])
                && text[place + 4] == "."
        default: return false
        }
    }

    /// The end of the dash or the ellipsis at `start`: `--`, `..` or longer, or `. . .`.
    private static func endOfMark(_ text: ArraySlice<Unicode.Scalar>, _ start: Int) -> Int? {
        guard startsMark(text, start) else { return nil }
        var end = start + 1
        if text[end].isWhiteSpace {
            while end + 1 < text.endIndex, isSpace(text[end]), text[end + 1] == "." { end += 2 }
            return end
        }
        while end < text.endIndex, text[end] == text[start] { end += 1 }
        return end
    }

    /// White space within a line.
    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar != "\n" && scalar.isWhiteSpace }

    private static func startsWord(_ scalar: Unicode.Scalar) -> Bool {
        !(scalar.value < 0x80 && "(\"`{[:;&#*@)}]-,".unicodeScalars.contains(scalar))
    }

    /// Whether it may follow the period of a sentence without a space between.
    static func isClosing(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case ")", "\"", ";", "}", "]", "*", ":", "@", "'", "(", "{", "[", "!", "?", "\u{2018}", "\u{2019}", "\u{201C}",
            "\u{201D}", "\u{AB}", "\u{BB}":
            true
        default: false
        }
    }
}
