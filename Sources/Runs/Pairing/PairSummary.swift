import Statistics

/// Makes aggregations of pairs.
struct PairSummary {
    let runs: [SavedRun]
    let options: ComparisonOptions
    /// By number; nil without clusters.
    let clusterNames: [OrderedKey]?

    private var isClustered: Bool { clusterNames != nil }
    private var bootstrap: Bootstrap {
        Bootstrap(resamples: options.resamples, seed: options.seed, level: options.level)
    }

    /// The aggregations of a function that can be compared.
    func aggregations(of function: String, _ pairs: FunctionPairs) -> [Comparison.Aggregation] {
        if pairs.isCategorical { return [categories(pairs)] }
        var names = runs.compactMap { $0.aggregations(of: function) }.first ?? []
        if !options.aggregations.isEmpty { names = options.aggregations.filter { names.isEmpty || names.contains($0) } }
        let mean = names.first { $0 != "median" && $0 != "categorical_count" }
        var all: [Comparison.Aggregation] = []
        if options.passThreshold != nil {
            all.append(self.mean(pairs, "pass_rate", function))
        } else if mean != nil || !names.contains("median") {
            all.append(self.mean(pairs, meanName(mean, pairs), function))
        }
        if names.contains("median"), options.passThreshold == nil { all.append(median(pairs)) }
        return all
    }

    /// What is compared is a mean without weights, whatever else the function aggregates.
    private func meanName(_ name: String?, _ pairs: FunctionPairs) -> String {
        if let name, ["accuracy", "average"].contains(name) { return name }
        return name == nil && pairs.numbers.isBinary ? "accuracy" : "average"
    }

    private func mean(_ pairs: FunctionPairs, _ name: String, _ function: String) -> Comparison.Aggregation {
        let numbers = pairs.numbers
        func result(_ level: Double) -> PairedResult {
            guard let test = options.test else { return numbers.result(level: level) }
            var bootstrap = bootstrap
            bootstrap.level = level
            return numbers.result(
                test, level: level, units: test.needsUnits ? units(pairs) : nil, bootstrap: bootstrap)
        }
        let usual = result(options.level)
        let power = Power(level: options.level, power: options.power)
        var aggregation = Comparison.Aggregation(
            name: name, a: numbers.estimate(of: .a, level: options.level),
            b: numbers.estimate(of: .b, level: options.level),
            pairs: numbers.count, better: numbers.better, worse: numbers.worse, equal: numbers.equal,
            difference: usual)
        aggregation.minimumDetectable = power.minimumDetectable(standardError: usual.standardError)
        if let wanted = options.detect ?? usual.difference, wanted != 0 {
            var needed =
                if let discordant = usual.discordant, usual.clusters == nil {
                    power.pairsNeeded(discordant: discordant, difference: wanted)
                } else { power.pairsNeeded(standardDeviation: usual.standardDeviation, difference: wanted) }
            if let count = needed, let effect = usual.designEffect {
                needed = Int(exactly: (Double(count) * effect).rounded(.up))
            }
            aggregation.pairsNeeded = needed
        }
        if runs.count == 2, options.passThreshold == nil {
            aggregation.bounds = pairs.bounds(range: runs.compactMap { $0.range(of: function) }.first)
        }
        if options.margin != nil { aggregation.marginInterval = result(2 * options.level - 1).interval }
        return aggregation
    }

    /// The differences of each unit: of a cluster, or of a pair.
    private func units(_ pairs: FunctionPairs) -> [(sum: Double, count: Int)]? {
        guard let kept = pairs.keptPairs else { return nil }
        guard isClustered else { return kept.map { ($0.b - $0.a, 1) } }
        return clusters(of: kept).map { cluster in
            var sum = ClusterSum()
            for pair in cluster { sum.add(difference: pair.b, pair.a) }
            return (sum.sum.value, sum.count)
        }
    }

    /// Pairs by cluster, in the order of the clusters' values.
    private func clusters(of kept: [FunctionPairs.KeptPair]) -> [[FunctionPairs.KeptPair]] {
        let names = clusterNames ?? []
        return Dictionary(grouping: kept, by: \.cluster)
            .sorted { names[$0.key] < names[$1.key] }.map(\.value)
    }

    private func median(_ pairs: FunctionPairs) -> Comparison.Aggregation {
        let numbers = pairs.numbers
        var result = PairedResult(units: numbers.count, isTooFew: false)
        var (a, b) = (Estimate(nil), Estimate(nil))
        if let list = pairs.keptPairs, !list.isEmpty {
            let estimate =
                isClustered
                ? bootstrap.medianDifference(ofClusters: clusters(of: list).map { $0.map { ($0.a, $0.b) } })
                : bootstrap.medianDifference(of: list.map { ($0.a, $0.b) })
            result.difference = estimate.value
            result.interval = estimate.interval
            result.reason = estimate.reason
            result.test = .bootstrap
            a = Estimate(Bootstrap.middle(of: list.map(\.a)))
            b = Estimate(Bootstrap.middle(of: list.map(\.b)))
        } else {
            result.reason =
                numbers.count == 0
                ? "no pairs"
                : "more than \(FunctionPairs.resampledPairs) pairs are resampled only with --test bootstrap"
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
