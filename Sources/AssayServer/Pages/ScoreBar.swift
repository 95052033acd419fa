import JSON
import ScoringCore

/// A line of the table of a function's scores, and a bar of its plot: scores, or an outcome without one, and how many
/// rows have it.
struct ScoreBar {
    enum Kind {
        /// A number, or a text.
        case value, text
        /// The numbers between two.
        case range(lower: Double, upper: Double)
        /// Rows without a score.
        case missing
    }

    var kind: Kind
    var label: String
    var count: Int
    /// The query parameters that find the rows; nil if there are none.
    var query: [(String, String)]?

    var isMissing: Bool { if case .missing = kind { true } else { false } }

    /// The bars of a function's stored distribution, and of the outcomes without a score.
    ///
    /// - Parameter rows: how many rows had each outcome.
    static func all(of distribution: JSONValue?, rows: JSONValue?) -> [ScoreBar] {
        let scored = distribution?.array?.map(ScoreBar.init) ?? []
        let missing = RowOutcome.allCases.filter { $0 != .scored }.compactMap { outcome -> ScoreBar? in
            guard let count = integer(rows?[outcome.name]), count > 0 else { return nil }
            return ScoreBar(
                kind: .missing, label: outcome.shownName, count: count, query: [("outcome", outcome.name)])
        }
        return scored + missing
    }

    init(kind: Kind, label: String, count: Int, query: [(String, String)]?) {
        self.kind = kind
        self.label = label
        self.count = count
        self.query = query
    }

    private init(_ json: JSONValue) {
        let count = integer(json["count"]) ?? 0
        if let number = number(json["number"]) {
            let text = PageText.exact(number)
            self.init(kind: .value, label: text, count: count, query: [("score", text)])
        } else if let lower = number(json["from"]), let upper = number(json["to"]) {
            // No score is greater.
            self.init(
                kind: .range(lower: lower, upper: upper),
                label: "\(PageText.exact(lower)) to \(PageText.exact(upper))", count: count,
                query: [("outcome", "scored"), ("least", PageText.exact(lower))])
        } else if let lower = number(json["from"]), let upper = number(json["below"]) {
            self.init(
                kind: .range(lower: lower, upper: upper),
                label: "\(PageText.exact(lower)) to < \(PageText.exact(upper))", count: count,
                query: [("least", PageText.exact(lower)), ("below", PageText.exact(upper))])
        } else if let text = json["text"]?.string {
            // A label that may have been shortened is not an exact score.
            let isWhole = text.unicodeScalars.count < 200 && !text.isEmpty
            self.init(
                kind: .text, label: text.isEmpty ? "(empty)" : PageText.shown(text), count: count,
                query: isWhole ? [("score", text)] : nil)
        } else {
            self.init(kind: .text, label: "(all others)", count: count, query: nil)
        }
    }
}

extension RowOutcome {
    /// The outcome in words.
    var shownName: String { name.split(separator: "_").joined(separator: " ") }
}

/// The number that a JSON value is; nil for others.
func number(_ value: JSONValue?) -> Double? {
    if case .number(let number) = value { number.double } else { nil }
}

/// The integer that a JSON value is; nil for others.
func integer(_ value: JSONValue?) -> Int? {
    if case .number(let number) = value { number.int } else { nil }
}
