import JSON
import ScorerHost
import ScoringCore
import ScoringDefinitions

/// Looks for signs that rows have a wrong score because of how their answers are written.
///
/// Some answers may simply be wrong. A sign therefore counts only if it explains a large part of the rows: a quarter of the
/// sample if a function never gave another score than 0.0, otherwise half of it.
struct ScoreDoubts {
    let function: BoundFunction
    /// The columns that the function reads as `generated_answer` and `expected_answer`.
    let names: (generated: String, expected: String)
    /// The answers of the first rows that scored 0.0.
    let zeros: [Answers]
    /// The answers of the first rows that scored 1.0.
    let ones: [Answers]
    /// Whether all scores are 0.0.
    let isNeverRight: Bool
    private let isKnown: (String) -> Bool

    struct Answers {
        var generated: JSONValue
        var expected: JSONValue
        /// As text; nil for a list or an object.
        var texts: (generated: String, expected: String)?
    }

    /// - Parameter isKnown: whether a scoring function with this name exists.
    init?(
        _ function: BoundFunction, _ samples: ScoreSamples, mapping: [String: String],
        isKnown: @escaping (String) -> Bool
    ) {
        let inputs = Set(function.description.inputs.map(\.name))
        guard function.models.isEmpty, inputs.contains("generated_answer"), inputs.contains("expected_answer") else {
            return nil
        }
        self.function = function
        self.isKnown = isKnown
        let names = (
            generated: mapping["generated_answer"] ?? "generated_answer",
            expected: mapping["expected_answer"] ?? "expected_answer"
        )
        self.names = names
        isNeverRight = !samples.hasOthers
        func answers(_ lines: ScoreSamples.FirstLines) -> [Answers] {
            lines.rows.compactMap { _, line in
                guard let row = try? JSONValue(parsing: line).object,
                    let generated = columnValue(names.generated, in: row),
                    let expected = columnValue(names.expected, in: row)
                else { return nil }
                var texts: (String, String)?
                if let one = text(of: generated), let other = text(of: expected) { texts = (one, other) }
                return Answers(generated: generated, expected: expected, texts: texts)
            }
        }
        zeros = answers(samples.zeros)
        ones = answers(samples.ones)
    }

    var hints: [ScoreHint] {
        [hintOnZeros, hintOnOnes].compactMap { $0 }
    }

    private var hintOnZeros: ScoreHint? {
        if zeros.isEmpty { return nil }
        let identifier = function.function.identifier
        if let text = shapes {
            let isFault = isNeverRight && zeros.allSatisfy { isContainer($0.generated) && !isContainer($0.expected) }
            return ScoreHint(text: "\(start(identifier))\(text)", isFault: isFault)
        }
        let text = emptiness ?? lists ?? marks ?? numbers ?? spelling ?? nested ?? letters ?? parts
        return text.map { ScoreHint(text: start(identifier) + $0) }
    }

    private func start(_ identifier: String) -> String {
        isNeverRight ? "every score of \(identifier) is 0.0; " : "rows that \(identifier) scores 0.0 may be right; "
    }

    private var hintOnOnes: ScoreHint? {
        guard function.function.identifier == "basic::subset_of" else { return nil }
        let identifier = function.function.identifier
        let emptyCount = ones.count { $0.texts?.expected.isEmpty == true }
        if emptyCount > 0, emptyCount * 4 >= ones.count {
            return ScoreHint(
                text: "rows that \(identifier) scores 1.0 have an empty \(quoted(names.expected)), which every answer "
                    + "contains; leave these rows out, or make the value null")
        }
        let insideNumbers = ones.filter { answers in
            answers.texts.map { Self.isOnlyInsideNumbers($0.expected, in: $0.generated) } ?? false
        }
        guard let example = insideNumbers.first, insideNumbers.count * 4 >= ones.count || insideNumbers.count > 2 else {
            return nil
        }
        return ScoreHint(
            text: "rows that \(identifier) scores 1.0 have the expected number only inside another one, such as "
                + "\(excerpt(example.expected)) in \(excerpt(example.generated)); "
                + "\(alternative("basic::number", else: "a function with \"normalize\": \"number\"")) compares whole "
                + "numbers")
    }

    /// Whether a number is in a text, but each time as a part of a longer one.
    private static func isOnlyInsideNumbers(_ number: String, in text: String) -> Bool {
        let (number, text) = (Array(number.utf8), Array(text.utf8))
        func isDigit(_ index: Int) -> Bool { text.indices.contains(index) && (0x30...0x39).contains(text[index]) }
        guard !number.isEmpty, number.allSatisfy({ (0x30...0x39).contains($0) }), number.count <= text.count else {
            return false
        }
        let places = (0...text.count - number.count).filter { text[$0...].starts(with: number) }
        return !places.isEmpty && places.allSatisfy { isDigit($0 - 1) || isDigit($0 + number.count) }
    }

    // MARK: What the signs share

    /// Whether a sign explains a large part of the rows that scored 0.0.
    private func holdsOften(_ sign: (Answers) -> Bool) -> Bool {
        zeros.count(where: sign) * (isNeverRight ? 4 : 2) >= zeros.count
    }

    private func textsOften(_ sign: (String, String) -> Bool) -> Bool {
        holdsOften { answers in answers.texts.map { sign($0.generated, $0.expected) } ?? false }
    }

    /// The first row with a sign, as "A and B".
    private func example(_ sign: (Answers) -> Bool) -> String {
        zeros.first(where: sign).map { "\(excerpt($0.generated)) and \(excerpt($0.expected))" } ?? ""
    }

    private func alternative(_ identifier: String, else other: String) -> String {
        isKnown(identifier) ? identifier : other
    }

    /// The option that gives the function another parameter.
    private func option(_ parameter: String) -> String {
        "--fn '\(function.function.identifier)={\(parameter)}'"
    }

    private func isGiven(_ parameter: String) -> Bool { function.function.params[parameter] != nil }

    /// The option that maps a column to a string inside its value.
    private func path(_ value: JSONValue, _ name: String, _ column: String) -> String? {
        TextPaths.inside(value, of: column).first.map { ColumnSuggestion(name, $0).option }
    }

    // MARK: Signs

    /// A list or an object on one side, a string on the other, or both.
    private var shapes: String? {
        if holdsOften({ isContainer($0.generated) && !isContainer($0.expected) }) {
            guard let first = zeros.first(where: { isContainer($0.generated) && !isContainer($0.expected) }) else {
                return nil
            }
            let path = path(first.generated, "generated_answer", names.generated)
            return "the column \(quoted(names.generated)) holds \(first.generated.kind), but "
                + "\(quoted(names.expected)) a single value, first \(excerpt(first.generated)) and "
                + "\(excerpt(first.expected))" + (path.map { "; to read a string inside it: \($0)" } ?? "")
        }
        if holdsOften({ !isContainer($0.generated) && $0.expected.array != nil }), canTakeAnyOf {
            let first = example { $0.expected.array != nil }
            return "the column \(quoted(names.expected)) holds a list and \(quoted(names.generated)) does not, first "
                + "\(first); if any of several answers is right: \(option("\"any_of\": true"))"
        }
        guard isNeverRight, zeros.allSatisfy({ isContainer($0.generated) && isContainer($0.expected) }) else {
            return nil
        }
        if zeros.count == 1, let one = zeros[0].generated.array, let other = zeros[0].expected.array, one.count > 1,
            one.count == other.count, !(one + other).contains(where: isContainer)
        {
            return "the only row holds \(one.count) values in each column, so the file seems to hold columns; write a "
                + "row for each value"
        }
        let paths = [
            path(zeros[0].generated, "generated_answer", names.generated),
            path(zeros[0].expected, "expected_answer", names.expected),
        ].compactMap { $0 }
        guard !paths.isEmpty else { return nil }
        return "both columns hold lists or objects, which are compared as a whole, first \(example { _ in true }); to "
            + "compare the strings inside them: \(paths.joined(separator: " "))"
    }

    private var canTakeAnyOf: Bool { function.takesAnyOf && !isGiven("any_of") }

    private var emptiness: String? {
        if textsOften({ one, _ in one.isEmpty }) {
            return "the column \(quoted(names.generated)) is empty in such rows, so the model gave no answer, or the "
                + "answer is in another column"
        }
        if textsOften({ _, other in ["NA", "N/A", "nan", "NaN", "None", "null", "NULL"].contains(other) }) {
            return "the column \(quoted(names.expected)) holds \(quoted(zeros[0].texts?.expected ?? "")), which tables "
                + "write for a missing value; leave these rows out: --where '\(names.expected)!=…' or in the file"
        }
        return nil
    }

    /// Several answers in one string.
    private var lists: String? {
        func isList(_ text: String) -> Bool { text.first == "[" && text.last == "]" }
        if canTakeAnyOf, textsOften({ _, other in isList(other) }) {
            return "the column \(quoted(names.expected)) holds lists written as text, such as "
                + "\(excerpt(zeros[0].expected)); if any of several answers is right: \(option("\"any_of\": true"))"
        }
        for separator in [";", "|", "\n"] {
            func isOneOf(_ one: String, _ other: String) -> Bool {
                guard other.contains(separator) else { return false }
                let pieces = other.split(separator: separator).map(trimmed)
                return pieces.count > 1 && pieces.contains { !$0.isEmpty && one.contains($0) }
            }
            guard textsOften(isOneOf) else { continue }
            let shown = separator == "\n" ? "line breaks" : quoted(separator)
            return "the column \(quoted(names.expected)) holds several answers separated by \(shown), such as "
                + "\(excerpt(zeros[0].expected)); write them as lists, [\"A\", \"B\"], and set \"any_of\": true"
        }
        return nil
    }

    /// The published form of GSM8K and some other datasets: a solution, with the answer after a mark.
    private var marks: String? {
        if isGiven("expected_regexes") { return nil }
        let hashes = zeros.count { $0.texts?.expected.contains("####") ?? false }
        let boxes = zeros.count { $0.texts?.expected.contains("\\boxed{") ?? false }
        guard (hashes + boxes) * 2 >= zeros.count else { return nil }
        let function = alternative(
            "basic::number", else: "basic::regex_parser_multiple_choice_answer")
        if hashes < boxes {
            return "the column \(quoted(names.expected)) holds solutions with the answer in \"\\boxed{ANSWER}\"; to "
                + "compare with the answer alone: --fn 'basic::regex_parser_math_response={\"expected_regexes\": "
                + "[\"\\\\\\\\boxed\\\\{(.*)\\\\}\"]}'"
        }
        return "the column \(quoted(names.expected)) holds solutions that end in \"#### ANSWER\"; to compare with the "
            + "answer alone: --fn '\(function)={\"expected_regexes\": [\"#### *(.+)\"]}'"
    }

    /// Equal numbers that are written differently.
    private var numbers: String? {
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
    private var spelling: String? {
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

    /// JSON inside a string.
    private var nested: String? {
        func json(_ text: String) -> JSONValue? {
            guard let first = text.utf8.first(where: { $0 > 0x20 }), "{[\"".utf8.contains(first) else { return nil }
            return try? JSONValue(parsing: trimmed(text[...]))
        }
        func isNested(_ value: JSONValue) -> Bool { value.string.flatMap(json) != nil }
        guard holdsOften({ isNested($0.generated) || isNested($0.expected) || isContainer($0.expected) }),
            let first = zeros.first(where: { isNested($0.generated) || isNested($0.expected) })
        else { return nil }
        let columns = [
            ("generated_answer", names.generated, first.generated), ("expected_answer", names.expected, first.expected),
        ]
        for (_, column, value) in columns {
            guard let text = value.string, json(text)?.string != nil else { continue }
            return "the column \(quoted(column)) holds JSON strings with their quotes, such as \(excerpt(value)); "
                + "remove the quotes in the file"
        }
        let paths = columns.compactMap { name, column, value in
            (value.string.flatMap(json) ?? (isContainer(value) ? value : nil)).flatMap { path($0, name, column) }
        }
        return "a column holds JSON inside strings, first \(excerpt(first.generated)) and \(excerpt(first.expected))"
            + (paths.isEmpty ? "" : "; to compare the strings inside it: \(paths.joined(separator: " "))")
    }

    /// Letters of choices.
    private var letters: String? {
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
    private var parts: String? {
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
}

private func isContainer(_ value: JSONValue) -> Bool { value.array != nil || value.object != nil }

private func text(of value: JSONValue) -> String? {
    switch value {
    case .string(let text): text
    case .number(let number): number.text
    case .bool(let truth): truth ? "true" : "false"
    case .null, .array, .object: nil
    }
}

private func trimmed(_ text: Substring) -> String {
    let end = text.lastIndex { !$0.isWhitespace }
    guard let start = text.firstIndex(where: { !$0.isWhitespace }), let end else { return "" }
    return String(text[start...end])
}

/// A number at the end of a sentence, without its full stop.
private func trimmedPoint(_ text: Substring) -> Substring { text.last == "." ? text.dropLast() : text }
