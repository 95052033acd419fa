import ScorerHost
import ScoringCore
import ScoringDefinitions

extension Engine {
    /// The results of a state, without hints and examples of unscored rows.
    ///
    /// - Throws: if a function has aggregations of its own and its plugin is missing or has another version: the plugin
    ///   computes them.
    public func results(of state: RunState) throws(EngineError) -> ScoringResults {
        var scorers: [Int: Scorer] = [:]
        for (index, function) in state.functions.enumerated() {
            let definition = function.definition
            guard definition.aggregationFunctions.contains(where: { if case .corpus = $0 { true } else { false } })
            else { continue }
            let scorer = try bind(definition)
            guard scorer.plugin.version == function.pluginVersion,
                scorer.description.statistics.count == function.statistics
            else {
                throw EngineError(
                    .plugin,
                    "\(definition.identifier): the state was written with version \(function.pluginVersion ?? "?") of the "
                        + "plugin \"\(scorer.plugin.id)\", but this is version \(scorer.plugin.version); use the same version"
                )
            }
            scorers[index] = scorer
        }
        return state.results { scorers[$0]?.finalize($1, rows: $2) ?? [:] }
    }
}
