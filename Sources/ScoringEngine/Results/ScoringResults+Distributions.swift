package import JSON
import ScoringCore
import ScoringDefinitions

extension ScoringResults {
    /// The distribution of the scores, by function, if it was kept: an array of bars, each with its "count" and the scores
    /// that it stands for.
    package var distributions: JSONObject {
        var distributions = JSONObject()
        for result in functions {
            guard let bars = result.aggregates.distribution else { continue }
            distributions[result.function.identifier] = .array(bars.map(json(of:)))
        }
        return distributions
    }
}

private func json(of bar: ScoreDistribution.Bar) -> JSONValue {
    var members: JSONObject
    switch bar.scores {
    case .number(let number): members = ["number": JSONValue(number)]
    case .range(let lower, let upper, let includesUpper):
        members = ["from": JSONValue(lower), includesUpper ? "to" : "below": JSONValue(upper)]
    case .text(let text): members = ["text": .string(text)]
    case .otherTexts: members = [:]
    }
    members["count"] = JSONValue(bar.count)
    return .object(members)
}
