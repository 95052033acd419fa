import JSON
import ScorerKit
import ScorerParameters

/// 1.0 if the generated answer contains the expected one.
struct SubsetOf: Scorer {
    static let declaration = ScorerDeclaration(
        id: "subset-of",
        description:
            "1.0 if generated_answer contains expected_answer, otherwise 0.0: as part of a string, an element of an "
            + "array, or a key of an object",
        inputs: [
            .required("generated_answer", .json, "what the model answered: a string, an array or an object"),
            .required("expected_answer", .json, "what it must contain"),
            .optional("generated_answer", .text, "the same, as a string", isLenient: true),
            .optional("expected_answer", .text, "the same, as a string", isLenient: true),
        ],
        outputs: [.verdict], parametersSchema: anyOfSchema)

    private let isAnyOf: Bool

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var parameters = try Configuration(configuration)
        isAnyOf = try parameters.boolean("any_of") ?? false
        try parameters.finish()
    }

    func score(_ rows: Rows, _ results: Results) {
        let generated = rows.texts(0)
        let expected = rows.texts(1)
        let generatedText = rows.texts(2)
        let expectedText = rows.texts(3)
        var parser = JSONParser()
        var check = CancellationCheck(results)
        withScores(of: rows, results) { scores in
            for row in 0..<rows.count {
                if check.stops(before: row, of: rows, reading: generated[row].count + expected[row].count) { break }
                let whole = Whole(json: generated[row], text: generatedText[row])
                do throws(RowFault) {
                    let isContained =
                        isAnyOf
                        ? try whole.containsAny(of: expected[row], expectedText[row], &parser)
                        : try whole.contains(expected[row], expectedText[row], &parser)
                    if isContained { scores[row] = 1 }
                } catch {
                    results.fail(row, error.outcome, error.message)
                }
            }
        }
    }

    /// An answer that may contain another.
    private struct Whole {
        let json: UnsafeRawBufferPointer
        /// Its contents, if it is a string.
        let text: UnsafeRawBufferPointer

        /// - Parameter partText: the contents of `part`, if it is a string.
        func contains(
            _ part: UnsafeRawBufferPointer, _ partText: UnsafeRawBufferPointer, _ parser: inout JSONParser
        ) throws(RowFault) -> Bool {
            let (whole, kind) = (Kind(of: json), Kind(of: part))
            switch (whole, kind) {
            case (.text, .text): return TextSearch.contains(text, partText)
            // The keys of an object are strings, so a number is not among them; that is not an error.
            case (.array, _), (.object, .text), (.object, .number), (.object, .boolean):
                do throws(JSONError) {
                    return try parser.contains(json, part)
                } catch {
                    throw RowFault(.inputError, "in an answer, \(error)")
                }
            default:
                throw RowFault(
                    .inputError,
                    "\(kind.rawValue) cannot be contained in \(whole.rawValue); expected a string in a string, "
                        + "anything in an array, or a string as a key of an object"
                        + (whole == .text && kind == .array ? "; to accept any element of the list, set any_of" : ""))
            }
        }

        /// Whether it contains an element of `parts`, which is a list or a string with a list written in it.
        ///
        /// In a string, numbers and booleans are searched for as they are written.
        func containsAny(
            of parts: UnsafeRawBufferPointer, _ partsText: UnsafeRawBufferPointer, _ parser: inout JSONParser
        ) throws(RowFault) -> Bool {
            let isArray = Kind(of: parts) == .array
            guard isArray || ExpectedAnswers.looksLikeList(partsText) else {
                return try contains(parts, partsText, &parser)
            }
            for element in try ExpectedAnswers.elements(ofListIn: isArray ? parts : partsText, &parser) {
                let isText = Kind(of: json) == .text
                let part = isText ? element.scalarText.map(JSONValue.string) ?? element : element
                let isContained = try Array(part.text.utf8).span.withUnsafeBytes { json throws(RowFault) in
                    try Array((part.string ?? "").utf8).span.withUnsafeBytes { text throws(RowFault) in
                        try contains(json, text, &parser)
                    }
                }
                if isContained { return true }
            }
            return false
        }
    }

    private enum Kind: String {
        case text = "a string"
        case array = "an array"
        case object = "an object"
        case boolean = "a boolean"
        case number = "a number"

        init(of json: UnsafeRawBufferPointer) {
            switch json.first {
            case UInt8(ascii: "\""): self = .text
            case UInt8(ascii: "["): self = .array
            case UInt8(ascii: "{"): self = .object
            case UInt8(ascii: "t"), UInt8(ascii: "f"): self = .boolean
            default: self = .number
            }
        }
    }
}
