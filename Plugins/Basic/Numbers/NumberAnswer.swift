import JSON
import Patterns
import ScorerKit
import ScorerParameters

/// 1.0 if the number that an answer states is the right one, or close enough.
struct NumberAnswer: Scorer {
    static let declaration = ScorerDeclaration(
        id: "number",
        description: "1.0 if the last number of generated_answer is expected_answer, within a tolerance",
        inputs: [
            .required("generated_answer", .text, "what the model answered"),
            .required("expected_answer", .text, "the correct number"),
        ],
        outputs: [.verdict, .output("parsed_answer", .text, "the number that was found, or null")],
        parametersSchema: #"""
            {"type": "object", "additionalProperties": false, "properties": {
            "tolerance": {"type": "number", "minimum": 0},
            "relative_tolerance": {"type": "number", "minimum": 0},
            "match": {"enum": ["last", "first"]},
            "parsing_regexes": \#(ExpectedAnswers.patternsSchema),
            "decimal": {"enum": ["auto", "point", "comma"]},
            "percent": {"enum": ["ignore", "hundredths"]},
            \#(UnreadAnswer.schema),
            \#(ExpectedAnswers.schema)}}
            """#)

    /// Which of several numbers counts, and of several matches of a pattern.
    private enum Occurrence: String, CaseIterable { case last, first }
    /// What a percent sign says about the value.
    private enum Percent: String, CaseIterable { case ignore, hundredths }

    let declaration: ScorerDeclaration
    private let tolerance: ExactNumber?
    private let relativeTolerance: ExactNumber?
    private let occurrence: Occurrence
    private let patterns: PatternList?
    private let decimalMark: DecimalMark
    private let percent: Percent
    private let unread: UnreadAnswer
    private let expected: ExpectedAnswers
    private let scratches = ScratchPool()

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var parameters = try Configuration(configuration)
        tolerance = try Self.tolerance("tolerance", &parameters)
        relativeTolerance = try Self.tolerance("relative_tolerance", &parameters)
        occurrence = try parameters.choice("match")
        patterns = try parameters.optionalPatterns("parsing_regexes").map { PatternList($0) }
        decimalMark = try parameters.choice("decimal")
        percent = try parameters.choice("percent")
        unread = try parameters.choice("no_answer")
        expected = try ExpectedAnswers(&parameters)
        try parameters.finish()
        declaration = Self.declaration.reading(expected)
    }

    private static func tolerance(
        _ name: String, _ parameters: inout Configuration
    ) throws(ParameterRejection) -> ExactNumber? {
        guard let number = try parameters.number(name, expected: "a number that is not negative", where: { $0 >= 0 })
        else { return nil }
        guard let tolerance = ExactNumber(json: number.text), tolerance.isShort else {
            throw ParameterRejection(of: name, "found a number of more than \(ExactNumber.maximumLength) digits")
        }
        return tolerance
    }

    func score(_ rows: Rows, _ results: Results) {
        scratches.withScratch(for: results) { score(rows, results, &$0) }
    }

    private func score(_ rows: Rows, _ results: Results, _ scratch: inout MatchScratch) {
        let generated = rows.texts(0)
        let rightAnswers = rows.texts(1)
        let cells = expected.cells(rows)
        var parser = JSONParser()
        var check = CancellationCheck(results)
        withScores(of: rows, results) { scores in
            for row in 0..<rows.count {
                if check.stops(before: row, of: rows, reading: generated[row].count + rightAnswers[row].count) { break }
                scratch.beginRow()
                do throws(RowFault) {
                    try LongestText.check(generated[row], rightAnswers[row])
                    var rightNumbers: [ExactNumber] = []
                    for answer in try expected.answers(row, cells, &parser, &scratch) {
                        rightNumbers.append(try rightNumber(answer.span))
                    }
                    let number = try readNumber(generated[row], &scratch, &check)
                    results.emit(number.text, output: 1, row: row)
                    for right in rightNumbers where try agree(number, right) { scores[row] = 1 }
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

    private func agree(_ number: ExactNumber, _ right: ExactNumber) throws(RowFault) -> Bool {
        if number == right { return true }
        guard tolerance != nil || relativeTolerance != nil else { return false }
        let limit = "more than \(ExactNumber.maximumLength) digits, too many to compare with a tolerance"
        guard right.isShort else { throw RowFault(.inputError, "the number in expected_answer has \(limit)") }
        guard number.isShort else { throw RowFault(.unparsed, "the number in the answer has \(limit)") }
        return number.isWithin(tolerance, relativeTolerance, of: right)
    }

    // MARK: Reading

    /// What reading a number costs beside its bytes, in bytes that are only read.
    private static let workOfNumber = 64

    /// The right number: the only one in its text. What marks mean in answers does not hold for it: data mostly has points.
    private func rightNumber(_ text: Span<UInt8>) throws(RowFault) -> ExactNumber {
        if let whole = WrittenNumber(whole: text) { return value(of: whole) }
        var scanner = NumberScanner(NumberSymbols(text).bytes, .auto)
        guard case .number(let number)? = scanner.next() else {
            throw RowFault(.inputError, "expected_answer is not a number: \(Self.excerpt(text))")
        }
        if scanner.next() != nil {
            throw RowFault(
                .inputError,
                "expected_answer has several numbers: \(Self.excerpt(text)); "
                    + "to choose one, set expected_regexes; for a list, set any_of")
        }
        return value(of: number)
    }

    private func readNumber(
        _ answer: UnsafeRawBufferPointer, _ scratch: inout MatchScratch, _ check: inout CancellationCheck
    ) throws(RowFault) -> ExactNumber {
        var part = answer
        if let patterns {
            let found: Range<Int>?
            do throws(MatchError) {
                found =
                    occurrence == .first
                    ? try patterns.firstMatch(in: answer, using: &scratch)?.match.answer
                    : try patterns.lastMatch(in: answer, using: &scratch)?.match.answer
            } catch {
                throw RowFault(error)
            }
            guard let found else { throw RowFault(.unparsed, "no pattern of parsing_regexes matches the answer") }
            part = UnsafeRawBufferPointer(rebasing: answer[found])
        }
        var scanner = NumberScanner(NumberSymbols(part.utf8.span).bytes, decimalMark)
        var finding = scanner.next()
        if occurrence == .last {
            while let next = scanner.next() {
                if check.stopsWithin(Self.workOfNumber) { throw .cancelled }
                finding = next
            }
        }
        switch finding {
        case .number(let number): return value(of: number)
        case .unreadable(let range):
            let digits = String(decoding: scanner.symbols[range].prefix(40), as: UTF8.self)
            throw RowFault(.unparsed, "the \(occurrence.rawValue) number of the answer cannot be read: \(digits)")
        case nil: throw RowFault(.unparsed, "the answer has no number")
        }
    }

    private func value(of number: WrittenNumber) -> ExactNumber {
        guard number.isPercent, percent == .hundredths else { return number.value }
        let hundredths = number.value.numerator.scaled(by: -2)
        return ExactNumber(isNegative: number.value.isNegative, hundredths, over: number.value.denominator)
            ?? number.value
    }

    private static func excerpt(_ text: Span<UInt8>) -> String {
        let excerpt = text.extracting(..<min(text.count, 60)).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        return text.count > 60 ? "\(excerpt)…" : excerpt
    }
}
