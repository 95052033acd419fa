import Glibc
import JSON
import ScorerKit

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
                switch (generated[row].first, expected[row].first) {
                case (UInt8(ascii: "\""), UInt8(ascii: "\"")):
                    scores[row] = contains(generatedText[row], expectedText[row]) ? 1 : 0
                case (UInt8(ascii: "["), _), (UInt8(ascii: "{"), UInt8(ascii: "\"")):
                    do {
                        scores[row] = try parser.contains(generated[row], expected[row]) ? 1 : 0
                    } catch {
                        results.fail(row, .inputError, "an answer is not valid JSON: \(error)")
                    }
                default:
                    let pair = "\(kind(of: expected[row])) cannot be contained in \(kind(of: generated[row]))"
                    results.fail(
                        row, .inputError,
                        "\(pair); expected a text in a text, anything in an array, or a text as a key of an object")
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

    private func kind(of json: UnsafeRawBufferPointer) -> String {
        switch json.first {
        case UInt8(ascii: "\""): "a text"
        case UInt8(ascii: "["): "an array"
        case UInt8(ascii: "{"): "an object"
        case UInt8(ascii: "t"), UInt8(ascii: "f"): "a boolean"
        default: "a number"
        }
    }
}
