import JSON
import ScorerKit
import ScorerParameters

/// The labels from which a judge chooses, what they mean, and the score that each of them is.
struct Rubric: Sendable, Equatable {
    struct Level: Sendable, Equatable {
        /// As the judge writes it.
        var label: String
        /// A number, or a text for functions whose scores are texts.
        var value: JSONValue
        var description: String?
    }

    let levels: [Level]

    /// Reads a rubric: `[{"label": "good", "value": 1, "description": "…"}, …]`. Without a label, it is the value; without a value,
    /// that is the label.
    ///
    /// - Parameters:
    ///   - pointer: where it stands in the configuration.
    ///   - needsNumbers: whether scores are numbers.
    init(_ json: JSONValue, at pointer: JSONPointer, needsNumbers: Bool) throws(ParameterRejection) {
        func rejection(_ pointer: JSONPointer, _ message: String) -> ParameterRejection {
            ParameterRejection(pointer: pointer.description, message)
        }
        guard let elements = json.array else {
            throw rejection(
                pointer, "found \(json.kind); expected an array such as [{\"label\": \"good\", \"value\": 1}, …]")
        }
        var levels: [Level] = []
        for (index, element) in elements.enumerated() {
            let place = pointer.appending(index)
            guard let members = element.object else {
                throw rejection(
                    place, "found \(element.kind); expected an object such as {\"label\": \"good\", \"value\": 1}")
            }
            for key in members.keys where !["label", "value", "description"].contains(key) {
                throw rejection(place.appending(key), "an unknown member; expected label, value or description")
            }
            let value = members["value"] == .null ? Optional.none : members["value"]
            let label: String
            switch members["label"] ?? .null {
            case .string(let text) where !text.trimmed.isEmpty: label = String(text.trimmed)
            case .number(let number): label = number.text
            case .null where value?.number != nil || value?.string?.trimmed.isEmpty == false:
                label = value?.string.map { String($0.trimmed) } ?? value?.text ?? ""
            case let other:
                throw rejection(
                    place.appending("label"),
                    "found \(other == .null ? "nothing" : other.kind); expected a non-empty string")
            }
            let score: JSONValue
            switch value {
            case .number(let number)? where number.double.isFinite: score = JSONValue(number.double)
            case .string? where !needsNumbers: score = value ?? .null
            case nil where !needsNumbers: score = .string(label)
            case nil:
                guard let number = Double(plainDecimal: label) else {
                    throw rejection(
                        place.appending("value"),
                        "found nothing; expected the number that \(quoted(label)) is as a score")
                }
                score = JSONValue(number)
            case let other?:
                throw rejection(
                    place.appending("value"),
                    "found \(other.kind); expected a number\(needsNumbers ? "" : " or a string")")
            }
            if let description = members["description"], description != .null, description.string == nil {
                throw rejection(place.appending("description"), "found \(description.kind); expected a string")
            }
            if levels.contains(where: { $0.label.lowercased() == label.lowercased() }) {
                throw rejection(
                    place.appending("label"), "found \(quoted(label)) again; expected each label once, in whatever case"
                )
            }
            levels.append(Level(label: label, value: score, description: members["description"]?.string))
        }
        guard levels.count > 1 else {
            throw rejection(pointer, "found \(levels.count == 1 ? "one label" : "no label"); expected at least two")
        }
        if Set(levels.map { $0.value.number == nil }).count > 1 {
            throw rejection(pointer, "some values are numbers and others are texts; expected one kind")
        }
        self.levels = levels
    }

    var labels: [String] { levels.map(\.label) }

    /// Whether its scores are numbers.
    var isNumeric: Bool { levels.allSatisfy { $0.value.number != nil } }

    /// The least and the greatest score; nil for texts.
    var range: ClosedRange<Double>? {
        let numbers = levels.compactMap(\.value.number)
        guard numbers.count == levels.count, let least = numbers.min(), let most = numbers.max(), least < most else {
            return nil
        }
        return least...most
    }

    /// The score of a label that a judge wrote: in its own case, or else in another one. A number that is the value of one label
    /// is this label too.
    func score(of text: String) -> JSONValue? {
        let text = Self.bare(text)
        if let level = levels.first(where: { $0.label == text }) { return level.value }
        if let level = levels.first(where: { $0.label.lowercased() == text.lowercased() }) { return level.value }
        guard let number = Double(plainDecimal: text) else { return nil }
        let meant = levels.filter { $0.value.number == number }
        guard meant.count == 1 else { return Optional.none }
        return meant[0].value
    }

    /// A label without the quotation marks, emphasis and period that models put around it.
    private static func bare(_ text: String) -> String {
        var bare = text.trimmed
        while let first = bare.first, "\"'*`“‘".contains(first) { bare.removeFirst() }
        while let last = bare.last, "\"'*`”’.".contains(last) { bare.removeLast() }
        return String(bare)
    }

    /// The labels and their descriptions for a prompt, one on each line.
    var text: String {
        levels.map { level in level.description.map { "- \(level.label): \($0)" } ?? "- \(level.label)" }
            .joined(separator: "\n")
    }

    /// A description of a valid score.
    var expectation: String { "one of \(labels.map(quoted).joined(separator: ", "))" }
}
