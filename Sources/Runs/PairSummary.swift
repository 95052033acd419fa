import Statistics

/// Makes aggregations of pairs.
struct PairSummary {
    let runs: [SavedRun]
    let options: ComparisonOptions
    let isClustered: Bool

    /// The aggregations of a function that can be compared.
    func aggregations(of function: String, _ pairs: FunctionPairs) -> [Comparison.Aggregation] {
        if pairs.isCategorical { return [categories(pairs)] }
        let names = runs.compactMap { $0.aggregations(of: function) }.first ?? []
        let mean = names.first { $0 == "accuracy" || $0 == "average" }
        var all: [Comparison.Aggregation] = []
        if mean != nil || !names.contains("median") {
            all.append(self.mean(pairs, mean ?? (pairs.numbers.isBinary ? "accuracy" : "average"), function))
        }
        if names.contains("median") { all.append(median(pairs)) }
        return all
    }

    private func mean(_ pairs: FunctionPairs, _ name: String, _ function: String) -> Comparison.Aggregation {
        let numbers = pairs.numbers
        let result = numbers.result(level: options.level)
        let power = Power(level: options.level, power: options.power)
        var aggregation = Comparison.Aggregation(
            name: name, a: .mean(of: numbers.a, level: options.level), b: .mean(of: numbers.b, level: options.level),
            pairs: numbers.count, better: numbers.better, worse: numbers.worse, equal: numbers.equal,
            difference: result)
        aggregation.minimumDetectable = power.minimumDetectable(standardError: result.standardError)
        if let wanted = options.detect ?? result.difference, wanted != 0 {
            var needed =
                if let discordant = result.discordant, result.clusters == nil {
                    power.pairsNeeded(discordant: discordant, difference: wanted)
                } else { power.pairsNeeded(standardDeviation: result.standardDeviation, difference: wanted) }
            if let count = needed, let effect = result.designEffect {
                needed = Int(exactly: (Double(count) * effect).rounded(.up))
            }
            aggregation.pairsNeeded = needed
        }
        aggregation.bounds = pairs.bounds(range: runs.compactMap { $0.range(of: function) }.first)
        if options.margin != nil {
            aggregation.marginInterval = numbers.result(level: 2 * options.level - 1).interval
        }
        return aggregation
    }

    private func median(_ pairs: FunctionPairs) -> Comparison.Aggregation {
        let numbers = pairs.numbers
        var result = PairedResult(units: numbers.count, isTooFew: false)
        var (a, b) = (Estimate(nil), Estimate(nil))
        if let list = pairs.pairs, !list.isEmpty, !isClustered {
            let bootstrap = Bootstrap(seed: options.seed, level: options.level)
            let estimate = bootstrap.medianDifference(of: list)
            result.difference = estimate.value
            result.interval = estimate.interval
            result.reason = estimate.reason
            result.test = .bootstrap
            a = Estimate(Bootstrap.middle(of: list.map(\.a)))
            b = Estimate(Bootstrap.middle(of: list.map(\.b)))
        } else {
            result.reason =
                !isClustered
                ? "more than \(FunctionPairs.resampledPairs) pairs are not resampled"
                : "medians of clusters are not compared"
        }
        return Comparison.Aggregation(
            name: "median", a: a, b: b, pairs: numbers.count, better: numbers.better, worse: numbers.worse,
            equal: numbers.equal, difference: result)
    }

    private func categories(_ pairs: FunctionPairs) -> Comparison.Aggregation {
        let names = Set(pairs.categories.keys).union(pairs.categories.values.flatMap(\.keys)).sorted()
        let table = names.map { a in names.map { b in pairs.categories[a]?[b] ?? 0 } }
        let same = names.indices.reduce(0) { $0 + table[$1][$1] }
        let count = pairs.categoryCount
        let test = MarginalHomogeneity(table)
        var result = PairedResult(units: count, isTooFew: (test?.changed ?? 0) <= 4)
        result.p = !isClustered ? test?.p : nil
        result.reason = !isClustered ? nil : "shares of clusters are not tested"
        return Comparison.Aggregation(
            name: "categorical_count", a: Estimate(nil), b: Estimate(nil), pairs: count, better: 0, worse: 0,
            equal: same, difference: result, categories: Comparison.Categories(names: names, table: table))
    }
}
