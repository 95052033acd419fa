import JSON
import ScorerHost
import ScoringCore

/// The aggregates of a whole run for each value of one column.
struct GroupTotals: Sendable {
    let column: String
    var registry: GroupRegistry
    /// By index in the registry, one for each function.
    var byPlace: [Int: [Aggregator]] = [:]

    init(column: String, registry: GroupRegistry) {
        self.column = column
        self.registry = registry
    }

    /// - Parameter index: the index of the column among the grouping columns.
    init(_ index: Int, _ plan: RunPlan, _ registry: GroupRegistry, _ workers: [Worker]) {
        self.init(column: plan.groupNames[index], registry: registry)
        var aggregators = GroupAggregators(plan.functions, units: plan.units)
        for worker in workers { aggregators.merge(worker.groups[index]) }
        byPlace = aggregators.byPlace
    }

    /// Adds the rows of one value.
    mutating func add(_ aggregators: [Aggregator], at place: Int) {
        guard byPlace[place] != nil else {
            byPlace[place] = aggregators
            return
        }
        for (index, aggregator) in aggregators.enumerated() { byPlace[place]?[index].merge(aggregator) }
    }

    /// The results of one function.
    func groups(of function: Int, _ result: (Aggregator) -> AggregateResult) -> ResultGroups {
        let places = registry.keys.indices.sorted { rank($0) < rank($1) } + [registry.restPlace]
        let groups = places.compactMap { place -> ResultGroup? in
            guard let aggregator = byPlace[place]?[function] else { return nil }
            return ResultGroup(value: value(of: place), aggregates: result(aggregator))
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
