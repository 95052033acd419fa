import JSON
import ScoringCore
import ScoringDefinitions

/// Signs in what columns hold: lists, empty texts, solutions, JSON inside strings.
extension ScoreDoubts {
    /// A list or an object on one side, a string on the other, or both.
    var shapes: String? {
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

    var canTakeAnyOf: Bool { function.takesAnyOf && !isGiven("any_of") }

    var emptiness: String? {
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
    var lists: String? {
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
    var marks: String? {
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

    /// JSON inside a string.
    var nested: String? {
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
}

func trimmed(_ text: Substring) -> String {
    let end = text.lastIndex { !$0.isWhitespace }
    guard let start = text.firstIndex(where: { !$0.isWhitespace }), let end else { return "" }
    return String(text[start...end])
}
