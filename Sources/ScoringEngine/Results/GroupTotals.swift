import JSON
import ScorerHost
import ScoringCore

/// The aggregates of a whole run for each value of one column.
struct GroupTotals {
    private let column: String
    private let registry: GroupRegistry
    private var aggregators: GroupAggregators

    /// - Parameter index: the index of the column among the grouping columns.
    init(_ index: Int, _ plan: RunPlan, _ registry: GroupRegistry, _ workers: [Worker]) {
        column = plan.groupNames[index]
        self.registry = registry
        aggregators = GroupAggregators(plan.functions, units: plan.units)
        for worker in workers { aggregators.merge(worker.groups[index]) }
    }

    /// The results of one function.
    func groups(of function: Int, _ plan: RunPlan) -> ResultGroups {
        let places = registry.keys.indices.sorted { rank($0) < rank($1) } + [registry.restPlace]
        let groups = places.compactMap { place -> ResultGroup? in
            guard let aggregator = aggregators.byPlace[place]?[function] else { return nil }
            return ResultGroup(value: value(of: place), aggregates: plan.result(of: aggregator, by: function))
        }
        return ResultGroups(column: column, groups: groups)
    }

    private func value(of place: Int) -> ResultGroup.Value {
        guard registry.keys.indices.contains(place) else { return .rest }
        return switch registry.keys[place] {
        case .value(let value): .value(value)
        case .missing: .missing
        }
    }

    /// The sort key of a value: numbers by size, then strings by their characters, then other values.
    private func rank(_ place: Int) -> (Int, Double, String) {
        switch registry.keys[place] {
        case .value(.number(let number)): (0, number.double, number.text)
        case .value(.string(let text)): (1, 0, text)
        case .value(let other): (2, 0, other.text)
        case .missing: (3, 0, "")
        }
    }
}

extension RunPlan {
    /// The aggregates of one function.
    func result(of aggregator: Aggregator, by function: Int) -> AggregateResult {
        aggregator.result(range: functions[function].range) { sums, rows in
            functions[function].scorer.finalize(sums, rows: rows)
        }
    }
}
