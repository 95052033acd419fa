/// How TER divides texts into words: Tercom's normalisation as sacrebleu 2.6.0 has it.
struct EditRateTokenizer: Sendable {
    let normalizes: Bool
    let removesPunctuation: Bool
    let isAsian: Bool
    let isCaseSensitive: Bool
    private let splitter: WordSplitter

    init(normalizes: Bool, removesPunctuation: Bool, isAsian: Bool, isCaseSensitive: Bool) {
        self.normalizes = normalizes
        self.removesPunctuation = removesPunctuation
        self.isAsian = isAsian
        self.isCaseSensitive = isCaseSensitive
        guard normalizes else {
            splitter = .whiteSpace
            return
        }
        splitter = WordSplitter(hasBorders: true) { value in
            if isAsian, value.isAsianCharacter || value.isAsianPunctuation { return .separate }
            return value == 0x27 ? .apostrophe : value.westernKind
        }
    }

    /// Replaces the contents of a buffer by the words of a text, each with a space behind it. The text, which is in lower
    /// case unless case counts, is changed.
    func separate(_ text: ScalarSlice, into words: inout Buffer<UInt32>) {
        words.removeAll()
        var text = text
        text.removeTrailingSpace()
        if normalizes {
            if text.contains(0x0A) {
                text.replace("\n-", with: nil)
                text.replaceLineFeeds()
            }
            if text.contains(0x26) { text.replaceEntities() }
        }
        splitter.forEachWord(in: text) { word, _ in
            let start = words.count
            for value in word where !removesPunctuation || !isRemoved(value) { words.append(value) }
            if words.count > start { words.append(0x20) }
        }
    }

    private func isRemoved(_ value: UInt32) -> Bool {
        value.isRemovedByTercom || isAsian && value.isAsianPunctuation
    }
}

extension UInt32 {
    /// `.,?:;!"()`.
    fileprivate var isRemovedByTercom: Bool {
        switch self {
        case 0x21, 0x22, 0x28, 0x29, 0x2C, 0x2E, 0x3A, 0x3B, 0x3F: true
        default: false
        }
    }

    /// What is split down to the character: ideographs, radicals, strokes, compatibility forms, and, by sacrebleu's range of
    /// enclosed letters, whose end is written in another order, all of U+3200 to U+3F22.
    fileprivate var isAsianCharacter: Bool {
        switch self {
        case 0x2E80...0x2EFF, 0x31C0...0x31EF, 0x3200...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0xFE30...0xFE4F: true
        default: false
        }
    }

    fileprivate var isAsianPunctuation: Bool {
        switch self {
        case 0x3001, 0x3002, 0x3008...0x3011, 0x3014...0x301F, 0x30FB, 0xFF61...0xFF65: true
        case 0xFF01, 0xFF02, 0xFF08, 0xFF09, 0xFF0C, 0xFF0E, 0xFF1A, 0xFF1B, 0xFF1F: true
        default: false
        }
    }
}
