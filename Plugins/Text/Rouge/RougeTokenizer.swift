/// How ROUGE divides texts into words.
enum RougeTokenizer: String, CaseIterable, Sendable {
    /// rouge-score's: runs of a to z and 0 to 9. All other scripts have no words.
    case ascii
    /// Runs of letters, digits and marks of all scripts; scripts without spaces between words by character.
    case unicode

    /// The words of a text that is in lower case, with the lines that they are in.
    ///
    /// - Parameter take: receives each word, or nil at the end of each line that is not empty.
    func forEachWord(in text: Scalars, _ take: (Range<Int>?) -> Void) {
        var lineStart = 0
        var wordStart: Int?
        func endWord(_ index: Int) {
            if let start = wordStart { take(start..<index) }
            wordStart = nil
        }
        var isAlone = false
        for index in 0...text.count {
            if index == text.count || text[index] == 0x0A {
                endWord(index)
                if index > lineStart { take(nil) }
                lineStart = index + 1
                continue
            }
            let value = text[index]
            guard isInWord(value) else {
                endWord(index)
                continue
            }
            if self == .unicode, !value.isMark {
                let standsAlone = value.isOfScriptWithoutSpaces
                if standsAlone || isAlone { endWord(index) }
                isAlone = standsAlone
            }
            if wordStart == nil { wordStart = index }
        }
    }

    private func isInWord(_ value: UInt32) -> Bool {
        if value < 0x80 { return value.isASCIIDigit || value &- 0x61 < 26 }
        return self == .unicode && (value.isLetter || value.isNumber || value.isMark)
    }
}

extension UInt32 {
    /// Han, kana, Thai, Lao, Khmer and Myanmar, by their blocks.
    fileprivate var isOfScriptWithoutSpaces: Bool {
        switch self {
        case 0x0E00...0x0EFF, 0x1000...0x109F, 0x1780...0x17FF, 0x19E0...0x19FF, 0x2E80...0x2FDF, 0x3005, 0x3007,
            0x3021...0x3029, 0x3038...0x303B, 0x3040...0x30FF, 0x31F0...0x31FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
            0xA9E0...0xA9FF, 0xAA60...0xAA7F, 0xF900...0xFAFF, 0xFF66...0xFF9F, 0x1AFF0...0x1B16F, 0x20000...0x323AF:
            true
        default: false
        }
    }
}
