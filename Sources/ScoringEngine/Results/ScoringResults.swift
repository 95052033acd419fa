public import Inference
public import JSON
public import ScoringCore
public import ScoringDefinitions
package import Statistics

/// The results of one function.
public struct FunctionResult: Sendable {
    public var function: ScoringFunction
    public var aggregates: AggregateResult
    /// The same for each value of each grouping column.
    public var groups: [ResultGroups] = []
    /// The usage of its models; nil if it asks none.
    public var usage: ModelUsage?
    /// Whether a judge of pairs prefers a place; nil where it is not asked in both orders.
    package var position: PositionBias?
    /// How far its judge agrees with people; nil where that was not asked for, null where it is not known.
    package var calibration: JSONValue?
    /// The same as a sentence.
    package var calibrationText: String?

    /// `{"aggregated_results": …, "rows": …}`, with "standard_error", "interval" and "bounds" of the aggregations that have
    /// them, "by" if the run has grouping columns, and "usage" if the function asks models.
    public var json: JSONValue {
        var result = aggregates.members
        if !groups.isEmpty {
            var columns = JSONObject()
            for group in groups { columns[group.column] = .array(group.groups.map(\.json)) }
            result["by"] = .object(columns)
        }
        if let position { result["position"] = position.json }
        if let calibration { result["calibration"] = calibration }
        if let usage { result["usage"] = usage.json }
        return .object(result)
    }
}

/// Results for each value of a column.
public struct ResultGroups: Sendable {
    public var column: String
    /// Sorted by value: numbers, then strings, then the rest; then rows without a value, and rows of further values.
    public var groups: [ResultGroup]
}

/// Results of the rows with the same value in a column.
public struct ResultGroup: Sendable {
    public enum Value: Sendable {
        case value(JSONValue)
        /// The rows have no value, or null.
        case missing
        /// The rows of all values beyond the limit of separately aggregated values.
        case rest
    }

    public var value: Value
    public var aggregates: AggregateResult

    /// `{"value": …, "aggregated_results": …, "rows": …}`; with `"rest": true` instead of the value for further values.
    var json: JSONValue {
        var json: JSONObject =
            switch value {
            case .value(let value): ["value": value]
            case .missing: ["value": .null]
            case .rest: ["rest": true]
            }
        for (name, value) in aggregates.members.members { json[name] = value }
        return .object(json)
    }
}

extension AggregateResult {
    /// `{"aggregated_results": …, "rows": …}`, with "standard_error", "interval" and "bounds" of the aggregations that have them.
    fileprivate var members: JSONObject {
        var aggregated = JSONObject()
        var errors = JSONObject()
        var bounds = JSONObject()
        var intervals = JSONObject()
        for entry in entries {
            let name = entry.function.rawValue
            aggregated[name] = entry.value.map(json(of:)) ?? .null
            if let error = entry.standardError { errors[name] = JSONValue(error) }
            bounds[name] = boundsJSON(of: entry)
            intervals[name] = intervalJSON(of: entry)
        }
        var result: JSONObject = ["aggregated_results": .object(aggregated), "rows": rows]
        if !errors.isEmpty { result["standard_error"] = .object(errors) }
        if !intervals.isEmpty { result["interval"] = .object(intervals) }
        if !bounds.isEmpty { result["bounds"] = .object(bounds) }
        if let samples { result["samples"] = samples.json }
        return result
    }

    private var rows: JSONValue {
        var rows = counts.json
        rows["non_numeric"] = JSONValue(nonNumeric)
        return .object(rows)
    }

    private func json(of value: AggregateResult.Value) -> JSONValue {
        switch value {
        case .accuracy(let accuracy, let numCorrect, let numTotal):
            // A whole number of correct answers is written as an integer, as clients expect.
            let correct = Int(exactly: numCorrect).map { JSONValue($0) } ?? JSONValue(numCorrect)
            return ["accuracy": JSONValue(accuracy), "num_correct": correct, "num_total": JSONValue(numTotal)]
        case .average(let average): return ["average": JSONValue(average)]
        case .weightedAverage(let average): return ["weighted_average": JSONValue(average)]
        case .median(let median): return ["median": JSONValue(median)]
        // The host has checked that it is JSON.
        case .corpus(let own): return (try? JSONValue(parsing: own.json)) ?? .null
        case .categoricalCount(let categories):
            var counts = JSONObject()
            for category in categories { counts[category.name] = JSONValue(category.count) }
            return ["categorical_count": .object(counts)]
        }
    }

    private func intervalJSON(of entry: AggregateResult.Entry) -> JSONValue? {
        if case .categoricalCount(let categories) = entry.value {
            var shares = JSONObject()
            for category in categories { shares[category.name] = category.interval.map { .object($0.json) } }
            return shares.isEmpty ? nil : .object(shares)
        }
        var json = entry.interval?.json
        if json == nil, let reason = entry.reasonWithoutInterval {
            json = ["lower": .null, "upper": .null, "reason": .string(reason)]
        }
        if let clusters = entry.clusters { json?["clusters"] = JSONValue(clusters) }
        return json.map { .object($0) }
    }

    private func boundsJSON(of entry: AggregateResult.Entry) -> JSONValue? {
        func json<Bound>(_ range: ClosedRange<Bound>, _ value: (Bound) -> JSONValue) -> JSONValue {
            ["lowest": value(range.lowerBound), "highest": value(range.upperBound)]
        }
        if let bounds = entry.bounds { return json(bounds) { JSONValue($0) } }
        guard case .categoricalCount(let categories) = entry.value else { return nil }
        var bounds = JSONObject()
        for category in categories {
            if let range = category.bounds { bounds[category.name] = json(range) { JSONValue($0) } }
        }
        return bounds.isEmpty ? nil : .object(bounds)
    }
}

/// The results of a run.
public struct ScoringResults: Sendable {
    /// In the order of the request.
    public var functions: [FunctionResult]
    /// The first rows that a function could not score.
    public var unscored: [UnscoredRow]
    /// Why the run ended early; the results cover the completed rows.
    public var failure: EngineError?
    /// Whether the run was stopped; the results cover the completed rows.
    public var isCancelled: Bool
    /// The total usage of models; nil if no function asks one.
    public var usage: ModelUsage?
    /// The requests of a dry run.
    public var dryRun: DryRun?
    /// Hints about scores that are probably wrong because of how answers are written.
    public var hints: [ScoreHint] = []
    /// What the rows add up to, if the request asked for it.
    public var state: RunState?

    public subscript(identifier: String) -> FunctionResult? {
        functions.first { $0.function.identifier == identifier }
    }

    /// Whether each row has a score of each function.
    public var isComplete: Bool { functions.allSatisfy { $0.aggregates.counts.unscored == 0 } }

    /// `{"results": {ID: {"aggregated_results": …, "rows": …}}}`, and "usage" if models were asked.
    public var json: JSONValue {
        var results = JSONObject()
        for result in functions { results[result.function.identifier] = result.json }
        var json: JSONObject = ["results": .object(results)]
        if let usage { json["usage"] = usage.json }
        return .object(json)
    }
}

extension PositionBias {
    /// `{"pairs": …, "flips": …, "flip_rate": …, "verdicts": …, "win_rate": …}`: A is the answer of the first column.
    fileprivate var json: JSONValue {
        func json(_ estimate: Estimate) -> JSONValue {
            ["value": JSONValue(estimate.value), "interval": estimate.interval.map { .object($0.json) } ?? .null]
        }
        return [
            "pairs": JSONValue(pairs), "one_order_only": JSONValue(oneOrderOnly), "flips": JSONValue(flips),
            "flip_rate": json(flipRate()), "first_wins_flips": JSONValue(firstWins),
            "second_wins_flips": JSONValue(secondWins), "position_p": JSONValue(p),
            "verdicts": [
                "A": JSONValue(reduced[.a] ?? 0), "B": JSONValue(reduced[.b] ?? 0),
                "tie": JSONValue(reduced[.tie] ?? 0),
            ],
            "win_rate": json(winRate()),
        ]
    }
}

extension Interval {
    /// `{"level": …, "lower": …, "upper": …, "method": …}`.
    fileprivate var json: JSONObject {
        [
            "level": JSONValue(level), "lower": JSONValue(lower), "upper": JSONValue(upper),
            "method": .string(method.rawValue),
        ]
    }
}

extension AggregateResult.Samples {
    /// `{"questions": …, "least": …, "most": …, "consistent": …, "pass_at_k": {K: {"value": …, "standard_error": …,
    /// "interval": …}}, "pass_hat_k": …}`, with "left_out" where questions have fewer than K samples.
    fileprivate var json: JSONValue {
        func json(_ estimate: Estimate, leftOut: Int) -> JSONValue {
            var json: JSONObject = ["value": JSONValue(estimate.value)]
            if let error = estimate.standardError { json["standard_error"] = JSONValue(error) }
            if let interval = estimate.interval { json["interval"] = .object(interval.json) }
            if let reason = estimate.reason { json["reason"] = .string(reason) }
            if leftOut > 0 { json["left_out"] = JSONValue(leftOut) }
            return .object(json)
        }
        var (any, all) = (JSONObject(), JSONObject())
        for pass in passes {
            any[String(pass.k)] = json(pass.anyPasses, leftOut: pass.leftOut)
            all[String(pass.k)] = json(pass.allPass, leftOut: pass.leftOut)
        }
        return [
            "questions": JSONValue(questions), "least": JSONValue(least), "most": JSONValue(most),
            "consistent": JSONValue(consistent), "pass_at_k": .object(any), "pass_hat_k": .object(all),
        ]
    }
}

extension OutcomeCounts {
    /// `{"total": …, "scored": …, "input_error": …, …}`.
    package var json: JSONObject {
        var rows: JSONObject = ["total": JSONValue(total)]
        for outcome in RowOutcome.allCases { rows[outcome.name] = JSONValue(self[outcome]) }
        return rows
    }
}
