/// Finds the part of an answer that states the result.
enum MathExtraction {
    /// What the last box holds; otherwise the last formula between delimiters; otherwise the whole text if it has no words;
    /// otherwise what follows "answer is"; otherwise the last number. Nil if there is none of these.
    ///
    /// Linear in the length of the text.
    static func statement(in text: String) -> String? {
        let characters = Array(text)
        if let box = lastBox(characters) { return box }
        // Between two amounts in dollars stand words.
        if let formula = lastFormula(characters), formula.contains("\\") || isFormula(formula) { return formula }
        let whole = withoutFinalPeriod(text)
        if isFormula(whole) { return separated(whole) }
        if let statement = afterAnswer(text) { return separated(statement) }
        // The last number of a formula that cannot be read says nothing.
        let hasCommand = zip(characters, characters.dropFirst()).contains { $0 == "\\" && $1.isLetter }
        return hasCommand ? nil : lastNumber(characters)
    }

    // MARK: Boxes and formulas

    /// What the last \boxed{…} or \fbox{…} that closes holds.
    private static func lastBox(_ text: [Character]) -> String? {
        var result: String?
        var place = 0
        while place < text.count {
            guard text[place] == "\\",
                let name = ["\\boxed", "\\fbox"].first(where: { text[place...].starts(with: $0) })
            else {
                place += 1
                continue
            }
            place += name.count
            while place < text.count, text[place] == " " { place += 1 }
            guard place < text.count, text[place] == "{" else { continue }
            var (end, depth) = (place, 0)
            while end < text.count {
                if text[end] == "{" { depth += 1 } else if text[end] == "}" { depth -= 1 }
                if depth == 0 { break }
                end += 1
            }
            // One that does not close, and so none in it does.
            guard end < text.count else { break }
            result = String(text[(place + 1)..<end])
            place = end + 1
        }
        return result
    }

    /// What stands in the last pair of delimiters: $…$, $$…$$, \(…\), \[…\].
    private static func lastFormula(_ text: [Character]) -> String? {
        var result: String?
        var start: Int?
        var place = 0
        while place < text.count {
            let character = text[place]
            if character == "\\", place + 1 < text.count {
                let next = text[place + 1]
                if next == "(" || next == "[" { start = place + 2 }
                if next == ")" || next == "]", let begin = start {
                    result = String(text[begin..<place])
                    start = nil
                }
                place += 2
            } else if character == "$" {
                var end = place + 1
                if end < text.count, text[end] == "$" { end += 1 }
                if let begin = start {
                    let inside = text[begin..<place]
                    if !inside.allSatisfy(\.isWhitespace) { result = String(inside) }
                    start = nil
                } else {
                    start = end
                }
                place = end
            } else {
                place += 1
            }
        }
        return result
    }

    // MARK: Words

    private static func withoutFinalPeriod(_ text: String) -> String {
        var text = Substring(text)
        while let last = text.last, last.isWhitespace || last == "." { text = text.dropLast() }
        return String(text.drop { $0.isWhitespace })
    }

    /// Whether a text is a formula, a quantity or a single word, and no sentence.
    private static func isFormula(_ text: String) -> Bool {
        if text.isEmpty { return false }
        let words = plainWords(text).filter { $0 != "and" && $0 != "or" }
        if words.isEmpty { return true }
        // A unit, a word alone, a product of variables.
        return words.count == 1 && (words[0].count <= 3 || text.split(separator: " ").count <= 2)
    }

    /// The words of two or more letters that are no commands or functions.
    private static func plainWords(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isCommand = false
        for character in text + " " {
            if character.isLetter && !isCommand {
                word.append(character)
                continue
            }
            if word.count >= 2, !formulaWords.contains(word) {
                words.append(word)
            }
            word = ""
            isCommand = character == "\\" || (isCommand && character.isLetter)
        }
        return words
    }

    private static let formulaWords: Set = [
        "sin", "cos", "tan", "cot", "ln", "log", "exp", "sqrt", "pi", "pmatrix", "bmatrix", "matrix",
    ]

    /// With commas for "and" and "or".
    private static func separated(_ text: String) -> String {
        text.split(separator: " ", omittingEmptySubsequences: false).map { $0 == "and" || $0 == "or" ? "," : $0 }
            .joined(separator: " ")
    }

    /// The most words of a statement.
    private static let longestStatement = 40

    /// The rest of the line after the last "answer", "answer is", "is" or "answer:" that a formula follows.
    private static func afterAnswer(_ text: String) -> String? {
        for line in text.split(whereSeparator: \.isNewline).reversed() {
            let words = line.split(separator: " ")
            for index in words.indices.suffix(longestStatement).reversed() {
                guard ["answer", "answer:", "answer=", "is:", "is"].contains(words[index].lowercased()) else {
                    continue
                }
                var rest = words[(index + 1)...]
                while let first = rest.first, ["is", "is:", ":", "=", "option"].contains(first.lowercased()) {
                    rest = rest.dropFirst()
                }
                let statement = withoutFinalPeriod(rest.joined(separator: " "))
                if isFormula(statement) { return statement }
            }
        }
        return nil
    }

    /// The last number, with its sign, fraction and grouping commas.
    private static func lastNumber(_ text: [Character]) -> String? {
        func isDigit(_ place: Int) -> Bool { text.indices.contains(place) && ("0"..."9").contains(text[place]) }
        guard let last = text.lastIndex(where: { ("0"..."9").contains($0) }) else { return nil }
        var start = last
        while start > 0 {
            let before = text[start - 1]
            let joins = (before == "." || before == "," || before == "/") && isDigit(start - 2)
            guard isDigit(start - 1) || joins || (before == "." && !(start > 1 && text[start - 2].isLetter)) else {
                break
            }
            start -= 1
        }
        if start > 0, text[start - 1] == "-" || text[start - 1] == "−" { start -= 1 }
        let end = last + 1 < text.count && text[last + 1] == "%" ? last + 1 : last
        return String(text[start...end])
    }
}
