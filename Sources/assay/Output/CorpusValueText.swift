import JSON
import ScoringCore

/// A scorer's own aggregate as lines of a table: its figure, and below it the rest of the object.
struct CorpusValueText {
    private let name: String
    private let value: AggregateResult.CorpusValue

    init(_ name: String, _ value: AggregateResult.CorpusValue) {
        self.name = name
        self.value = value
    }

    /// The most members that are shown. The JSON has them all.
    private static let limit = 100

    var lines: [(name: String, value: String)] {
        let members = (try? JSONValue(parsing: value.json).object?.members) ?? []
        // The figure is not repeated below.
        let others = members.filter { $0.key != name }
        var lines = [(name: name, value: value.number.map(shortened) ?? "")]
        lines += others.prefix(Self.limit).map { ("  \(oneLine($0.key))", text(of: $0.value)) }
        if others.count > Self.limit { lines.append(("  …", "and \(others.count - Self.limit) more")) }
        return lines
    }

    private func text(of value: JSONValue) -> String {
        switch value {
        case .number(let number): number.int.map(grouped) ?? shortened(number.double)
        case .string(let text): oneLine(text)
        case .array(let elements): elements.map(text).joined(separator: ", ")
        case .object(let object):
            object.members.map { "\(oneLine($0.key)) \(text(of: $0.value))" }.joined(separator: ", ")
        default: value.text
        }
    }
}
