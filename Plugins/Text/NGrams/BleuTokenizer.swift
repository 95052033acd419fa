/// How BLEU divides texts into words, as sacrebleu 2.6.0 does it: each name is one of its tokenizers.
enum BleuTokenizer: String, CaseIterable, Sendable {
    /// That of mteval-v13a, which WMT uses.
    case mteval13a = "13a"
    /// That of mteval-v14, which separates punctuation and symbols of all scripts.
    case international = "intl"
    /// Each character.
    case character = "char"
    /// Each Chinese character, and `13a` between them.
    case chinese = "zh"
    /// At white space.
    case none

    var splitter: WordSplitter {
        switch self {
        case .mteval13a: WordSplitter(hasBorders: true) { $0.westernKind }
        case .international:
            WordSplitter { value in
                switch ScalarClass(value) {
                case .number: .digit
                case .punctuation: .point
                case .symbol: .separate
                case .letter, .mark, .other: .letter
                }
            }
        case .character: WordSplitter { _ in .separate }
        case .chinese: WordSplitter { $0.isChinese ? .separate : $0.westernKind }
        case .none: .whiteSpace
        }
    }

    /// Removes from a text what is no part of it, before it is divided.
    func prepare(_ text: inout ScalarSlice) {
        switch self {
        case .mteval13a:
            text.removeTrailingSpace()
            // One look at the whole text, several scalars at a time: most texts have none of these.
            let (angle, newline, ampersand): (UInt32, UInt32, UInt32) = (1, 2, 4)
            var found: UInt32 = 0
            for value in text {
                found |= (value == 0x3C ? angle : 0) | (value == 0x0A ? newline : 0) | (value == 0x26 ? ampersand : 0)
            }
            if found & angle != 0 { text.replace("<skipped>", with: nil) }
            if found & newline != 0 {
                text.replace("-\n", with: nil)
                text.replaceLineFeeds()
            }
            if found & ampersand != 0 { text.replaceEntities() }
        case .international: text.removeTrailingSpace()
        case .chinese: text.removeOuterSpace()
        case .character, .none: break
        }
    }
}

extension UInt32 {
    /// sacrebleu's ranges of Chinese characters. Two of them are meant for planes beyond the first, but written with escapes of
    /// four digits, so that they cover U+2001 to U+2A6D and U+2F81 to U+2FA1.
    fileprivate var isChinese: Bool {
        switch self {
        case 0x2001...0x2A6D, 0x2E80...0x2FDF, 0x2FF0...0x303F, 0x3100...0x312F, 0x31A0...0x31BF, 0x31C0...0x31EF,
            0x3200...0x4DB5, 0x4E00...0x9FBB, 0xF900...0xFA2D, 0xFA30...0xFA6A, 0xFA70...0xFAD9, 0xFE10...0xFE1F,
            0xFE30...0xFE4F, 0xFF00...0xFFEF:
            true
        default: false
        }
    }
}
