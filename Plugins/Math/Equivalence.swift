import ScorerKit
import ScorerParameters

/// 1.0 if two mathematical answers have the same value.
struct Equivalence: Scorer {
    static let declaration = ScorerDeclaration(
        id: "equivalence",
        description: "1.0 if generated_answer and expected_answer state the same mathematical value, otherwise 0.0",
        inputs: [
            .required("generated_answer", .text, "what the model answered: a formula, or a text that ends in one"),
            .required("expected_answer", .text, "the correct answer: a number, a formula, a set, …"),
        ],
        outputs: [
            .output("score", .f64, "1.0 if they are equal, otherwise 0.0", range: 0...1),
            .output("parsed_answer", .text, "the part of the answer that was compared"),
        ],
        parametersSchema: #"{"type": "object", "properties": {}, "additionalProperties": false}"#)

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        try Configuration(configuration).finish()
    }

    /// Longer answers are not compared, only looked through.
    private static let longestFormula = 4000

    func score(_ rows: Rows, _ results: Results) {
        let (generated, expected) = (rows.texts(0), rows.texts(1))
        var check = CancellationCheck(results)
        for row in 0..<rows.count {
            // Formulas take far more time than their length tells.
            if check.stops(before: row, of: rows, reading: 4096 + 8 * generated[row].count + expected[row].count) {
                break
            }
            do throws(RowFault) {
                try LongestText.check(generated[row], expected[row], most: LongestText.ofChoices)
                let (isEqual, answer) = try Self.compare(
                    String(decoding: generated[row], as: UTF8.self), String(decoding: expected[row], as: UTF8.self))
                results.emit(isEqual ? 1 : 0, output: 0, row: row)
                results.emit(answer, output: 1, row: row)
            } catch {
                results.fail(row, error.outcome, error.message)
            }
        }
    }

    /// Whether the answers are equal, and what was compared.
    private static func compare(_ generated: String, _ expected: String) throws(RowFault) -> (Bool, String) {
        guard let right = MathExtraction.statement(in: expected) else {
            throw RowFault(.inputError, "expected_answer states no mathematical value")
        }
        guard let answer = MathExtraction.statement(in: generated) else {
            throw RowFault(.unparsed, "the answer states no mathematical value")
        }
        // Equal as they are written, whatever that means.
        if normalized(right) == normalized(answer) { return (true, answer) }
        if isWord(right), isWord(answer), right.lowercased() == answer.lowercased() { return (true, answer) }
        let algebra = Algebra()
        do throws(MathFault) {
            let rightValue = try value(right, "expected_answer", algebra)
            let answerValue = try value(answer, "the answer", algebra)
            if let isEqual = try MathComparison(algebra: algebra).areEqual(rightValue, answerValue) {
                return (isEqual, answer)
            }
        } catch {
            // Numbers of any length can be compared with each other.
            if let one = PlainNumber(right), let other = PlainNumber(answer) { return (one == other, answer) }
            throw RowFault(.unparsed, "the answers cannot be compared: \(error.reason)")
        }
        throw RowFault(.unparsed, "it cannot be determined whether the answers are equal")
    }

    private static func value(
        _ text: String, _ side: String, _ algebra: Algebra
    ) throws(MathFault) -> MathValue {
        guard text.utf8.count <= longestFormula else { throw .tooLarge }
        do throws(MathFault) {
            return try MathParser.value(of: text, algebra)
        } catch {
            guard case .unsupported(let what) = error else { throw error }
            throw .unsupported("\(what), in \(side)")
        }
    }

    private static func isWord(_ text: String) -> Bool { text.count > 1 && text.allSatisfy(\.isLetter) }

    /// Without space, dollar signs, and commands that do not change the value.
    private static func normalized(_ text: String) -> String {
        guard text.utf8.count <= longestFormula else { return text }
        var text = text
        for command in ["\\left", "\\right", "\\!", "\\,", "\\;", "\\ ", "\\text", "\\mathrm", "\\displaystyle"] {
            text = text.split(separator: command, omittingEmptySubsequences: false).joined()
        }
        for (name, usual) in [("\\dfrac", "\\frac"), ("\\tfrac", "\\frac"), ("\\$", ""), ("$", "")] {
            text = text.split(separator: name, omittingEmptySubsequences: false).joined(separator: usual)
        }
        text.removeAll { $0.isWhitespace }
        while text.count > 3, text.hasPrefix("{"), text.hasSuffix("}"),
            text.dropFirst().dropLast().allSatisfy(\.isLetter)
        {
            text = String(text.dropFirst().dropLast())
        }
        return text
    }
}

extension MathFault {
    var reason: String {
        switch self {
        case .unsupported(let what): "there is \(what)"
        case .tooLarge: "they are too large"
        }
    }
}
