package import JSON
package import ScoringCore

/// A line of the table of a function's scores, and a bar of its plot: scores, or an outcome without one, and how many
/// rows have it.
package struct ScoreBar {
    package enum Kind {
        /// A number, or a text.
        case value, text
        /// The numbers between two.
        case range(lower: Double, upper: Double)
        /// Rows without a score.
        case missing
    }

    package var kind: Kind
    package var label: String
    package var count: Int
    /// The query parameters that find the rows; nil if there are none.
    package var query: [(String, String)]?

    package var isMissing: Bool { if case .missing = kind { true } else { false } }

    /// The bars of a function's stored distribution, and of the outcomes without a score.
    ///
    /// - Parameter rows: how many rows had each outcome.
    package static func all(of distribution: JSONValue?, rows: JSONValue?) -> [ScoreBar] {
        let scored = distribution?.array?.map(ScoreBar.init) ?? []
        return scored + missing { integer(rows?[$0.name]) ?? 0 }
    }

    /// The bars of a distribution, and of the outcomes without a score.
    static func all(of distribution: [ScoreDistribution.Bar], _ counts: OutcomeCounts) -> [ScoreBar] {
        distribution.map { ScoreBar($0.json) } + missing { counts[$0] }
    }

    private static func missing(_ count: (RowOutcome) -> Int) -> [ScoreBar] {
        RowOutcome.allCases.filter { $0 != .scored }.compactMap { outcome in
            let count = count(outcome)
            return count > 0
                ? ScoreBar(kind: .missing, label: outcome.shownName, count: count, query: [("outcome", outcome.name)])
                : nil
        }
    }

    package init(kind: Kind, label: String, count: Int, query: [(String, String)]?) {
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
    package var shownName: String { name.split(separator: "_").joined(separator: " ") }
}

/// The number that a JSON value is; nil for others.
package func number(_ value: JSONValue?) -> Double? {
    if case .number(let number) = value { number.double } else { nil }
}

/// The integer that a JSON value is; nil for others.
package func integer(_ value: JSONValue?) -> Int? {
    if case .number(let number) = value { number.int } else { nil }
}

extension ScoreDistribution.Bar {
    /// As results are stored: `{"number": …, "count": …}`, and so on.
    fileprivate var json: JSONValue {
        var members: JSONObject
        switch scores {
        case .number(let number): members = ["number": JSONValue(number)]
        case .range(let lower, let upper, let includesUpper):
            members = ["from": JSONValue(lower), includesUpper ? "to" : "below": JSONValue(upper)]
        case .text(let text): members = ["text": .string(text)]
        case .otherTexts: members = [:]
        }
        members["count"] = JSONValue(count)
        return .object(members)
    }
}
