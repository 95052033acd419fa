/// How Llama Stack's IFEval counts sentences and words of languages that do not put spaces between words.
enum EastAsian {
    /// The most frequent language of the lines of a text that are not short; "en" if nothing tells.
    static func languageOfLines(_ text: [Unicode.Scalar]) -> String {
        var counts: [(language: String, lines: Int)] = []
        for line in text.split(separator: "\n") {
            let line = line.trimmed
            guard line.count >= 4, let language = LanguageDetector.language(of: line) else { continue }
            if let index = counts.firstIndex(where: { $0.language == language }) {
                counts[index].lines += 1
            } else {
                counts.append((language, 1))
            }
        }
        // The first of several.
        var best = (language: "en", lines: 0)
        for count in counts where count.lines > best.lines { best = count }
        return best.language
    }

    /// The sentences of Chinese, Japanese or Hindi text: what stands before each mark that ends one, line by line.
    static func sentences(_ text: [Unicode.Scalar]) -> Int {
        var count = 0
        for line in lines(text) {
            var isInside = false
            for scalar in line.trimmed {
                let ends = "!?。.！？．।".unicodeScalars.contains(scalar)
                if !ends && !isInside { count += 1 }
                isInside = !ends
            }
        }
        return count
    }

    /// The sentences of Thai text, which ends them with a space: an approximation of pythainlp, which the reference uses.
    static func thaiSentences(_ text: [Unicode.Scalar]) -> Int {
        lines(text).reduce(0) { $0 + $1.split { $0.isWhiteSpace }.count }
    }

    /// The characters of a text in Chinese, Japanese or Korean, the words of other scripts in it, and emoji.
    static func words(_ text: [Unicode.Scalar]) -> Int {
        var count = 0
        var isInWord = false
        for scalar in text {
            if isCharacter(scalar) || isEmoji(scalar) {
                count += 1
                isInWord = false
            } else if scalar.isWhiteSpace {
                isInWord = false
            } else if !isPunctuation(scalar) && !isOfEmoji(scalar) {
                if !isInWord { count += 1 }
                isInWord = true
            }
        }
        return count
    }

    /// The words of Thai text, about one for four characters, and the words of other scripts in it: an approximation of
    /// pythainlp.
    static func thaiWords(_ text: [Unicode.Scalar]) -> Int {
        var (thai, others, isInWord) = (0, 0, false)
        for scalar in text {
            if (0xE00...0xE7F).contains(scalar.value) {
                thai += 1
                isInWord = false
            } else if scalar.isWhiteSpace || isPunctuation(scalar) {
                isInWord = false
            } else {
                if !isInWord { others += 1 }
                isInWord = true
            }
        }
        return (thai + 3) / 4 + others
    }

    private static func isCharacter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x3040...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xAC00...0xD7AF, 0xF900...0xFAFF, 0x20000...0x3FFFF:
            !isPunctuation(scalar)
        default: false
        }
    }

    private static func isEmoji(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value >= 0x2000 && scalar.properties.isEmojiPresentation && !scalar.properties.isEmojiModifier
    }

    /// A part of an emoji's sequence: a modifier, a variation selector, a joiner.
    private static func isOfEmoji(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value >= 0x200D
            && (scalar.properties.isEmojiModifier || scalar.value == 0xFE0F || scalar.value == 0x200D)
    }

    private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
            .finalPunctuation, .otherPunctuation:
            true
        default: scalar.value < 0x80 && "$+<=>^`|~".unicodeScalars.contains(scalar)
        }
    }

    private static func lines(_ text: [Unicode.Scalar]) -> [ArraySlice<Unicode.Scalar>] {
        text.split {
            switch $0.value {
            case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029: true
            default: false
            }
        }
    }

}
