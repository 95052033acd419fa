/// Splits a sentence into words and punctuation by the rules of NLTK's word tokenizer (3.10), which extends those of the Penn
/// Treebank (R. MacIntyre's tokenizer.sed): `don't` is `do` and `n't`, a final period is a token, an inner one is not.
///
/// Each rule takes linear time, and so does all of them.
enum WordTokens {
    typealias Text = [Unicode.Scalar]

    /// The tokens of one sentence.
    static func tokens(ofSentence sentence: ArraySlice<Unicode.Scalar>) -> [ArraySlice<Unicode.Scalar>] {
        var text = openingQuotes(Array(sentence))
        text = finalPeriod(text)
        text = commas(text)
        text = marks(text)
        text = closingQuotes([" "] + text + [" "])
        text = clitics(text)
        text = fusedWords(text)
        return text.split { $0.isWhiteSpace }
    }

    // MARK: Rules, in their order

    private static func openingQuotes(_ text: Text) -> Text {
        guard text.contains(where: { "\"'`«“‘„".unicodeScalars.contains($0) }) else { return text }
        var padded = Text()
        var position = 0
        if text.first == "\"" {
            padded += "``".unicodeScalars
            position = 1
        }
        while position < text.count {
            let scalar = text[position]
            switch scalar {
            case "«", "“", "‘", "„":
                padded += [" ", scalar, " "]
                position += 1
            case "`":
                padded.append(" ")
                while position < text.count, text[position] == "`" {
                    padded.append("`")
                    position += 1
                }
                padded.append(" ")
            default:
                padded.append(scalar)
                position += 1
            }
        }
        // A double quote that opens becomes two back quotes.
        var quoted = Text()
        position = 0
        while position < padded.count {
            let scalar = padded[position]
            quoted.append(scalar)
            position += 1
            guard scalar == " " || scalar == "(" || scalar == "[" || scalar == "{" || scalar == "<" else { continue }
            if position < padded.count, padded[position] == "\"" {
                quoted += " `` ".unicodeScalars
                position += 1
            } else if padded[position...].starts(with: ["'", "'"]) {
                quoted += " `` ".unicodeScalars
                position += 2
            }
        }
        // A single quote before a word is a token, but not one that begins a clitic.
        var result = Text()
        for (place, scalar) in quoted.enumerated() {
            result.append(scalar)
            guard scalar == "'", place + 1 < quoted.count, quoted[place + 1].isWordCharacter,
                place == 0 || !quoted[place - 1].isWordCharacter
            else { continue }
            var end = place + 1
            while end < quoted.count, end - place <= 3, quoted[end].isWordCharacter { end += 1 }
            if !isOne(of: cliticWords, quoted[(place + 1)..<end]) { result.append(" ") }
        }
        return result
    }

    /// The period at the end of the sentence, before closing quotes and brackets.
    private static func finalPeriod(_ text: Text) -> Text {
        var end = text.count
        while end > 0, text[end - 1].isWhiteSpace { end -= 1 }
        var period = end - 1
        while period >= 0, text[period] == " " || "])}>\"'»”’".unicodeScalars.contains(text[period]) { period -= 1 }
        guard period >= 1, text[period] == ".", text[period - 1] != "." else { return text }
        return text[..<period] + [" ", ".", " "] + text[(period + 1)..<end] + [" "]
    }

    /// Commas and colons that no digit follows.
    private static func commas(_ text: Text) -> Text {
        guard text.contains(where: { $0 == "," || $0 == ":" }) else { return text }
        var result = Text()
        var position = 0
        while position < text.count {
            let scalar = text[position]
            position += 1
            guard scalar == "," || scalar == ":" else {
                result.append(scalar)
                continue
            }
            if position == text.count {
                result += [" ", scalar, " "]
            } else if text[position].isDecimalDigit {
                result.append(scalar)
            } else {
                result += [" ", scalar, " ", text[position]]
                position += 1
            }
        }
        return result
    }

    /// Ellipses, dashes, brackets and other marks.
    private static func marks(_ text: Text) -> Text {
        var result = Text()
        result.reserveCapacity(text.count + text.count / 4)
        var position = 0
        while position < text.count {
            let scalar = text[position]
            var end = position + 1
            switch scalar {
            case "." where end < text.count && text[end] == ".":
                while end < text.count, text[end] == "." { end += 1 }
            case "-" where end < text.count && text[end] == "-": end += 1
            case ";", "@", "#", "$", "%", "&", "?", "!", "*", "[", "]", "(", ")", "{", "}", "<", ">",
                "\u{2012}"..."\u{2015}":
                break
            default:
                result.append(scalar)
                position = end
                continue
            }
            result.append(" ")
            result += text[position..<end]
            result.append(" ")
            position = end
        }
        return result
    }

    private static func closingQuotes(_ text: Text) -> Text {
        var result = Text()
        result.reserveCapacity(text.count)
        var position = 0
        while position < text.count {
            let scalar = text[position]
            position += 1
            switch scalar {
            case "»", "”", "’": result += [" ", scalar, " "]
            case "\"": result += " '' ".unicodeScalars
            case "'" where position < text.count && text[position] == "'":
                result += " '' ".unicodeScalars
                position += 1
            default: result.append(scalar.isWhiteSpace ? " " : scalar)
            }
        }
        return result
    }

    /// `'s`, `n't` and the like at the end of a word, and single quotes there.
    private static func clitics(_ text: Text) -> Text {
        guard text.contains("'") else { return text }
        var result = Text()
        var isFirst = true
        for word in text.split(separator: " ") {
            if !isFirst { result.append(" ") }
            isFirst = false
            result += word.dropLast(lengthOfClitic(word))
            if lengthOfClitic(word) > 0 {
                result.append(" ")
                result += word.suffix(lengthOfClitic(word))
            }
        }
        return [" "] + result + [" "]
    }

    private static func lengthOfClitic(_ word: ArraySlice<Unicode.Scalar>) -> Int {
        for ending in cliticEndings where word.count > ending.count && word.suffix(ending.count).elementsEqual(ending) {
            return word[word.endIndex - ending.count - 1] == "'" ? 0 : ending.count
        }
        return 0
    }

    private static let cliticEndings = [
        "'s", "'S", "'m", "'M", "'d", "'D", "'", "'ll", "'LL", "'re", "'RE", "'ve", "'VE", "n't", "N'T",
    ].map { Array($0.unicodeScalars) }

    private static let cliticWords: Set<[Unicode.Scalar]> = Set(
        ["re", "ve", "ll", "m", "t", "s", "d", "n"].map { Array($0.unicodeScalars) })

    private static func isOne(of words: Set<[Unicode.Scalar]>, _ word: ArraySlice<Unicode.Scalar>) -> Bool {
        words.contains(word.map(lowercased))
    }

    private static func lowercased(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        scalar.value &- 0x41 < 26 ? Unicode.Scalar(UInt8(scalar.value) | 0x20) : scalar
    }

    /// `cannot`, `gonna` and the like become two words.
    private static func fusedWords(_ text: Text) -> Text {
        var result = Text()
        result.reserveCapacity(text.count)
        var position = 0
        while position < text.count {
            if let split = fused(text, position) {
                result.append(" ")
                result += text[position..<position + split.first]
                result.append(" ")
                result += text[position + split.first..<position + split.length]
                result.append(" ")
                position += split.length
            } else {
                result.append(text[position])
                position += 1
            }
        }
        return result
    }

    private static func fused(_ text: Text, _ start: Int) -> (first: Int, length: Int)? {
        let scalar = lowercased(text[start])
        guard "cdglmw'".unicodeScalars.contains(scalar) else { return nil }
        let before: Unicode.Scalar = start > 0 ? text[start - 1] : " "
        for word in fusedTable where word.letters[0] == scalar {
            let end = start + word.letters.count
            guard end <= text.count, zip(text[start..<end], word.letters).allSatisfy({ lowercased($0) == $1 }) else {
                continue
            }
            let after: Unicode.Scalar = end < text.count ? text[end] : " "
            let begins = scalar == "'" ? before == " " : !before.isWordCharacter
            if begins, word.needsSpace ? after.isWhiteSpace : !after.isWordCharacter {
                return (word.first, word.letters.count)
            }
        }
        return nil
    }

    private static let fusedTable: [(letters: [Unicode.Scalar], first: Int, needsSpace: Bool)] = [
        ("cannot", 3), ("d'ye", 1), ("gimme", 3), ("gonna", 3), ("gotta", 3), ("lemme", 3), ("more'n", 4), ("wanna", 3),
        ("'tis", 2), ("'twas", 2),
    ].map { (Array($0.0.unicodeScalars), $0.1, $0.0 == "wanna") }
}
