import JSON
import Testing

@testable import Statistics

@Suite("Agreement and resampling agree with the oracle") struct AgreementTests {
    /// The table of two columns over their sorted values.
    private func table(_ human: [JSONValue], _ judge: [JSONValue]) -> (labels: [JSONValue], table: [[Int]]) {
        let labels = Set(human + judge).sorted { ($0.double ?? 0, $0.text) < ($1.double ?? 0, $1.text) }
        var table = labels.map { _ in labels.map { _ in 0 } }
        for (human, judge) in zip(human, judge) {
            if let i = labels.firstIndex(of: human), let j = labels.firstIndex(of: judge) { table[i][j] += 1 }
        }
        return (labels, table)
    }

    @Test(arguments: try OracleCase.all("kappa"))
    func kappa(_ test: OracleCase) throws {
        let (labels, table) = table(test.input["human"]?.array ?? [], test.input["judge"]?.array ?? [])
        let weights = try #require(Kappa.Weights(rawValue: test.input["weights"]?.string ?? ""))
        let estimate = Kappa.estimate(table, values: labels.map { $0.double ?? 0 }, weights: weights)
        let confusion = ConfusionTable(table)
        test.check([
            "n": JSONValue(confusion.count), "agreement": JSONValue(confusion.agreement().value),
            "kappa": JSONValue(estimate.value), "standard_error": JSONValue(estimate.standardError),
            "ci": json(estimate.interval),
        ])
    }

    @Test(arguments: try OracleCase.all("confusion"))
    func confusion(_ test: OracleCase) throws {
        let (labels, counts) = table(test.input["human"]?.array ?? [], test.input["judge"]?.array ?? [])
        let table = ConfusionTable(counts)
        let agreement = table.agreement()
        func numbers(_ values: [Double?]) -> JSONValue { .array(values.map { JSONValue($0) }) }
        test.check([
            "n": JSONValue(table.count), "accuracy": JSONValue(agreement.value), "ci": json(agreement.interval),
            "majority_baseline": JSONValue(table.majorityBaseline), "labels": .array(labels),
            "table": .array(counts.map { .array($0.map { JSONValue($0) }) }), "precision": numbers(table.precision),
            "recall": numbers(table.recall), "f1": numbers(table.f1),
            "support": .array(table.support.map { JSONValue($0) }),
        ])
    }

    @Test(arguments: try OracleCase.all("krippendorff"))
    func alpha(_ test: OracleCase) throws {
        let raters = test.input["raters"]?.array?.map { $0.array ?? [] } ?? []
        let units = (raters.first ?? []).indices.map { row in raters.compactMap { $0[row].double } }
        let level = try #require(KrippendorffAlpha.Level(rawValue: test.input["level"]?.string ?? ""))
        if test.kind == "alpha" {
            let alpha = KrippendorffAlpha(units, level: level)
            test.check([
                "alpha": JSONValue(alpha.alpha), "rows": JSONValue(alpha.rows), "ratings": JSONValue(alpha.ratings),
            ])
            return
        }
        let (estimate, undefined) = KrippendorffAlpha.estimate(
            units, level: level,
            bootstrap: Bootstrap(
                resamples: try #require(test.input["resamples"]?.integer), seed: seed(test),
                level: test.input["ci_level"]?.double ?? 0.95))
        test.check([
            "alpha": JSONValue(estimate.value), "undefined_replicates": JSONValue(undefined),
            "ci": json(estimate.interval),
        ])
    }

    private func seed(_ test: OracleCase) -> UInt64 { test.input["seed"]?.string.flatMap { UInt64($0) } ?? 0 }

    @Test(arguments: try OracleCase.all("correlation"))
    func correlation(_ test: OracleCase) throws {
        let (human, judge) = (test.input["human"]?.doubles ?? [], test.input["judge"]?.doubles ?? [])
        let all = Correlations(human, judge)
        let differences = zip(human, judge).map { $1 - $0 }
        test.check([
            "n": JSONValue(human.count), "pearson": JSONValue(all.pearson.value),
            "pearson_ci": json(all.pearson.interval), "spearman": JSONValue(all.spearman.value),
            "spearman_ci": json(all.spearman.interval), "kendall_tau_b": JSONValue(all.kendall.value),
            "kendall_tau_b_ci": json(all.kendall.interval), "bias": JSONValue(moments(differences).mean()),
            "mean_absolute_error": JSONValue(moments(differences.map(\.magnitude)).mean()),
        ])
    }

    @Test(arguments: try OracleCase.all("votes"))
    func votes(_ test: OracleCase) throws {
        let rows = test.input["votes"]?.array?.map { $0.strings } ?? []
        let names = Set(rows.flatMap(\.self)).sorted()
        let votes = rows.map { row in row.map { vote in Double(names.firstIndex(of: vote) ?? -1) } }
        let result = SelfConsistency(votes)
        test.check(
            [
                "rows": JSONValue(result.rows), "pairwise_agreement": JSONValue(result.pairwiseAgreement),
                "unanimous": JSONValue(result.unanimous), "majority_share": JSONValue(result.majorityShare),
                "alpha": JSONValue(result.alpha.alpha),
            ], except: ["alpha_reason"])
    }

    private func verdict(_ json: JSONValue, a: String = "A", b: String = "B") -> PairwiseVerdict? {
        json.string.map { $0 == a ? .a : $0 == b ? .b : .tie }
    }

    @Test(arguments: try OracleCase.all("position"))
    func position(_ test: OracleCase) throws {
        var bias = PositionBias()
        for pair in test.input["verdicts"]?.array ?? [] {
            let verdicts = try #require(pair.array)
            bias.add(verdict(verdicts[0]), verdict(verdicts[1]))
        }
        let rate = bias.flipRate()
        test.check([
            "pairs": JSONValue(bias.pairs), "one_order_only": JSONValue(bias.oneOrderOnly),
            "flips": JSONValue(bias.flips), "flip_rate": JSONValue(rate.value), "flip_rate_ci": json(rate.interval),
            "first_wins_flips": JSONValue(bias.firstWins), "second_wins_flips": JSONValue(bias.secondWins),
            "position_p": JSONValue(bias.p),
            "reduced": [
                "A": JSONValue(bias.reduced[.a] ?? 0), "B": JSONValue(bias.reduced[.b] ?? 0),
                "tie": JSONValue(bias.reduced[.tie] ?? 0),
            ],
            "win_rate_b": JSONValue(bias.winRateOfB),
        ])
    }

    @Test(arguments: try OracleCase.all("bradley_terry"))
    func bradleyTerry(_ test: OracleCase) throws {
        let models = test.input["models"]?.strings ?? []
        var questions: [JSONValue: Int] = [:]
        let verdicts = try (test.input["verdicts"]?.array ?? []).compactMap { json -> BradleyTerry.Verdict? in
            let parts = try #require(json.array)
            guard let winner = verdict(parts[3]) else { return nil }
            let question = questions[parts[0]] ?? questions.count
            questions[parts[0]] = question
            return BradleyTerry.Verdict(
                question: question, a: try #require(models.firstIndex(of: parts[1].string ?? "")),
                b: try #require(models.firstIndex(of: parts[2].string ?? "")), winner: winner)
        }
        let result = BradleyTerry(systems: models.count, verdicts)
        func object(_ values: [Double]?) -> JSONValue {
            values.map { .object(JSONObject(zip(models, $0).map { ($0, JSONValue($1)) })) } ?? .null
        }
        test.check([
            "theta": object(result?.strengths), "elo": object(result?.ratings),
            "standard_error_of_difference_to_first": object(result?.errorsToFirst),
        ])
    }

    @Test(arguments: try OracleCase.all("rng"))
    func randomNumbers(_ test: OracleCase) throws {
        func words(_ name: String) -> [UInt64] { (test.input[name]?.strings ?? []).compactMap { UInt64($0) } }
        let (n, replicate) = (test.input["n"]?.integer ?? 0, test.input["replicate"]?.integer ?? 0)
        switch test.kind {
        case "philox4x64_10":
            let (key, counter) = (words("key"), words("counter"))
            let result = Philox(key: (key[0], key[1])).words((counter[0], counter[1], counter[2], counter[3]))
            test.check([
                "words": .array([result.0, result.1, result.2, result.3].map { .string(String($0)) })
            ])
        case "bootstrap_indices":
            let indices = Resampling(seed: seed(test), stream: .bootstrap).indices(n, replicate: replicate)
            test.check(["indices": .array(indices.prefix(test.input["show"]?.integer ?? 0).map { JSONValue($0) })])
        default:
            let flips = Resampling(seed: seed(test), stream: .signs).flips(n, replicate: replicate)
            test.check(["flipped": .array(flips.indices.filter { flips[$0] }.map { JSONValue($0) })])
        }
    }

    @Test(arguments: try OracleCase.all("bootstrap"))
    func bootstrap(_ test: OracleCase) throws {
        let resamples = try #require(test.input["resamples"]?.integer)
        if test.kind == "sign_flip_monte_carlo" {
            let result = sampledSignFlips(
                test.input["differences"]?.doubles ?? [], resamples: resamples, seed: seed(test))
            test.check(["at_least_as_far": JSONValue(result.atLeastAsFar), "p": JSONValue(result.p)])
            return
        }
        let scores = test.input["scores"]?.doubles ?? []
        let bootstrap = Bootstrap(
            resamples: resamples, seed: seed(test), level: test.input["level"]?.double ?? 0.95)
        var units = scores.map { (sum: $0, count: 1) }
        if let clusters = test.input["clusters"]?.array {
            let names = Set(clusters).sorted { $0.text < $1.text }
            units = names.map { name in
                let own = clusters.indices.filter { clusters[$0] == name }
                return (own.reduce(0) { $0 + scores[$1] }, own.count)
            }
        }
        let estimate =
            test.kind == "median"
            ? bootstrap.median(of: scores)
            : bootstrap.mean(of: units, correctsBias: test.input["method"]?.string == "BCa")
        test.check([
            "estimate": JSONValue(estimate.value), "standard_error": JSONValue(estimate.standardError),
            "ci": json(estimate.interval),
        ])
    }
}
