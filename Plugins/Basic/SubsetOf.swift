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
                        ? try whole.containsAny(of: expected[row], expectedText[row], &parser, &check)
                        : try whole.contains(expected[row], expectedText[row], &parser, &check)
                    if isContained { scores[row] = 1 }
                } catch {
                    if error.isCancellation {
                        check.leaveOut(row, of: rows)
                        break
                    }
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
            _ part: UnsafeRawBufferPointer, _ partText: UnsafeRawBufferPointer, _ parser: inout JSONParser,
            _ check: inout CancellationCheck
        ) throws(RowFault) -> Bool {
            let (whole, kind) = (Kind(of: json), Kind(of: part))
            switch (whole, kind) {
            case (.text, .text): return try TextSearch.contains(text, partText, &check)
            // The keys of an object are strings, so a number is not among them; that is not an error.
            case (.array, _), (.object, .text), (.object, .number), (.object, .boolean):
                try LongestText.check(json, part)
                do throws(JSONError) {
                    return try parser.contains(json, part)
                } catch {
                    throw RowFault(.inputError, "in an answer, \(error)")
                }
            default: throw Self.fault(whole, kind)
            }
        }

        private static func fault(_ whole: Kind, _ kind: Kind) -> RowFault {
            RowFault(
                .inputError,
                "\(kind.rawValue) cannot be contained in \(whole.rawValue); expected a string in a string, "
                    + "anything in an array, or a string as a key of an object"
                    + (whole == .text && kind == .array ? "; to accept any element of the list, set any_of" : ""))
        }

        /// Whether it contains an element of `parts`, which is a list or a string with a list written in it.
        ///
        /// In a string, numbers and booleans are searched for as they are written.
        func containsAny(
            of parts: UnsafeRawBufferPointer, _ partsText: UnsafeRawBufferPointer, _ parser: inout JSONParser,
            _ check: inout CancellationCheck
        ) throws(RowFault) -> Bool {
            let isArray = Kind(of: parts) == .array
            guard isArray || ExpectedAnswers.looksLikeList(partsText) else {
                return try contains(parts, partsText, &parser, &check)
            }
            let list = isArray ? parts : partsText
            let elements = try ExpectedAnswers.elements(ofListIn: list, &parser)
            let whole = Kind(of: json)
            try LongestText.check(whole == .text ? text.count : json.count, comparedWith: elements.count)
            guard whole == .text else { return try containsAny(of: elements, whole, &parser, &check) }
            for element in elements {
                guard let part = element.scalarText else { throw Self.fault(.text, Kind(element)) }
                if check.stopsWithin(text.count) { throw .cancelled }
                let isContained = try Array(part.utf8).span.withUnsafeBytes { part throws(RowFault) in
                    try TextSearch.contains(text, part, &check)
                }
                if isContained { return true }
            }
            return false
        }

        /// The same in an array, or among the keys of an object.
        private func containsAny(
            of elements: [JSONValue], _ whole: Kind, _ parser: inout JSONParser, _ check: inout CancellationCheck
        ) throws(RowFault) -> Bool {
            func canContain(_ kind: Kind) -> Bool {
                whole == .array || whole == .object && (kind != .array && kind != .object)
            }
            let firstFault = elements.firstIndex { !canContain(Kind($0)) } ?? elements.count
            try LongestText.check(json, json)
            let parts = Array(JSONValue.array(Array(elements[..<firstFault])).text.utf8)
            let size = json.count
            let found: Bool?
            do throws(JSONError) {
                found = try parts.span.withUnsafeBytes { parts throws(JSONError) in
                    try parser.containsAny(json, of: parts) { check.stopsWithin(size) }
                }
            } catch {
                throw RowFault(.inputError, "in an answer, \(error)")
            }
            guard let found else { throw .cancelled }
            if !found, firstFault < elements.count { throw Self.fault(whole, Kind(elements[firstFault])) }
            return found
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

        init(_ value: JSONValue) {
            switch value {
            case .string: self = .text
            case .array: self = .array
            case .object: self = .object
            case .bool: self = .boolean
            default: self = .number
            }
        }
    }
}
