import JSON
import ScorerHost
import ScoringCore
import ScoringDefinitions

/// The first rows with the score 0.0 of a function without any other score; used for hints about a function that never
/// matches.
struct ZeroScores: Sendable {
    /// Whether any other score occurred.
    private(set) var hasOthers = false
    /// Sorted by row.
    private(set) var rows: [(row: Int, line: [UInt8])] = []

    private static let limit = 20
    private static let longestLine = 64 << 10

    /// Whether a row would be kept.
    func wants(_ row: Int) -> Bool {
        !hasOthers && (rows.count < Self.limit || (rows.last.map { row < $0.row } ?? false))
    }

    mutating func sawOther() {
        hasOthers = true
        rows = []
    }

    mutating func add(_ row: Int, _ line: UnsafeRawBufferPointer) {
        guard line.count <= Self.longestLine, wants(row) else { return }
        let place = rows.lastIndex { $0.row <= row }.map { $0 + 1 } ?? 0
        rows.insert((row, Array(line)), at: place)
        if rows.count > Self.limit { rows.removeLast() }
    }

    mutating func merge(_ other: ZeroScores) {
        if other.hasOthers { sawOther() }
        if hasOthers { return }
        for (row, line) in other.rows { line.withUnsafeBytes { add(row, $0) } }
    }
}

/// Hints for a function whose scores are all 0.0: a sentence that suggests a better choice.
struct ZeroScoreHint {
    private let function: BoundFunction
    /// The columns that the function reads as `generated_answer` and `expected_answer`.
    private let names: (generated: String, expected: String)
    private let pairs: [(generated: JSONValue, expected: JSONValue)]
    private let isKnown: (String) -> Bool

    /// - Parameter isKnown: whether a scoring function with this name exists.
    init?(
        _ function: BoundFunction, _ zeros: ZeroScores, mapping: [String: String], isKnown: @escaping (String) -> Bool
    ) {
        let inputs = Set(function.description.inputs.map(\.name))
        guard !zeros.hasOthers, function.models.isEmpty, inputs.contains("generated_answer"),
            inputs.contains("expected_answer")
        else { return nil }
        self.function = function
        self.isKnown = isKnown
        let names = (
            generated: mapping["generated_answer"] ?? "generated_answer",
            expected: mapping["expected_answer"] ?? "expected_answer"
        )
        self.names = names
        pairs = zeros.rows.compactMap { _, line in
            guard let row = try? JSONValue(parsing: line).object, let generated = columnValue(names.generated, in: row),
                let expected = columnValue(names.expected, in: row)
            else { return nil }
            return (generated, expected)
        }
        if pairs.isEmpty { return nil }
    }

    /// Nil if no problem was recognised.
    var text: String? {
        let start = "every score of \(function.function.identifier) is 0.0; "
        return (shapes ?? marks ?? numbers ?? spelling ?? parts).map { start + $0 }
    }

    private func holds(_ condition: (JSONValue, JSONValue) -> Bool) -> Bool { pairs.allSatisfy(condition) }

    /// Whether the problem affects a large part of the rows: some answers may simply be wrong.
    private func holdsOften(_ condition: (String, String) -> Bool) -> Bool {
        let texts = pairs.compactMap { pair in
            zip(text(of: pair.generated), text(of: pair.expected))
        }
        return texts.count { condition($0.0, $0.1) } * 4 >= pairs.count
    }

    private func zip(_ one: String?, _ other: String?) -> (String, String)? {
        if let one, let other { (one, other) } else { nil }
    }

    private func text(of value: JSONValue) -> String? { value.string ?? value.number?.text }

    private func isContainer(_ value: JSONValue) -> Bool { value.array != nil || value.object != nil }

    /// A list or an object on one side, a string on the other.
    private var shapes: String? {
        if holds({ isContainer($0) && !isContainer($1) }) {
            let value = pairs[0].generated
            let path = TextPaths.inside(value, of: names.generated).first
            return "the column \"\(names.generated)\" holds \(value.kind), but \"\(names.expected)\" a single value, "
                + "first \(excerpt(value)) and \(excerpt(pairs[0].expected))"
                + (path.map { "; to read a string inside it: \(ColumnSuggestion("generated_answer", $0).option)" } ?? "")
        }
        if holds({ !isContainer($0) && $1.array != nil }) {
            return "the column \"\(names.expected)\" holds a list and \"\(names.generated)\" does not, first "
                + "\(excerpt(pairs[0].expected)) and \(excerpt(pairs[0].generated)); if any of several answers is "
                + "right: --fn '\(function.function.identifier)={\"any_of\": true}'"
        }
        return nil
    }

    /// The published form of GSM8K and some other datasets: a solution, with the answer after a mark.
    private var marks: String? {
        guard pairs.allSatisfy({ $0.expected.string?.contains("####") ?? false }) else { return nil }
        return "the column \"\(names.expected)\" holds a solution that ends in \"#### ANSWER\"; a function with "
            + "\"expected_regexes\": [\"#### *(.+)\"] compares only the answer"
    }

    /// Equal numbers that are written differently.
    private var numbers: String? {
        let areEqual = holdsOften { one, other in
            guard let one = number(one), let other = number(other) else { return false }
            return one == other
        }
        guard areEqual, let example = pairs.first(where: { text(of: $0.generated).flatMap(number) != nil }) else {
            return nil
        }
        return "equal numbers are written in different ways, such as \(excerpt(example.generated)) and "
            + "\(excerpt(example.expected)); "
            + "\(alternative("basic::number", else: "a function with \"normalize\": \"number\"")) compares their values"
    }

    private func number(_ text: String) -> Double? {
        Double(decimalText: String(text.filter { $0 != "," && $0 != "$" && $0 != "%" && !$0.isWhitespace }))
    }

    /// White space or case.
    private var spelling: String? {
        func folded(_ text: String) -> String { text.lowercased().filter { !$0.isWhitespace } }
        guard holdsOften({ folded($0) == folded($1) }) else { return nil }
        return "answers differ from the expected answers only in white space or case; "
            + "\(alternative("basic::exact_match", else: "a function with \"normalize\": \"casefold\"")) ignores that"
    }

    /// The answer contains the expected text.
    private var parts: String? {
        guard function.function.identifier == "basic::equality",
            holdsOften({ !$1.isEmpty && $0.utf8.count > $1.utf8.count && $0.contains($1) })
        else { return nil }
        return "expected answers are part of longer ones, such as \(excerpt(pairs[0].generated)); basic::subset_of "
            + "accepts that, and a function with \"parsing_regexes\" extracts the answer from the text"
    }

    private func alternative(_ identifier: String, else other: String) -> String {
        isKnown(identifier) ? identifier : other
    }
}

extension ColumnSuggestion {
    /// The command-line option that maps the column.
    var option: String { "--map \(name)=\(path)" }
}
