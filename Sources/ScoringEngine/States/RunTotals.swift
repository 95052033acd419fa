import Inference
import ScoringCore
import ScoringDefinitions
import Statistics

/// What the rows of a run add up to: everything that its results are computed from.
struct RunTotals: Sendable {
    /// Those of one function.
    struct Function: Sendable {
        var aggregator: Aggregator
        /// Nil if its judge is not asked about pairs in both orders.
        var position: PositionBias?
        /// Nil if it asks no models.
        var usage: UsageTotal?
    }

    /// In the order of the request.
    var functions: [Function]
    /// For each grouping column.
    var groups: [GroupTotals]
    /// The values that clusters and questions have in the aggregators.
    var clusters: GroupRegistry
    var questions: GroupRegistry
    /// Nil if no function asks models.
    var usage: UsageTotal?
}

extension RunTotals {
    init(_ plan: RunPlan, _ workers: [Worker], _ values: RunValues, _ modelRequests: ModelRequestQueue?) {
        functions = plan.functions.indices.map { index in
            let bound = plan.functions[index]
            var aggregator = workers[0].aggregators[index]
            for worker in workers.dropFirst() { aggregator.merge(worker.aggregators[index]) }
            var position = PositionBias()
            for worker in workers { position.merge(worker.positions[index]) }
            let usage = bound.models.isEmpty ? nil : modelRequests?.usage(of: bound.function.identifier)
            return Function(
                aggregator: aggregator, position: bound.ordersOutput == nil ? nil : position,
                usage: usage.map(UsageTotal.init))
        }
        groups = plan.groups.indices.map { GroupTotals($0, plan, values.groups[$0], workers) }
        (clusters, questions) = (values.clusters, values.questions)
        usage = (modelRequests?.totalUsage).map(UsageTotal.init)
    }

    /// The results of each function.
    ///
    /// - Parameters:
    ///   - definitions: those of the functions.
    ///   - result: computes the aggregates of a function by its index.
    func results(
        _ definitions: [ScoringFunction], _ result: (Aggregator, Int) -> AggregateResult
    ) -> [FunctionResult] {
        functions.indices.map { index in
            FunctionResult(
                function: definitions[index], aggregates: result(functions[index].aggregator, index),
                groups: groups.map { $0.groups(of: index) { result($0, index) } },
                usage: functions[index].usage?.usage, position: functions[index].position)
        }
    }
}

/// The usage of models, with costs that are added up exactly, so that no order of merges changes them.
struct UsageTotal: Sendable {
    private(set) var usage: ModelUsage
    private(set) var known = Expansion()
    private(set) var estimated = Expansion()

    init(_ usage: ModelUsage) {
        self.usage = usage
        known.add(usage.costParts.known)
        estimated.add(usage.costParts.estimated)
    }

    mutating func merge(_ other: UsageTotal) {
        usage = usage + other.usage
        known.merge(other.known)
        estimated.merge(other.estimated)
        usage.costParts = (known.value, estimated.value)
    }

    init(_ usage: ModelUsage, known: Expansion, estimated: Expansion) {
        self.usage = usage
        self.known = known
        self.estimated = estimated
        self.usage.costParts = (known.value, estimated.value)
    }
}
