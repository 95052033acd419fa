import ScorerKit

/// How TER divides texts into words: Tercom's normalisation as sacrebleu 2.6.0 has it.
struct EditRateTokenizer: Sendable {
    let normalizes: Bool
    let removesPunctuation: Bool
    let isAsian: Bool
    let isCaseSensitive: Bool

    func separate(_ text: inout Scalars, _ spare: inout Scalars) {
        text.removeTrailingSpace()
        if text.isEmpty { return }
        if !isCaseSensitive { text.lowercase() }
        if normalizes {
            if text.contains(0x0A) {
                text = text.replacing(Scalars("\n-"), with: []).replacing([0x0A], with: [0x20])
            }
            text.replaceEntities()
            text.insert(0x20, at: 0)
            text.append(0x20)
            text.separateWestern(&spare) { $0.replacing(Scalars("'s "), with: Scalars(" 's ")) }
            if isAsian { text.space(into: &spare) { $0.isAsianCharacter || $0.isAsianPunctuation } }
        }
        if removesPunctuation {
            text.removeAll { $0.isRemovedByTercom || isAsian && $0.isAsianPunctuation }
        }
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
