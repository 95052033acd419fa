public import JSON
import Statistics

extension Comparison {
    /// The whole comparison; what is undefined is null, with a reason.
    public var json: JSONValue {
        var functions = JSONObject()
        for function in self.functions { functions[function.identifier] = json(of: function) }
        var json: JSONObject = [
            "comparable": JSONValue.bool(isComparable),
            "a": runJSON(0), "b": runJSON(1),
            "pairing": [
                "key": pairing.key.map { .array($0.map(JSONValue.string)) } ?? .null,
                "matched": JSONValue(pairing.matched), "only_in_a": JSONValue(pairing.onlyInA),
                "only_in_b": JSONValue(pairing.onlyInB),
            ],
            "functions": .object(functions),
            "adjustment": ["method": .string(adjustment.rawValue), "tests": JSONValue(tests)],
        ]
        if !refusals.isEmpty { json["refusals"] = .array(refusals.map(\.json)) }
        json["warnings"] = .array(
            warnings.map { ["code": .string($0.code), "message": .string($0.message)] })
        if !notes.isEmpty { json["notes"] = .array(notes.map(JSONValue.string)) }
        return .object(json)
    }

    private func runJSON(_ index: Int) -> JSONValue {
        ["run": .string(runs[index].path), "name": .string(runs[index].name)]
    }

    private func json(of function: Function) -> JSONValue {
        var json = JSONObject()
        for aggregation in function.aggregations { json[aggregation.name] = self.json(of: aggregation) }
        json["unscored_in_a"] = JSONValue(function.unscoredInA)
        json["unscored_in_b"] = JSONValue(function.unscoredInB)
        json["unscored_in_both"] = JSONValue(function.unscoredInBoth)
        json["unscored_p"] = JSONValue(function.unscoredP)
        if !function.regressions.isEmpty {
            json["regressions"] = .array(
                function.regressions.map { row in
                    [
                        "row": JSONValue(row.row), "key": (try? JSONValue(parsing: row.key)) ?? .string(row.key),
                        "a": JSONValue(row.a), "b": JSONValue(row.b),
                        "text": row.text.map { .string($0) } ?? .null,
                    ]
                })
        }
        if !function.slices.isEmpty {
            var by = JSONObject()
            for slice in function.slices {
                var entry = self.json(of: slice.aggregation).object ?? [:]
                entry["value"] = .string(slice.value)
                by[slice.column] = .array((by[slice.column]?.array ?? []) + [.object(entry)])
            }
            json["by"] = .object(by)
        }
        return .object(json)
    }

    private func json(of aggregation: Aggregation) -> JSONValue { aggregation.json }

}

extension Comparison.Aggregation {
    /// The values of a comparison; what is undefined is null, with a reason.
    var json: JSONValue {
        let aggregation = self
        if let categories = aggregation.categories {
            return [
                "categories": .array(categories.names.map(JSONValue.string)),
                "table": .array(categories.table.map { .array($0.map { JSONValue($0) }) }),
                "pairs": JSONValue(aggregation.pairs), "same": JSONValue(aggregation.equal),
                "p": JSONValue(difference.p), "p_adjusted": JSONValue(aggregation.pAdjusted),
                "verdict": .string(aggregation.verdict.rawValue),
            ]
        }
        var json: JSONObject = [
            "a": aggregation.a.comparisonJSON, "b": aggregation.b.comparisonJSON,
            "pairs": JSONValue(aggregation.pairs),
            "difference": JSONValue(difference.difference), "standard_error": JSONValue(difference.standardError),
            "ci": difference.interval.map { .object($0.json) } ?? .null,
            "p": JSONValue(difference.p), "p_exact": JSONValue(difference.exactP),
            "p_adjusted": JSONValue(aggregation.pAdjusted),
            "test": difference.test.map { .string($0.rawValue) } ?? .null,
            "better": JSONValue(aggregation.better), "worse": JSONValue(aggregation.worse),
            "equal": JSONValue(aggregation.equal),
            "minimum_detectable": JSONValue(aggregation.minimumDetectable),
            "pairs_needed": aggregation.pairsNeeded.map { JSONValue($0) } ?? .null,
            "clusters": difference.clusters.map { JSONValue($0) } ?? .null,
            "bounds": aggregation.bounds.map {
                ["lowest": JSONValue($0.lowerBound), "highest": JSONValue($0.upperBound)]
            } ?? .null,
            "verdict": .string(aggregation.verdict.rawValue),
        ]
        if let effect = difference.designEffect { json["design_effect"] = JSONValue(effect) }
        if let interval = aggregation.marginInterval { json["margin_ci"] = .object(interval.json) }
        if let reason = difference.reason { json["reason"] = .string(reason) }
        return .object(json)
    }

}

extension Estimate {
    /// `{"value": …, "ci": …}`, with a reason where one of them is null.
    var comparisonJSON: JSONValue {
        var json: JSONObject = [
            "value": JSONValue(value), "ci": interval.map { .object($0.json) } ?? .null,
        ]
        if let reason { json["reason"] = .string(reason) }
        return .object(json)
    }
}

extension Refusal {
    /// `{"code": …, "function": …, "message": …, "pointer": …, "a": …, "b": …}`.
    public var json: JSONValue {
        [
            "code": .string(code.rawValue), "function": function.map { .string($0) } ?? .null,
            "message": .string(message), "pointer": pointer.map { .string($0) } ?? .null,
            "a": a ?? .null, "b": b ?? .null,
        ]
    }
}

extension Interval {
    /// `{"level": …, "lower": …, "upper": …, "method": …}`.
    var json: JSONObject {
        [
            "level": JSONValue(level), "lower": JSONValue(lower), "upper": JSONValue(upper),
            "method": .string(method.rawValue),
        ]
    }
}
