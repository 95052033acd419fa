import JSON
import PromptTemplates
import ScoringCore

/// Why a row has no generation.
struct GenerationFailure: Error, Sendable, Hashable {
    var outcome: RowOutcome
    var message: String

    static func input(_ message: String) -> GenerationFailure {
        GenerationFailure(outcome: .inputError, message: message)
    }

    var json: JSONValue { ["outcome": .string(outcome.name), "message": .string(message)] }
}

/// A row's columns, and those derived from them.
struct RowColumns {
    /// The original row.
    let row: JSONObject
    /// Columns that are added to the row, or replaced.
    private(set) var additions = JSONObject()

    init(_ row: JSONObject) {
        self.row = row
    }

    /// The value of a column or path; nil if it is missing or null.
    subscript(name: String) -> JSONValue? {
        if let value = additions[name] ?? row[name] {
            if value == .null { return nil }
            return value
        }
        let path = ColumnPath(name)
        guard !path.isColumn, case .value(let value) = find(path), value != .null else { return nil }
        return value
    }

    private func find(_ path: ColumnPath) -> ColumnPath.Finding {
        path.find({ additions[$0] ?? row[$0] }, names: { row.keys })
    }

    /// How far a path leads in the row, as the end of a sentence.
    private func gap(_ name: String) -> String {
        let path = ColumnPath(name)
        if let fault = path.fault { return ", and the name is not a valid path: \(fault)" }
        guard !path.isColumn, case .nothing(let gap) = find(path) else { return "" }
        return ": \(gap)"
    }

    mutating func add(_ name: String, _ value: JSONValue) { additions[name] = value }

    /// Adds the columns that scorers expect: `expected_answer`, which many datasets call `answer`. If there are choices, it is
    /// the letter of a choice.
    ///
    /// - Parameter goldExtraction: extracts the correct answer from the column's value, such as a solution.
    mutating func fillIn(
        choicesColumn: String?, goldExtraction: AnswerExtraction? = nil
    ) throws(GenerationFailure) {
        // A mapped column only has the mapped value.
        let isMapped = additions["expected_answer"] != nil
        if !isMapped, self["expected_answer"] == nil, let answer = self["answer"] { add("expected_answer", answer) }
        if let goldExtraction, let text = self["expected_answer"]?.string {
            add("expected_answer", .string(try goldExtraction.gold(in: text)))
        }
        guard let choicesColumn, let choices = choices(in: choicesColumn), let answer = self["expected_answer"] else {
            return
        }
        guard let letter = letter(of: answer, among: choices) else {
            throw .input(
                "the expected answer \(answer.text) is none of the \(choices.count) choices: neither the position of "
                    + "one, counted from 0, nor its letter, nor its text")
        }
        if answer != .string(letter) { add("expected_answer", .string(letter)) }
    }

    /// A template with the row's values filled in, and the choices as lines "A. …".
    ///
    /// - Parameter limit: the maximum size of the values together, in bytes.
    func text(
        _ template: PromptTemplate, _ choicesColumn: String?, limit: Int = PromptTemplate.longestPrompt
    ) throws(GenerationFailure) -> String {
        var size = 0
        return try template.rendered { index throws(GenerationFailure) in
            let name = template.columns[index]
            guard let value = self[name] else {
                throw .input(
                    "the row has no value in the column \"\(name)\", which the prompt template names\(gap(name))")
            }
            if name == choicesColumn {
                guard let choices = choices(in: name) else {
                    throw .input("column \"\(name)\" is not a list of 1 to 26 choices (strings or numbers)")
                }
                return zip(letters, choices).map { "\($0). \($1)" }.joined(separator: "\n")
            }
            let text = value.string ?? value.text
            size += text.utf8.count
            guard size <= limit else { throw .input(PromptTemplate.fault(size: size, limit: limit)) }
            return text
        }
    }

    /// The choices of a column: an array of strings and numbers, or such an array as text, in JSON or Python syntax.
    private func choices(in column: String) -> [String]? {
        guard let value = self[column] else { return nil }
        let elements = value.array ?? value.string.flatMap(list(in:)) ?? []
        let texts = elements.compactMap { $0.string ?? $0.number?.text }
        return texts.count == elements.count && (1...letters.count).contains(texts.count) ? texts : nil
    }

    /// The letter of the choice that an answer means: its position, counted from 0; its letter; its text; or, because tables
    /// only contain strings, its position as a string.
    private func letter(of answer: JSONValue, among choices: [String]) -> String? {
        func letter(at place: Double?) -> String? {
            place.flatMap { Int(exactly: $0) }.flatMap { choices.indices.contains($0) ? letters[$0] : nil }
        }
        if let number = answer.number { return letter(at: number.double) }
        guard let text = answer.string else { return nil }
        if letters[..<choices.count].contains(text) { return text }
        return choices.firstIndex(of: text).map { letters[$0] } ?? letter(at: Double(text))
    }
}

/// The list in a string.
private func list(in text: String) -> [JSONValue]? {
    if let array = (try? JSONValue(parsing: text))?.array { return array }
    return PythonLiteral.json(of: text)?.array
}

private let letters = (UInt8(ascii: "A")...UInt8(ascii: "Z")).map { String(UnicodeScalar($0)) }
