/// The words of an answer after SQuAD's normalisation: lower case, without ASCII punctuation, without a, an and the.
enum AnswerWords {
    /// Changes a text, which is in lower case, so that its words are those between white space.
    static func normalize(_ text: inout ScalarSlice) {
        text.removeScalars { $0.isASCIIPunctuation }
        // An article is one where no letter, digit or underscore is beside it (`\b` of Python's regular expressions), so that
        // it is also one before a combining mark.
        var index = 0
        var isInWord = false
        while index < text.count {
            let length = isInWord ? 0 : articleLength(text, at: index)
            if length > 0, index + length == text.count || !isWordCharacter(text[index + length]) {
                for place in index..<index + length { text[place] = 0x20 }
                index += length
                continue
            }
            isInWord = isWordCharacter(text[index])
            index += 1
        }
    }

    private static func isWordCharacter(_ value: UInt32) -> Bool {
        value < 0x80 ? value.isASCIIDigit || (value | 0x20) &- 0x61 < 26 : value.isAlphanumeric
    }

    /// The length of a, an or the in lower case; the longest that is there.
    private static func articleLength(_ text: ScalarSlice, at index: Int) -> Int {
        if text[index] == 0x61 { return index + 1 < text.count && text[index + 1] == 0x6E ? 2 : 1 }
        guard text[index] == 0x74, index + 2 < text.count else { return 0 }
        return text[index + 1] == 0x68 && text[index + 2] == 0x65 ? 3 : 0
    }

    /// The words of a text that is in lower case, with one space between them. The text is changed.
    static func joined(_ text: ScalarSlice) -> ScalarSlice {
        var text = text
        normalize(&text)
        text.collapseSpace()
        return text
    }
}
