/// Tells the language of a text by how often it uses sequences of one to three characters.
///
/// The method and its tables are those of langdetect (N. Shuyo, Language Detection Library for Java, 2010), a naive Bayes
/// classifier. langdetect draws up to 1,000 sequences at random, seven times, and its smoothing is random too. Here every
/// sequence of the text counts, once for each time it occurs, and the smoothing is its mean, so that a text always has the
/// same language.
enum LanguageDetector {
    /// The characters that are read, as in langdetect.
    private static let longest = 10_000

    /// The code of the most likely language, such as "en" or "zh-cn"; nil if the text has nothing that tells languages apart.
    ///
    /// Linear in the length of the text.
    static func language(of text: some Sequence<Unicode.Scalar>) -> String? {
        let profiles = LanguageProfiles.shared
        let characters = prepared(Array(text))
        var sums = [Int](repeating: 0, count: profiles.languages.count)
        // Single characters, which most languages have, are added at the end, each of them once.
        var singles = [Int](repeating: 0, count: 0x80)
        var found = false
        // The last characters of the word, up to three, the last one in the lowest bits; a space begins it.
        var window = UInt64(space)
        var length = 1
        var isCapitalWord = false
        var lastIsUpper = false
        for scalar in characters {
            let character = normalized(scalar, profiles)
            if window & 0xFFFF == UInt64(space) {
                window = UInt64(space)
                length = 1
                isCapitalWord = false
                lastIsUpper = false
                if character == space { continue }
            }
            // A character beyond the basic plane is in no profile; 0xFFFF stands for all of them.
            window = (window << 16 | UInt64(character ?? 0xFFFF)) & 0xFFFF_FFFF_FFFF
            length = min(length + 1, 3)
            let isUpper = (character ?? 0xFFFF) == 0xFFFF ? scalar.properties.isUppercase : isUpper(character)
            if isUpper {
                if lastIsUpper { isCapitalWord = true }
            } else {
                isCapitalWord = false
            }
            lastIsUpper = isUpper
            if isCapitalWord { continue }
            for length in (character == space ? 2 : 1)...length {
                let key = window & (1 << UInt64(16 * length) - 1)
                if key < 0x80 {
                    singles[Int(key)] += 1
                    continue
                }
                if profiles.addWeights(of: key, to: &sums) { found = true }
            }
        }
        for (character, count) in singles.enumerated() where count > 0 {
            if profiles.addWeights(of: UInt64(character), times: count, to: &sums) { found = true }
        }
        guard found, let largest = sums.max(), let best = sums.firstIndex(of: largest) else { return nil }
        return profiles.languages[best]
    }

    /// Whether it knows a language. "zh" stands for both forms of Chinese.
    static func knows(_ language: String) -> Bool {
        language == "zh" || LanguageProfiles.shared.languages.contains(language)
    }

    private static let space: UInt16 = 0x20

    private static func isUpper(_ character: UInt16?) -> Bool {
        guard let character, let scalar = Unicode.Scalar(character) else { return false }
        switch character {
        case 0..<0x80: return character &- 0x41 < 26
        // No letter of these large scripts has case.
        case 0x0900...0x109F, 0x2E80...0xA63F, 0xAC00...0xD7FF: return false
        default: return scalar.properties.isUppercase
        }
    }

    // MARK: Preparing a text

    /// Without addresses, with composed Vietnamese letters, without runs of spaces, not too long; and without Latin letters
    /// where they are fewer than half of the others.
    private static func prepared(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        let composed = composingVietnamese(withoutMailAddresses(withoutURLs(text)))
        var kept: [Unicode.Scalar] = []
        var before: Unicode.Scalar = "\0"
        for scalar in composed.prefix(longest) {
            if scalar != " " || before != " " { kept.append(scalar) }
            before = scalar
        }
        var (latin, other) = (0, 0)
        for scalar in kept {
            if isLatin(scalar) {
                latin += 1
            } else if scalar.value >= 0x300, !(0x1E00...0x1EFF).contains(scalar.value) {
                other += 1
            }
        }
        if latin * 2 < other { kept.removeAll(where: isLatin) }
        return kept
    }

    private static func isLatin(_ scalar: Unicode.Scalar) -> Bool { (0x41...0x7A).contains(scalar.value) }

    private static func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x80 && (scalar.value &- 0x30 < 10 || (scalar.value | 0x20) &- 0x61 < 26)
    }

    private static func isOfURL(_ scalar: Unicode.Scalar) -> Bool {
        isAlphanumeric(scalar) || (scalar.value < 0x80 && "-_.?&~;+=/#".unicodeScalars.contains(scalar))
    }

    /// Puts a space in the place of each `http://…`, up to 2,076 characters long.
    private static func withoutURLs(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        guard text.contains(":") else { return text }
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(text.count)
        var position = 0
        while position < text.count {
            if text[position] == "h", let start = endOfScheme(text, position), start < text.count, isOfURL(text[start])
            {
                var end = start
                while end < text.count, end - start < 2076, isOfURL(text[end]) { end += 1 }
                result.append(" ")
                position = end
            } else {
                result.append(text[position])
                position += 1
            }
        }
        return result
    }

    private static func endOfScheme(_ text: [Unicode.Scalar], _ start: Int) -> Int? {
        for scheme in schemes where text[start...].starts(with: scheme) { return start + scheme.count }
        return nil
    }

    private static let schemes = ["http://", "https://"].map { Array($0.unicodeScalars) }

    private static func isOfMailbox(_ scalar: Unicode.Scalar) -> Bool {
        isAlphanumeric(scalar) || scalar == "-" || scalar == "_" || scalar == "."
    }

    private static func isOfHost(_ scalar: Unicode.Scalar) -> Bool {
        isAlphanumeric(scalar) || scalar == "-" || scalar == "_"
    }

    /// Puts a space in the place of each mail address: up to 64 characters before the `@`, and 2 to 510 after it.
    private static func withoutMailAddresses(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        guard text.contains("@") else { return text }
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(text.count)
        var done = 0
        for (place, scalar) in text.enumerated() where scalar == "@" && place >= done {
            var start = place
            while start > done, place - start < 64, isOfMailbox(text[start - 1]) { start -= 1 }
            var end = place + 1
            while end < text.count, end - place <= 255, isOfHost(text[end]) { end += 1 }
            let host = end - place - 1
            var more = 0
            while end < text.count, more < 255, isOfMailbox(text[end]) {
                end += 1
                more += 1
            }
            // The last part of an address needs a character, which the first can spare if it has two.
            guard start < place, host >= 1, more >= 1 || host >= 2 else { continue }
            result += text[done..<start]
            result.append(" ")
            done = end
        }
        return result + text[done...]
    }

    /// Composes letters with the marks of Vietnamese tones.
    private static func composingVietnamese(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        guard text.contains(where: { marks.contains($0.value) && composedLetters[$0] != nil }) else { return text }
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(text.count)
        for scalar in text {
            if let letter = result.last, let composed = composedLetters[scalar]?[letter] {
                result[result.count - 1] = composed
            } else {
                result.append(scalar)
            }
        }
        return result
    }

    /// Where the marks of tones are.
    private static let marks: ClosedRange<UInt32> = 0x300...0x323

    /// By tone mark and letter.
    private static let composedLetters: [Unicode.Scalar: [Unicode.Scalar: Unicode.Scalar]] = {
        let letters = Array("AEIOUYaeiouyÂÊÔâêôĂăƠơƯư".unicodeScalars)
        let composed: [Unicode.Scalar: String] = [
            "\u{300}": "ÀÈÌÒÙỲàèìòùỳẦỀỒầềồẰằỜờỪừ", "\u{301}": "ÁÉÍÓÚÝáéíóúýẤẾỐấếốẮắỚớỨứ",
            "\u{303}": "ÃẼĨÕŨỸãẽĩõũỹẪỄỖẫễỗẴẵỠỡỮữ",
            "\u{309}": "ẢẺỈỎỦỶảẻỉỏủỷẨỂỔẩểổẲẳỞởỬử", "\u{323}": "ẠẸỊỌỤỴạẹịọụỵẬỆỘậệộẶặỢợỰự",
        ]
        return composed.mapValues { Dictionary(uniqueKeysWithValues: zip(letters, $0.unicodeScalars)) }
    }()

    /// The character that counts in place of a scalar; nil for one beyond the basic plane.
    private static func normalized(_ scalar: Unicode.Scalar, _ profiles: LanguageProfiles) -> UInt16? {
        guard let character = UInt16(exactly: scalar.value) else { return nil }
        switch character {
        case 0..<0x80: return isLatinLetter(character) ? character : space
        case 0xA0, 0xAB, 0xB0, 0xBB: return space
        case 0x219: return 0x15F
        case 0x21B: return 0x163
        case 0x2000...0x206F: return space
        case 0x6CC: return 0x64A
        case 0x1EA0...0x1EFF: return 0x1EC3
        case 0x3040...0x309F: return 0x3042
        case 0x30A0...0x30FF: return 0x30A2
        case 0x3100...0x312F, 0x31A0...0x31BF: return 0x3105
        case 0x4E00...0x9FFF: return profiles.representative(of: character)
        case 0xAC00...0xD7AF: return 0xAC00
        default: return character
        }
    }

    private static func isLatinLetter(_ character: UInt16) -> Bool { (character | 0x20) &- 0x61 < 26 }
}
