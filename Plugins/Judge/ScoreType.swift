import JSON
import ScorerKit

/// The result of reading a reply: a score, or the reason why none could be read.
enum Reading: Sendable, Equatable {
    case score(JSONValue)
    case nothing(String)
}

/// The type of the scores, from the return type of the scoring function, and how a reply's text becomes a score.
enum ScoreType: Sendable, Equatable {
    /// A number, within a range if one is given.
    case number(ClosedRange<Double>?)
    /// A number, or any other text unchanged.
    case numberOrText
    case text
    case boolean
    /// A string, or any value in a JSON reply.
    case json
    /// The label of a rubric, as the number or text that it stands for.
    case rubric(Rubric)

    /// The type of the output "score".
    var cellType: CellType {
        switch self {
        case .number: .f64
        case .text: .text
        case .boolean: .bool
        case .numberOrText, .json: .json
        case .rubric(let rubric): rubric.isNumeric ? .f64 : .text
        }
    }

    var range: ClosedRange<Double>? {
        switch self {
        case .number(let range): range
        case .rubric(let rubric): rubric.range
        case .boolean, .json, .numberOrText, .text: nil
        }
    }

    /// A description of a valid score.
    var expectation: String {
        switch self {
        case .number(let range?): "a number from \(Self.brief(range.lowerBound)) to \(Self.brief(range.upperBound))"
        case .number(nil), .numberOrText: "a number"
        case .text: "a string"
        case .boolean: "true or false"
        case .json: "a value"
        case .rubric(let rubric): rubric.expectation
        }
    }

    /// Reads the score from the text that a regular expression found.
    func score(fromText text: String) -> Reading {
        switch self {
        case .number, .numberOrText:
            if let number = Double(plainDecimal: text) { return score(number) }
            return self == .numberOrText ? .score(.string(text)) : .nothing("\"\(text.shortened)\" is not a number")
        case .text, .json:
            return .score(.string(text))
        case .boolean:
            switch text.trimmed.lowercased() {
            case "true", "yes", "1": return .score(true)
            case "false", "no", "0": return .score(false)
            default: return .nothing("\"\(text.shortened)\" is neither true nor false")
            }
        case .rubric(let rubric):
            if let score = rubric.score(of: text) { return .score(score) }
            return .nothing("\"\(text.shortened)\" is not \(rubric.expectation)")
        }
    }

    /// Reads the member `field` of a reply in JSON.
    func score(from value: JSONValue, field: String) -> Reading {
        let unexpected = Reading.nothing("\"\(field)\" in the reply is \(value.kind), not \(expectation)")
        switch (self, value) {
        case (_, .null): return unexpected
        case (.number, .number(let number)), (.numberOrText, .number(let number)): return score(number.double)
        case (.number, .string(let text)), (.numberOrText, .string(let text)):
            return Double(plainDecimal: text).map(score) ?? unexpected
        case (.text, .number(let number)): return .score(.string(number.text))
        case (.text, .bool(let truth)): return .score(.string(truth ? "true" : "false"))
        case (.text, .string), (.boolean, .bool), (.json, _): return .score(value)
        case (.boolean, .number(let number)): return score(fromText: number.text)
        case (.boolean, .string(let text)), (.rubric, .string(let text)): return score(fromText: text)
        case (.rubric, .number(let number)): return score(fromText: number.text)
        case (.rubric, .bool(let truth)): return score(fromText: truth ? "true" : "false")
        default: return unexpected
        }
    }

    private func score(_ number: Double) -> Reading {
        if let range, !range.contains(number) {
            return .nothing(
                "\(Self.brief(number)) is outside score_range, "
                    + "\(Self.brief(range.lowerBound)) to \(Self.brief(range.upperBound))")
        }
        // Written as Python writes a float: 8.0. A double read from a decimal number is finite unless it was too large.
        guard number.isFinite else { return .nothing("the number is too large") }
        return .score(JSONValue(number))
    }

    /// A number without an unnecessary ".0", for messages.
    private static func brief(_ number: Double) -> String {
        number == number.rounded() && number.magnitude < 1e15 ? String(Int(number)) : number.description
    }
}
