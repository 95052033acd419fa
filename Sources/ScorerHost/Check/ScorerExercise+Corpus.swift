import ScoringCore

/// How a scorer computes its own aggregations.
extension ScorerExercise {
    /// Has them computed from the sums of one row, of many and of extreme ones, twice each. Returns false if the plugin did not
    /// survive.
    func finalize(_ all: CheckRows, _ description: ScorerDescription) -> Bool {
        guard !description.aggregations.isEmpty, let scorer = makeScorer() else { return true }
        guard let results = score(all) else { return false }
        let scored = results.compactMap(\.statistics).map { $0.map(Double.init(bitPattern:)) }
        if scored.isEmpty {
            add(
                "aggregations", .note,
                "no row of the check got a score, so its aggregations were not computed from sums of its own. Rows for the "
                    + "check come from the declared inputs; give it parameters with which it scores some",
                key: "unscored")
        }
        let zeros = Array(repeating: 0.0, count: description.statistics.count)
        func sum(_ rows: some Sequence<[Double]>) -> [Double] {
            rows.reduce(zeros) { sums, row in zip(sums, row).map { $0 + $1 } }
        }
        var cases = [(name: "sums that are all 0", sums: zeros, rows: 1)]
        if let first = scored.first {
            cases.append(("the sums of one row", first, 1))
            cases.append(("the sums of \(scored.count) rows", sum(scored), scored.count))
        }
        var computed: Set<String> = []
        for (name, sums, rows) in cases {
            guard let once = finalize(scorer, sums, rows, name), let again = finalize(scorer, sums, rows, name) else {
                return false
            }
            if once != again {
                add(
                    "determinism", .error,
                    "finalize gives other values when it is called again with \(name). It must be a pure function of the "
                        + "sums", key: "finalize")
            }
            computed.formUnion(once.keys)
        }
        judge(computed, description)
        return true
    }

    /// Returns nil if the plugin did not survive it.
    private func finalize(
        _ scorer: Scorer, _ sums: [Double], _ rows: Int, _ name: String
    ) -> [String: AggregateResult.CorpusValue]? {
        let made = scorer.instance.finalize(sums, rows: rows)
        for misuse in made.misuses {
            add(
                "aggregations", .error,
                "\(misuse), on \(name). The aggregation is then null. Set it to the text of a JSON object",
                key: misuse.service.rawValue)
        }
        switch made.fault {
        case .lost(let loss)?, .notTried(_, let loss)?:
            add(
                loss.check, .error,
                "\(loss.description), in finalize, on \(name). The aggregations of such a run are null. Sums may be 0 and "
                    + "as large as rows allow; guard each division and each index", key: "finalize")
            return nil
        case let fault?:
            add(
                "aggregations", .error,
                "finalize failed on \(name): \(fault). All its aggregations are then null. Where there is nothing to compute "
                    + "one from, do not set that one, and return ASSAY_OK", key: "finalize")
        case nil: break
        }
        return made.values
    }

    /// - Parameter computed: the aggregations that got a value from some sums.
    private func judge(_ computed: Set<String>, _ description: ScorerDescription) {
        let isExplained = check.findings.contains {
            $0.check == "aggregations" && $0.level == .error && $0.scorer == trial.scorer
        }
        if isExplained { return }
        for aggregation in description.aggregations where !computed.contains(aggregation.name) {
            // One that needs special rows may be right to have none.
            add(
                "aggregations", computed.isEmpty ? .warning : .note,
                "finalize set no value for the aggregation \"\(aggregation.name)\" on any sums of the check. Results then "
                    + "show it as null", key: aggregation.name)
        }
    }
}
