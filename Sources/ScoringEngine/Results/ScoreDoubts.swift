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
    /// Those of the answers that are whole columns, whatever their names look like.
    let columns: Set<String>
    /// The answers of the first rows that scored 0.0.
    let zeros: [Answers]
    /// The answers of the first rows that scored 1.0.
    let ones: [Answers]
    /// Whether all scores are 0.0.
    let isNeverRight: Bool
    let isKnown: (String) -> Bool

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
        var columns: Set<String> = []
        func answers(_ lines: ScoreSamples.FirstLines) -> [Answers] {
            lines.rows.compactMap { _, line in
                guard let row = try? JSONValue(parsing: line).object,
                    let generated = columnValue(names.generated, in: row),
                    let expected = columnValue(names.expected, in: row)
                else { return nil }
                for name in [names.generated, names.expected] where row[name] != nil { columns.insert(name) }
                var texts: (String, String)?
                if let one = text(of: generated), let other = text(of: expected) { texts = (one, other) }
                return Answers(generated: generated, expected: expected, texts: texts)
            }
        }
        zeros = answers(samples.zeros)
        ones = answers(samples.ones)
        self.columns = columns
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

    func start(_ identifier: String) -> String {
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

    /// Whether a sign explains a large part of the rows that scored 0.0.
    func holdsOften(_ sign: (Answers) -> Bool) -> Bool {
        zeros.count(where: sign) * (isNeverRight ? 4 : 2) >= zeros.count
    }

    func textsOften(_ sign: (String, String) -> Bool) -> Bool {
        holdsOften { answers in answers.texts.map { sign($0.generated, $0.expected) } ?? false }
    }

    /// The first row with a sign, as "A and B".
    func example(_ sign: (Answers) -> Bool) -> String {
        zeros.first(where: sign).map { "\(excerpt($0.generated)) and \(excerpt($0.expected))" } ?? ""
    }

    func alternative(_ identifier: String, else other: String) -> String {
        isKnown(identifier) ? identifier : other
    }

    /// The option that gives the function another parameter.
    func option(_ parameter: String) -> String {
        "--fn '\(function.function.identifier)={\(parameter)}'"
    }

    func isGiven(_ parameter: String) -> Bool { function.function.params[parameter] != nil }

    /// The option that maps a column to a string inside its value.
    func path(_ value: JSONValue, _ name: String, _ column: String) -> String? {
        let path = columns.contains(column) ? ColumnPath(column: column) : ColumnPath(column)
        return TextPaths.inside(value, at: path).first.map { ColumnSuggestion(name, $0).option }
    }
}

func isContainer(_ value: JSONValue) -> Bool { value.array != nil || value.object != nil }

private func text(of value: JSONValue) -> String? {
    switch value {
    case .string(let text): text
    case .number(let number): number.text
    case .bool(let truth): truth ? "true" : "false"
    case .null, .array, .object: nil
    }
}
