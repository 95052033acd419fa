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

    /// Changes a text so that its words are those between white space.
    ///
    /// - Parameter spare: memory to use.
    func separate(_ text: inout Scalars, _ spare: inout Scalars) {
        text.removeTrailingSpace()
        switch self {
        case .mteval13a:
            Self.unescape(&text)
            text.insert(0x20, at: 0)
            text.append(0x20)
            text.separateWestern(&spare)
        case .international:
            text.separatePairs(&spare, { !$0.isNumber && $1.isPunctuation }, endsInSpace: true)
            text.separatePairs(&spare, { $0.isPunctuation && !$1.isNumber }, endsInSpace: false)
            text.space(into: &spare) { $0.isSymbol }
        case .character:
            text.space(into: &spare) { !$0.isSpace }
        case .chinese:
            text.removeOuterSpace()
            text.space(into: &spare) { $0.isChinese }
            text.separateWestern(&spare)
        case .none: break
        }
    }

    /// Decodes SGML: line ends, entities, and marks of skipped text.
    private static func unescape(_ text: inout Scalars) {
        if text.contains(0x3C) { text = text.replacing(Scalars("<skipped>"), with: []) }
        if text.contains(0x0A) {
            text = text.replacing(Scalars("-\n"), with: []).replacing([0x0A], with: [0x20])
        }
        text.replaceEntities()
    }
}

extension Scalars {
    /// Replaces four entities, one after the other, so that `&amp;lt;` is `<`.
    mutating func replaceEntities() {
        guard contains(0x26) else { return }
        for (entity, character) in [("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")] {
            self = replacing(Scalars(entity), with: Scalars(character))
        }
    }

    /// Separates punctuation and symbols of ASCII, except in numbers, like mteval-v13a.
    ///
    /// - Parameter between: changes the text once punctuation is separated, before points, commas and dashes are.
    mutating func separateWestern(_ spare: inout Scalars, between: ((Scalars) -> Scalars)? = nil) {
        space(into: &spare) { $0.isSeparatedByMteval }
        if let between { self = between(self) }
        separatePairs(&spare, { !$0.isASCIIDigit && $1.isPointOrComma }, endsInSpace: true)
        separatePairs(&spare, { $0.isPointOrComma && !$1.isASCIIDigit }, endsInSpace: false)
        separatePairs(&spare, { $0.isASCIIDigit && $1 == 0x2D }, endsInSpace: true)
    }

    /// Puts spaces around scalars.
    @inline(__always)
    mutating func space(into spare: inout Scalars, _ isSeparate: (UInt32) -> Bool) {
        spare.removeAll(keepingCapacity: true)
        spare.reserveCapacity(2 * count)
        for value in self {
            if isSeparate(value) {
                spare.append(0x20)
                spare.append(value)
                spare.append(0x20)
            } else {
                spare.append(value)
            }
        }
        swap(&self, &spare)
    }

    /// Puts a space between pairs of neighbours, and another one behind or before them, from the left and without overlap, as
    /// the replacement of a regular expression of two characters does.
    @inline(__always)
    mutating func separatePairs(_ spare: inout Scalars, _ isPair: (UInt32, UInt32) -> Bool, endsInSpace: Bool) {
        spare.removeAll(keepingCapacity: true)
        spare.reserveCapacity(2 * count)
        var index = 0
        while index < count {
            if index + 1 < count, isPair(self[index], self[index + 1]) {
                if !endsInSpace { spare.append(0x20) }
                spare.append(self[index])
                spare.append(0x20)
                spare.append(self[index + 1])
                if endsInSpace { spare.append(0x20) }
                index += 2
            } else {
                spare.append(self[index])
                index += 1
            }
        }
        swap(&self, &spare)
    }
}

extension UInt32 {
    /// What mteval-v13a always separates: `{-~`, `[-\``, space to `&`, `(-+`, `:-@` and `/`.
    fileprivate var isSeparatedByMteval: Bool {
        switch self {
        case 0x20...0x26, 0x28...0x2B, 0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
        default: false
        }
    }

    fileprivate var isPointOrComma: Bool { self == 0x2E || self == 0x2C }

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
