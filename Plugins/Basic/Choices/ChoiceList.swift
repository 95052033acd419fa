import JSON
import ScorerKit
import ScorerParameters

/// The options of a question as a column has them: a list of strings, a text that is one, or, as in ARC, an object with a list
/// `text` and a list `label`.
struct ChoiceList {
    private(set) var texts: [[ChoiceToken]] = []
    /// What the options are called, where the column says so.
    private(set) var labels: [String] = []

    /// The most options that a question may have: the letters of the alphabet.
    static let maximumCount = 26

    init(_ cell: UnsafeRawBufferPointer, _ column: String, _ parser: inout JSONParser) throws(RowFault) {
        var elements: [JSONValue]
        if cell.first == UInt8(ascii: "{"), let object = try? parser.parse(cell), let list = object["text"]?.array {
            elements = list
            labels =
                (object["label"] ?? object["labels"])?.array?.prefix(Self.maximumCount).compactMap(\.scalarText) ?? []
        } else {
            elements = try ExpectedAnswers.elements(ofListIn: cell, &parser, column: column)
        }
        guard 2...Self.maximumCount ~= elements.count else {
            throw RowFault(
                .inputError, "\(column) has \(elements.count) options; expected 2 to \(Self.maximumCount)")
        }
        for element in elements {
            guard let text = element.scalarText else {
                throw RowFault(.inputError, "\(column) holds \(element.kind); expected strings")
            }
            texts.append(ChoiceTokens(Array(text.utf8).span).tokens)
        }
    }

    /// The place of the option whose label or words a text is.
    func place(of text: [UInt8], as tokens: [ChoiceToken]) -> Int? {
        let label = String(decoding: text, as: UTF8.self)
        if let place = labels.firstIndex(of: label) { return place }
        return texts.firstIndex { option in
            !option.isEmpty && option.count == tokens.count && zip(option, tokens).allSatisfy { $0.text == $1.text }
        }
    }
}
