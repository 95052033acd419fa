/// How ROUGE divides texts into words.
enum RougeTokenizer: String, CaseIterable, Sendable {
    /// rouge-score's: runs of a to z and 0 to 9. All other scripts have no words.
    case ascii
    /// Runs of letters, digits and marks of all scripts; scripts without spaces between words by character.
    case unicode

    /// The words of a text that is in lower case, with the lines that they are in.
    ///
    /// - Parameters:
    ///   - take: receives each word, as a part of the text, and its hash (`WordTable.hash`).
    ///   - endLine: is called at the end of each line that is not empty.
    @inline(__always)
    func forEachWord(in text: ScalarSlice, _ take: (ScalarSlice, _ hash: UInt64) -> Void, endLine: () -> Void) {
        var lineStart = 0
        var wordStart = 0
        var hash = WordTable.emptyHash
        func endWord(_ index: Int) {
            if index > wordStart { take(ScalarSlice(rebasing: text[wordStart..<index]), hash) }
            hash = WordTable.emptyHash
        }
        var isAlone = false
        for index in text.indices {
            let value = text[index]
            guard isInWord(value) else {
                endWord(index)
                wordStart = index + 1
                if value == 0x0A {
                    if index > lineStart { endLine() }
                    lineStart = index + 1
                }
                continue
            }
            if self == .unicode, !value.isMark {
                let standsAlone = value.isOfScriptWithoutSpaces
                if standsAlone || isAlone {
                    endWord(index)
                    wordStart = index
                }
                isAlone = standsAlone
            }
            hash = WordTable.hash(hash, value)
        }
        endWord(text.count)
        if text.count > lineStart { endLine() }
    }

    @inline(__always)
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
