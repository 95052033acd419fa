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
        var usage: ModelUsage?
    }

    /// In the order of the request.
    var functions: [Function]
    /// For each grouping column.
    var groups: [GroupTotals]
    /// The values that clusters and questions have in the aggregators.
    var clusters: GroupRegistry
    var questions: GroupRegistry
    /// Nil if no function asks models.
    var usage: ModelUsage?
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
                usage: usage)
        }
        groups = plan.groups.indices.map { GroupTotals($0, plan, values.groups[$0], workers) }
        (clusters, questions) = (values.clusters, values.questions)
        usage = modelRequests?.totalUsage
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
                usage: functions[index].usage, position: functions[index].position)
        }
    }
}
