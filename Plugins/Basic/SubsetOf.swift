import Glibc
import JSON
import ScorerKit
import ScorerParameters

/// 1.0 where the expected answer is contained in the generated one.
struct SubsetOf: Scorer {
    static let declaration = ScorerDeclaration(
        id: "subset-of",
        description:
            "1.0 if expected_answer is contained in generated_answer, else 0.0: a part of a text, an element of an "
            + "array, or a key of an object",
        inputs: [
            .required("generated_answer", .json, "what the model answered: a text, an array or an object"),
            .required("expected_answer", .json, "what it must contain"),
            .optional("generated_answer", .text, "the same, where it is a text", isLenient: true),
            .optional("expected_answer", .text, "the same, where it is a text", isLenient: true),
        ],
        outputs: [.verdict], parametersSchema: noParameters)

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        try Parameters(configuration).finish()
    }

    func score(_ rows: Rows, _ results: Results) {
        let generated = rows.texts(0)
        let expected = rows.texts(1)
        let generatedText = rows.texts(2)
        let expectedText = rows.texts(3)
        var parser = JSONParser()
        withScores(of: rows, results) { scores in
            for row in 0..<rows.count {
                let (whole, part) = (Kind(of: generated[row]), Kind(of: expected[row]))
                switch (whole, part) {
                case (.text, .text):
                    scores[row] = contains(generatedText[row], expectedText[row]) ? 1 : 0
                // An object's keys are texts: a number is not among them, which is no error.
                case (.array, _), (.object, .text), (.object, .number), (.object, .boolean):
                    do {
                        scores[row] = try parser.contains(generated[row], expected[row]) ? 1 : 0
                    } catch {
                        results.fail(row, .inputError, "in an answer, \(error)")
                    }
                default:
                    results.fail(
                        row, .inputError,
                        "\(part.rawValue) cannot be contained in \(whole.rawValue); expected a text in a text, "
                            + "anything in an array, or a text as a key of an object")
                }
            }
        }
    }

    private func contains(_ text: UnsafeRawBufferPointer, _ part: UnsafeRawBufferPointer) -> Bool {
        guard let needle = part.baseAddress, let first = part.first else { return true }
        guard var place = text.baseAddress, part.count <= text.count else { return false }
        let lastStart = place + (text.count - part.count)
        while let found = memchr(place, Int32(first), lastStart - place + 1) {
            if memcmp(found, needle, part.count) == 0 { return true }
            place = UnsafeRawPointer(found) + 1
            if place > lastStart { return false }
        }
        return false
    }

    private enum Kind: String {
        case text = "a text"
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
