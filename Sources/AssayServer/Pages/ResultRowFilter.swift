import Glibc
import JSON
import Reports
import ScoringCore

/// A filter for the rows of a result.
struct ResultRowFilter {
    /// The outcome of a row.
    enum Outcome: Equatable {
        case any
        /// Any but `scored`.
        case missing
        case exactly(RowOutcome)
    }

    /// The function that the filter applies to; nil means any single function.
    var function: String?
    var outcome = Outcome.any
    /// The score as text.
    var score: String?
    /// The lower bound of the score (inclusive), and the upper bound (exclusive).
    var least: Double?
    var below: Double?

    init() {}

    /// Reads the fields of the form.
    init(_ query: [String: String]) throws(APIError) {
        func field(_ name: String) -> String? { query[name].flatMap { $0.isEmpty ? nil : $0 } }
        func number(_ name: String, _ label: String) throws(APIError) -> Double? {
            guard let text = field(name) else { return nil }
            guard let number = Double(decimalText: text) else {
                throw .invalid("“\(label)” is not a number: \(PageText.shown(text.prefix(100)))", at: name)
            }
            return number
        }
        function = field("function")
        score = field("score")
        least = try number("least", "Score at least")
        below = try number("below", "and below")
        switch query["outcome"] {
        case nil, "": outcome = .any
        case "missing": outcome = .missing
        case let name?:
            guard let known = RowOutcome.allCases.first(where: { $0.name == name }) else {
                throw .invalid("“\(PageText.shown(name.prefix(100)))” is not a known outcome", at: "outcome")
            }
            outcome = .exactly(known)
        }
    }

    /// Whether all rows match.
    var isEmpty: Bool { function == nil && outcome == .any && score == nil && least == nil && below == nil }

    /// Text that every matching row contains, unless it is spelled with escapes; nil if there is none.
    var neededText: String? {
        switch outcome {
        case .missing: "outcome"
        case .exactly(let outcome) where outcome != .scored: outcome.name
        default: nil
        }
    }

    /// Whether a row matches.
    ///
    /// - Parameter scores: the row's results of all functions.
    func accepts(_ scores: [(function: String, result: JSONValue)]) -> Bool {
        scores.contains { name, result in function.map { $0.utf8.elementsEqual(name.utf8) } ?? true && accepts(result) }
    }

    private func accepts(_ result: JSONValue) -> Bool {
        let name = result["outcome"]?.string ?? RowOutcome.scored.name
        switch outcome {
        case .any: break
        case .missing: if name == RowOutcome.scored.name { return false }
        case .exactly(let outcome): if name != outcome.name { return false }
        }
        if score == nil && least == nil && below == nil { return true }
        guard let found = result["score"], found != .null else { return false }
        if let score, !isSame(found, score) { return false }
        if least == nil && below == nil { return true }
        guard let number = Self.number(found) else { return false }
        return least.map { number >= $0 } ?? true && below.map { number < $0 } ?? true
    }

    private func isSame(_ found: JSONValue, _ text: String) -> Bool {
        switch found {
        case .string(let found): if found.utf8.elementsEqual(text.utf8) { return true }
        case .bool(let found): return text.lowercased() == (found ? "true" : "false")
        default: if found.text.utf8.elementsEqual(text.utf8) { return true }
        }
        guard let number = Self.number(found), let wanted = Double(decimalText: text) else { return false }
        return number == wanted
    }

    /// The number that a score is or spells.
    private static func number(_ score: JSONValue) -> Double? {
        switch score {
        case .number(let number): number.double
        case .string(let text): Double(decimalText: text)
        case .bool(let value): value ? 1 : 0
        default: nil
        }
    }
}
