import Patterns
import ScorerParameters

extension Instruction {
    /// Whether a text follows the instruction. Linear in the length of the text, but for keywords that are expressions,
    /// whose searches are timed.
    func isFollowed(
        by text: inout InstructionText, _ search: inout KeywordSearch, _ scratch: inout MatchScratch
    ) throws(RowFault) -> Bool {
        if text.isBlank { return false }
        switch self {
        case .existence(let keywords):
            for keyword in keywords where try search.count(keyword, in: text.searched, most: 1, &scratch) == 0 {
                return false
            }
            return true
        case .frequency(let keyword, let quantity):
            let keyword = String(decoding: Array(keyword.utf8).trimmed, as: UTF8.self)
            return quantity.holds(try search.count(keyword, in: text.searched, &scratch))
        case .forbiddenWords(let words):
            for word in words where try search.count(word, in: text.searched, wholeWords: true, most: 1, &scratch) > 0 {
                return false
            }
            return true
        case .letterFrequency(let letter, let quantity):
            return quantity.holds(occurrences(of: Array(letter.utf8).span.lowercased, in: text.lowered))
        case .language(let wanted):
            guard let language = text.language else { return true }
            return language == wanted || (wanted == "zh" && language.hasPrefix("zh-"))
        case .sentences(let quantity): return quantity.holds(sentences(&text))
        case .words(let quantity): return quantity.holds(words(&text))
        case .capitalWords(let quantity):
            var count = 0
            for sentence in text.sentences {
                count += WordTokens.tokens(ofSentence: text.scalars[sentence]).count { PythonCase($0) == .upper }
            }
            return quantity.holds(count)
        case .englishCapital:
            return PythonCase(text.scalars) == .upper && text.language.map { $0 == "en" } ?? true
        case .englishLowercase:
            return PythonCase(text.scalars) == .lower && text.language.map { $0 == "en" } ?? true
        case .postscript(let marker): return try hasPostscript(marker, &text, &search, &scratch)
        case .multipleSections(let splitter, let number):
            // A text of so many sections has so many digits.
            let splitter = String(decoding: Array(splitter.utf8).trimmed, as: UTF8.self)
            return try search.count(splitter, followedBy: #"\s?\d+"#, in: text.bytes, most: .max, &scratch) >= number
        case .noComma: return !text.bytes.contains(UInt8(ascii: ","))
        case .constrainedResponse:
            let options = ["yes", "no", "maybe"].map { Array("My answer is \($0).".utf8) }
            return options.contains { text.bytes.span.firstOffset(of: $0) != nil }
        case .repeatPrompt(let prompt):
            let prompt = Array(Array(prompt.utf8).trimmed).span.lowercased
            return Array(text.trimmed).span.lowercased.starts(with: prompt)
        case .endChecker(let phrase):
            var answer = text.trimmed
            while answer.first == UInt8(ascii: "\"") { answer = answer.dropFirst() }
            while answer.last == UInt8(ascii: "\"") { answer = answer.dropLast() }
            let phrase = Array(Array(phrase.utf8).trimmed).span.lowercased
            return Array(answer).span.lowercased.suffix(phrase.count).elementsEqual(phrase)
        case .quotation: return isQuoted(&text)
        default: return InstructionFormats.isFollowed(self, by: text)
        }
    }

    private func occurrences(of letter: [UInt8], in text: [UInt8]) -> Int {
        if letter.count == 1 { return text.count { $0 == letter[0] } }
        // A capital with a dot becomes two characters, which occur as one never.
        guard String(decoding: letter, as: UTF8.self).unicodeScalars.count == 1 else { return 0 }
        return text[...].pieces(between: String(decoding: letter, as: UTF8.self)).count - 1
    }

    private func sentences(_ text: inout InstructionText) -> Int {
        if text.dialect == .llamaStack {
            switch text.languageOfLines {
            case "zh-cn", "zh-tw", "ja", "hi": return EastAsian.sentences(text.scalars)
            case "th": return EastAsian.thaiSentences(text.scalars)
            default: break
            }
        }
        return text.sentences.count
    }

    private func words(_ text: inout InstructionText) -> Int {
        if text.dialect == .llamaStack {
            switch text.languageOfLines {
            case "zh-cn", "zh-tw", "ja", "ko": return EastAsian.words(text.scalars)
            case "th": return EastAsian.thaiWords(text.scalars)
            default: break
            }
        }
        var (count, isInWord, offset) = (0, false, 0)
        let bytes = text.bytes.span
        while offset < bytes.count {
            let decoded = bytes.scalar(at: offset)
            offset += decoded.length
            let isWord = decoded.scalar.isWordCharacter
            if isWord && !isInWord { count += 1 }
            isInWord = isWord
        }
        return count
    }

    private func hasPostscript(
        _ marker: String, _ text: inout InstructionText, _ search: inout KeywordSearch, _ scratch: inout MatchScratch
    ) throws(RowFault) -> Bool {
        let expression =
            switch marker {
            case "P.P.S": #"p\.\s?p\.\s?s"#
            case "P.S.": #"p\.\s?s\."#
            default: String(decoding: Array(marker.utf8).span.lowercased, as: UTF8.self)
            }
        return try search.count(expression, in: text.lowered, most: 1, &scratch) > 0
    }

    private func isQuoted(_ text: inout InstructionText) -> Bool {
        let answer = String(decoding: text.trimmed, as: UTF8.self).unicodeScalars
        guard let first = answer.first, let last = answer.last, answer.dropFirst().first != nil else { return false }
        if first == "\"" && last == "\"" { return true }
        guard text.dialect == .llamaStack else { return false }
        switch (first, last) {
        case ("「", "」"): return text.languageOfLines == "ja"
        case ("«", "»"): return text.languageOfLines == "ru"
        case ("“", "”"): return ["zh-cn", "zh-tw", "th"].contains(text.languageOfLines)
        default: return false
        }
    }
}
