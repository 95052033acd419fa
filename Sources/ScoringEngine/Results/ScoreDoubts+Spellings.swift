import JSON
import ScoringCore
import ScoringDefinitions

/// Signs in how answers are written: numbers, white space and case, letters of choices, one inside the other.
extension ScoreDoubts {
    /// Equal numbers that are written differently.
    var numbers: String? {
        if function.function.identifier == "basic::number" {
            guard !isGiven("percent"), textsOften({ Self.areEqualButForPercent($0, $1) }) else { return nil }
            return "equal numbers are written as percentages and as fractions, such as "
                + "\(example { $0.texts.map { Self.areEqualButForPercent($0.generated, $0.expected) } ?? false }); "
                + "\(option("\"percent\": \"hundredths\"")) compares them"
        }
        func areEqual(_ one: String, _ other: String) -> Bool {
            guard let one = Self.number(one), let other = Self.number(other) else { return false }
            return one == other
        }
        func isContained(_ one: String, _ other: String) -> Bool {
            guard let other = Self.number(other) else { return false }
            return one.split(whereSeparator: { $0.isWhitespace }).contains { Self.number(trimmedPoint($0)) == other }
        }
        let isSign = isNeverRight || function.function.identifier != "basic::equality" ? isContained : areEqual
        guard textsOften({ areEqual($0, $1) || isSign($0, $1) && !$0.contains($1) }) else { return nil }
        let example = example { answers in
            answers.texts.map { areEqual($0.generated, $0.expected) || isSign($0.generated, $0.expected) } ?? false
        }
        return "equal numbers are written in different ways, such as \(example); "
            + "\(alternative("basic::number", else: "a function with \"normalize\": \"number\"")) compares their values"
    }

    private static func number(_ text: some StringProtocol) -> Double? {
        guard text.utf8.count < 40 else { return nil }
        return Double(decimalText: String(text.filter { $0 != "," && $0 != "$" && $0 != "%" && !$0.isWhitespace }))
    }

    private static func areEqualButForPercent(_ one: String, _ other: String) -> Bool {
        guard one.contains("%") != other.contains("%"), let a = number(one), let b = number(other) else { return false }
        return one.contains("%") ? a == b * 100 : a * 100 == b
    }

    /// White space, case or escapes.
    var spelling: String? {
        func folded(_ text: String) -> String { text.lowercased().filter { !$0.isWhitespace } }
        func areAlike(_ one: String, _ other: String) -> Bool {
            abs(one.utf8.count - other.utf8.count) < 40 && folded(one) == folded(other)
        }
        func areEscaped(_ one: String, _ other: String) -> Bool {
            (one.utf8.contains(UInt8(ascii: "&")) || other.utf8.contains(UInt8(ascii: "&"))) && one != other
                && unescaped(one) == unescaped(other)
        }
        func unescaped(_ text: String) -> String {
            [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")].reduce(text) {
                $0.split(separator: $1.0, omittingEmptySubsequences: false).joined(separator: $1.1)
            }
        }
        if textsOften(areAlike) {
            let all = "\"parsing_regexes\": [\"(?s)^\\\\s*(.*?)\\\\s*$\"], \"normalize\": \"casefold\""
            return "answers differ from the expected answers only in white space or case; "
                + alternative(
                    "text::exact_match",
                    else: "--fn 'basic::regex_parser_multiple_choice_answer={\(all)}'") + " ignores that"
        }
        if textsOften(areEscaped) {
            return "answers differ from the expected answers only in HTML entities such as \"&amp;\"; decode them in "
                + "the file"
        }
        return nil
    }

    /// Letters of choices.
    var letters: String? {
        if function.function.identifier == "basic::multiple_choice" {
            guard function.function.params["expected"]?.string == "index",
                textsOften({ one, other in
                    guard let letter = Self.letter(in: one), let number = Int(other) else { return false }
                    return letter + 1 == number
                })
            else { return nil }
            return "the expected answers seem to count the choices from 1; \(option("\"expected\": \"number\"")) does"
        }
        guard isKnown("basic::multiple_choice") else { return nil }
        if textsOften({ one, other in
            Self.isLetter(other) && Self.letter(in: one) != nil && Self.letter(in: one) == Self.letter(in: other)
        }) {
            return
                "the expected answers are letters of choices, first \(example { _ in true }); basic::multiple_choice "
                + "reads the letter that an answer chooses"
        }
        if textsOften({ one, other in Int(other).map { (0..<10).contains($0) } == true && Self.isLetter(one) }) {
            return "the expected answers are places of choices and the answers are letters, first "
                + "\(example { _ in true }); --fn 'basic::multiple_choice={\"expected\": \"index\"}' compares them, "
                + "counting from 0 (\"number\": from 1)"
        }
        return nil
    }

    /// Whether a text is a letter from A to J, perhaps in brackets or with a full stop.
    private static func isLetter(_ text: String) -> Bool {
        guard text.utf8.count < 16 else { return false }
        let core = text.filter { !"()[].:*".contains($0) && !$0.isWhitespace }
        return core.count == 1 && letter(in: text) != nil
    }

    /// The place in the alphabet of the last letter from A to J that stands alone; a small one only if there is no other word.
    private static func letter(in text: String) -> Int? {
        let capitals = Array("ABCDEFGHIJ")
        let words = text.split { !$0.isLetter && !$0.isNumber }
        if words.count == 1, let word = words.first, word.count == 1 {
            return word.uppercased().first.flatMap(capitals.firstIndex)
        }
        return words.last { $0.count == 1 && $0.first.map(capitals.contains) == true }?.first
            .flatMap(capitals.firstIndex)
    }

    /// One answer contains the other.
    var parts: String? {
        let identifier = function.function.identifier
        let searches = ["basic::subset_of", "basic::number", "basic::multiple_choice"].contains(identifier)
        if !searches, textsOften({ Self.isPart($1, of: $0) }) {
            let first = zeros.first {
                $0.texts.map { Self.isPart($0.expected, of: $0.generated) } ?? false
            }
            return "expected answers are part of longer ones, such as "
                + "\(excerpt((first ?? zeros[0]).generated)); basic::subset_of accepts that, and so does a function "
                + "with \"parsing_regexes\" that find the answer in the text"
        }
        guard isNeverRight, textsOften({ Self.isPart($0, of: $1) }) else {
            return nil
        }
        return "answers are part of the expected ones, first \(example { _ in true }); if the columns are swapped: "
            + ColumnSuggestion("generated_answer", names.expected).option + " "
            + ColumnSuggestion("expected_answer", names.generated).option
    }

    /// Whether a text is a part of a longer one, and not only of a word or a number in it.
    private static func isPart(_ part: String, of whole: String) -> Bool {
        let (part, whole) = (Array(part.utf8), Array(whole.utf8))
        // All bytes of other characters than ASCII's count as letters, which most of them are parts of.
        func isOfWord(_ place: Int, _ text: [UInt8]) -> Bool {
            guard text.indices.contains(place) else { return false }
            let byte = text[place]
            return byte >= 0x80 || (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
        }
        guard let first = part.first, part.count < whole.count else { return false }
        let place = (0...whole.count - part.count).first { whole[$0] == first && whole[$0...].starts(with: part) }
        guard let place else { return false }
        return !(isOfWord(0, part) && isOfWord(place - 1, whole))
            && !(isOfWord(part.count - 1, part) && isOfWord(place + part.count, whole))
    }

    /// Whether a number is in a text, but each time as a part of a longer one.
    static func isOnlyInsideNumbers(_ number: String, in text: String) -> Bool {
        let (number, text) = (Array(number.utf8), Array(text.utf8))
        func isDigit(_ index: Int) -> Bool { text.indices.contains(index) && (0x30...0x39).contains(text[index]) }
        guard !number.isEmpty, number.allSatisfy({ (0x30...0x39).contains($0) }), number.count <= text.count else {
            return false
        }
        let places = (0...text.count - number.count).filter { text[$0...].starts(with: number) }
        return !places.isEmpty && places.allSatisfy { isDigit($0 - 1) || isDigit($0 + number.count) }
    }
}

/// A number at the end of a sentence, without its full stop.
private func trimmedPoint(_ text: Substring) -> Substring { text.last == "." ? text.dropLast() : text }
