import JSON
import Patterns
import ScorerKit
import ScorerParameters

/// 1.0 if the option that an answer chooses is the right one.
struct MultipleChoice: Scorer {
    static let declaration = ScorerDeclaration(
        id: "multiple-choice",
        description: "1.0 if the option that generated_answer states last, in any common form, is expected_answer",
        inputs: [
            .required("generated_answer", .text, "what the model answered"),
            .required("expected_answer", .text, "the correct option"),
        ],
        outputs: [
            .verdict, .output("parsed_answer", .text, "the option that was found, as a letter, or null"),
        ],
        parametersSchema: #"""
            {"type": "object", "additionalProperties": false, "properties": {
            "options": {"type": "integer", "minimum": 2, "maximum": 26},
            "labels": {"enum": ["letters", "numbers"]},
            "expected": {"enum": ["letter", "index", "number"]},
            "choices_column": {"type": "string"},
            \#(UnreadAnswer.schema),
            \#(ExpectedAnswers.schema)}}
            """#)

    /// What options are called in the question, and so in its answers.
    private enum Labels: String, CaseIterable { case letters, numbers }
    /// What expected_answer says: a letter, the option's place from 0 on, or its place from 1 on.
    private enum Expected: String, CaseIterable { case letter, index, number }

    let declaration: ScorerDeclaration
    private let count: Int?
    private let labels: Labels
    private let form: Expected
    private let choicesColumn: String?
    private let unread: UnreadAnswer
    private let expected: ExpectedAnswers
    private let scratches = ScratchPool()

    /// How many options there may be where nothing says how many there are: A to J.
    private static let usualCount = 10

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var parameters = try Configuration(configuration)
        count = try parameters.integer("options", in: 2...ChoiceList.maximumCount)
        labels = try parameters.choice("labels")
        form = try parameters.choice("expected", fallback: labels == .numbers ? .number : .letter)
        choicesColumn = try parameters.text("choices_column", canBeEmpty: false)
        unread = try parameters.choice("no_answer")
        expected = try ExpectedAnswers(&parameters)
        try parameters.finish()
        var declaration = Self.declaration.reading(expected)
        if let choicesColumn {
            declaration = declaration.addingInputs([
                .required(choicesColumn, .json, "the options, a list of strings"),
                .optional(choicesColumn, .text, "the same, as a string", isLenient: true),
            ])
        }
        self.declaration = declaration
    }

    func score(_ rows: Rows, _ results: Results) {
        scratches.withScratch(for: results) { score(rows, results, &$0) }
    }

    private func score(_ rows: Rows, _ results: Results, _ scratch: inout MatchScratch) {
        let generated = rows.texts(0)
        let rightAnswers = rows.texts(1)
        let cells = expected.cells(rows)
        let firstChoices = expected.isList ? 3 : 2
        let choices = choicesColumn.map { _ in (json: rows.texts(firstChoices), text: rows.texts(firstChoices + 1)) }
        var parser = JSONParser()
        var check = CancellationCheck(results)
        withScores(of: rows, results) { scores in
            for row in 0..<rows.count {
                if check.stops(before: row, of: rows, reading: generated[row].count + rightAnswers[row].count) { break }
                scratch.beginRow()
                do throws(RowFault) {
                    try LongestText.check(generated[row], rightAnswers[row], most: LongestText.ofChoices)
                    var list: ChoiceList?
                    if let choices, let choicesColumn {
                        let cell = choices.text.hasValue(row) ? choices.text[row] : choices.json[row]
                        try LongestText.check(cell, cell, most: LongestText.ofChoices)
                        list = try ChoiceList(cell, choicesColumn, &parser)
                    }
                    let right = try expected.answers(row, cells, &parser, &scratch)
                    let chosen = try choose(generated[row], among: right, list)
                    results.emit(name(of: chosen.place), output: 1, row: row)
                    if chosen.isRight { scores[row] = 1 }
                } catch {
                    if error.isCancellation {
                        check.leaveOut(row, of: rows)
                        break
                    }
                    if error.outcome == .unparsed, unread == .wrong { continue }
                    results.fail(row, error.outcome, error.message)
                }
            }
        }
    }

    private func name(of place: Int) -> String {
        labels == .numbers ? "\(place + 1)" : String(Unicode.Scalar(UInt8(ascii: "A") + UInt8(place)))
    }

    private func choose(
        _ answer: UnsafeRawBufferPointer, among right: [[UInt8]], _ list: ChoiceList?
    ) throws(RowFault) -> (place: Int, isRight: Bool) {
        let tokens = ChoiceTokens(answer.utf8.span).tokens
        let rightTokens = right.map { ChoiceTokens($0.span).tokens }
        let isInCyrillicOrder = (rightTokens + [tokens]).contains(where: ChoiceReader.showsCyrillicOrder)
        func reader(_ tokens: [ChoiceToken]) -> ChoiceReader {
            ChoiceReader(
                tokens, count: list?.texts.count ?? count ?? Self.usualCount, hasNumbers: labels == .numbers,
                options: list?.texts ?? [], isInCyrillicOrder: isInCyrillicOrder)
        }
        var places: [Int] = []
        for (text, tokens) in zip(right, rightTokens) {
            guard let place = rightPlace(text, reader(tokens), list) else {
                throw notAnOption(text, reader(tokens).count)
            }
            places.append(place)
        }
        switch reader(tokens).read() {
        case .option(let place): return (place, places.contains(place))
        case .several: throw RowFault(.unparsed, "the answer states more than one option")
        case .nothing: throw RowFault(.unparsed, "the answer states no option")
        }
    }

    /// The place of the option that expected_answer means.
    private func rightPlace(_ text: [UInt8], _ reader: ChoiceReader, _ list: ChoiceList?) -> Int? {
        if form != .letter {
            guard let number = Int(String(decoding: text, as: UTF8.self)) else { return nil }
            let place = form == .index ? number : number - 1
            return 0..<reader.count ~= place ? place : nil
        }
        if let place = list?.place(of: text, as: reader.tokens) { return place }
        if reader.tokens.count == 1 { return reader.place(at: 0) }
        if case .option(let place) = reader.read() { return place }
        return nil
    }

    private func notAnOption(_ text: [UInt8], _ count: Int) -> RowFault {
        let found = String(decoding: text.prefix(60), as: UTF8.self)
        let wanted =
            switch form {
            case .letter:
                "the letter of an option, from A to \(name(of: count - 1)), or its text where choices_column is set"
            case .index: "the index of an option, from 0 to \(count - 1)"
            case .number: "the number of an option, from 1 to \(count)"
            }
        let isNumber = Int(found) != nil
        let advice =
            form == .letter && isNumber
            ? "; if it is the option's position, set \"expected\" to \"index\" (0 is A) or \"number\" (1 is A)" : ""
        return RowFault(.inputError, "expected_answer is \"\(found)\"; expected \(wanted)\(advice)")
    }
}
