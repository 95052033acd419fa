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
                try LongestText.check(generated[row], expected[row])
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
        var algebra = Algebra()
        let rights = MathExtraction.candidates(in: expected)
        guard !rights.isEmpty else { throw RowFault(.inputError, "expected_answer states no mathematical value") }
        let answers = MathExtraction.candidates(in: generated)
        guard let first = answers.first else { throw RowFault(.unparsed, "the answer states no mathematical value") }
        // Equal as they are written, whatever that means.
        for answer in answers where rights.contains(where: { normalized($0) == normalized(answer) }) {
            return (true, answer)
        }
        let right = value(rights, &algebra)
        let answer = value(answers, &algebra)
        if let one = rights.firstNumber, let other = answers.firstNumber, right.isPlain || answer.isPlain {
            return (one.number == other.number, other.text)
        }
        guard let (rightValue, _) = right.found else {
            throw RowFault(.unparsed, "expected_answer cannot be read: \(right.reason)")
        }
        guard let (answerValue, text) = answer.found else {
            throw RowFault(.unparsed, "the answer \(first.prefix(60)) cannot be read: \(answer.reason)")
        }
        do throws(MathFault) {
            if let isEqual = try MathComparison(algebra: algebra).areEqual(rightValue, answerValue) {
                return (isEqual, text)
            }
        } catch {
            throw RowFault(.unparsed, "the answers cannot be compared: \(error.reason)")
        }
        throw RowFault(.unparsed, "whether the answers are equal cannot be told")
    }

    /// What the first part that can be read states.
    private static func value(_ candidates: [String], _ algebra: inout Algebra) -> Reading {
        var reading = Reading()
        for candidate in candidates {
            guard candidate.utf8.count <= longestFormula else {
                reading.reason = MathFault.tooLarge.reason
                reading.isPlain = true
                continue
            }
            var attempt = algebra
            do throws(MathFault) {
                let value = try MathParser.value(of: candidate, &attempt)
                algebra = attempt
                reading.found = (value, candidate)
                reading.isPlain = false
                return reading
            } catch {
                if reading.reason.isEmpty { reading.reason = error.reason }
                if case .tooLarge = error { reading.isPlain = true }
            }
        }
        return reading
    }

    private struct Reading {
        var found: (MathValue, String)?
        /// Why nothing could be read.
        var reason = ""
        /// Whether only the size was the reason.
        var isPlain = false
    }

    /// Without space, dollar signs, and commands that do not change the value.
    private static func normalized(_ text: String) -> String {
        var text = text
        for command in ["\\left", "\\right", "\\!", "\\,", "\\;", "\\ ", "\\text", "\\mathrm", "\\displaystyle"] {
            text = text.split(separator: command, omittingEmptySubsequences: false).joined()
        }
        for (name, usual) in [("\\dfrac", "\\frac"), ("\\tfrac", "\\frac"), ("\\$", ""), ("$", "")] {
            text = text.split(separator: name, omittingEmptySubsequences: false).joined(separator: usual)
        }
        text.removeAll { $0.isWhitespace }
        while text.hasPrefix("{"), text.hasSuffix("}"), text.dropFirst().dropLast().allSatisfy(\.isLetter) {
            text = String(text.dropFirst().dropLast())
        }
        return text
    }
}

extension [String] {
    /// The first that is a plain number.
    fileprivate var firstNumber: (number: PlainNumber, text: String)? {
        for text in self {
            if let number = PlainNumber(text) { return (number, text) }
        }
        return nil
    }
}

extension MathFault {
    var reason: String {
        switch self {
        case .unsupported(let what): "it has \(what)"
        case .tooLarge: "it is too large"
        }
    }
}
