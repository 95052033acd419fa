import JSON
import TestSupport
import Testing

@testable import Statistics

extension Interval {
    var json: JSONValue { [JSONValue(lower), JSONValue(upper)] }
}

func json(_ interval: Interval?) -> JSONValue { interval?.json ?? .null }

func moments(_ scores: [Double]) -> Moments {
    var moments = Moments()
    moments.add(scores.span)
    return moments
}

@Suite("Statistics of one run agree with the oracle") struct OneRunTests {
    @Test(arguments: try OracleCase.all("special"))
    func specialFunctions(_ test: OracleCase) throws {
        func input(_ name: String) -> Double { test.input[name]?.double ?? .nan }
        switch test.kind {
        case "normal_quantile": test.check(["value": JSONValue(Normal.quantile(input("p")))])
        case "t_quantile":
            test.check(["value": JSONValue(StudentT.quantile(input("p"), degreesOfFreedom: input("df")))])
        case "t_two_sided_p":
            test.check(["p": JSONValue(StudentT.twoSidedP(input("t"), degreesOfFreedom: input("df")))])
        case "chi2_sf":
            test.check(["p": JSONValue(ChiSquared.upperTail(input("x"), degreesOfFreedom: input("df")))])
        case "normal_two_sided_p": test.check(["p": JSONValue(Normal.twoSidedP(input("z")))])
        default: Issue.record("unknown kind \(test.kind)")
        }
    }

    @Test(arguments: try OracleCase.all("proportion"))
    func proportions(_ test: OracleCase) throws {
        let estimate = Estimate.proportion(
            try #require(test.input["successes"]?.integer), of: try #require(test.input["n"]?.integer),
            level: try #require(test.input["level"]?.double))
        test.check([
            "estimate": JSONValue(estimate.value), "standard_error": JSONValue(estimate.standardError),
            "ci": json(estimate.interval),
        ])
    }

    @Test(arguments: try OracleCase.all("mean"))
    func means(_ test: OracleCase) throws {
        let scores = try #require(test.input["scores"]).doubles
        let estimate = Estimate.realMean(of: moments(scores), level: try #require(test.input["level"]?.double))
        test.check([
            "n": JSONValue(scores.count), "mean": JSONValue(estimate.value),
            "standard_error": JSONValue(estimate.standardError), "ci": json(estimate.interval),
        ])
    }

    @Test(arguments: try OracleCase.all("weighted"))
    func weightedMeans(_ test: OracleCase) throws {
        var moments = WeightedMoments()
        let (scores, weights) = (test.input["scores"]?.doubles ?? [], test.input["weights"]?.doubles ?? [])
        moments.add(scores.span, weights: weights.span)
        let estimate = Estimate.weightedMean(of: moments, level: try #require(test.input["level"]?.double))
        test.check([
            "weighted_average": JSONValue(estimate.value), "standard_error": JSONValue(estimate.standardError),
            "degrees_of_freedom": moments.count > 1 ? JSONValue(moments.count - 1) : .null,
            "ci": json(estimate.interval),
        ])
    }

    @Test(arguments: try OracleCase.all("median"))
    func medians(_ test: OracleCase) throws {
        let scores = (test.input["scores"]?.doubles ?? []).sorted()
        let value = scores.isEmpty ? nil : Bootstrap.middle(of: scores)
        let estimate = Estimate.median(
            of: scores.map { ($0, 1) }, value: value, level: try #require(test.input["level"]?.double))
        test.check(["median": JSONValue(estimate.value), "ci": json(estimate.interval)])
    }

    @Test(arguments: try OracleCase.all("clustered"))
    func clusters(_ test: OracleCase) throws {
        let scores = test.input["scores"]?.doubles ?? []
        var sums: [JSONValue: ClusterSum] = [:]
        for (score, cluster) in zip(scores, test.input["clusters"]?.array ?? []) {
            sums[cluster, default: ClusterSum()].add(score)
        }
        let mean = ClusteredMean(sums.values)
        let estimate = mean.estimate(
            isBinary: test.input["binary"]?.bool ?? false, level: try #require(test.input["level"]?.double))
        test.check([
            "n": JSONValue(mean.count), "clusters": JSONValue(mean.clusters), "mean": JSONValue(mean.mean),
            "standard_error": JSONValue(mean.standardError), "degrees_of_freedom": JSONValue(mean.clusters - 1),
            "design_effect": JSONValue(mean.designEffect(plain: moments(scores).standardError)),
            "ci": json(estimate.interval),
        ])
    }

    @Test(arguments: try OracleCase.all("repeats"))
    func samples(_ test: OracleCase) throws {
        func input(_ name: String) -> Int { test.input[name]?.integer ?? 0 }
        if test.kind == "pass_at_k" {
            let (n, c, k) = (input("n"), input("correct"), input("k"))
            test.check([
                "pass_at_k": JSONValue(passAtK(samples: n, correct: c, k: k)),
                "pass_hat_k": JSONValue(passHatK(samples: n, correct: c, k: k)),
            ])
            return
        }
        var samples = RepeatedSamples()
        for question in test.input["questions"]?.array ?? [] { samples.add(moments(question.doubles)) }
        test.check([
            "questions": JSONValue(samples.questions), "samples": JSONValue(samples.samples),
            "mean": JSONValue(samples.means.mean()), "standard_error": JSONValue(samples.means.standardError),
            "within_variance": JSONValue(samples.withinVariance), "sampling_part": JSONValue(samples.samplingPart),
        ])
    }

    @Test("The order of clusters and of their scores changes no bit")
    func order() {
        typealias Row = (cluster: Int, score: Double)
        let scores = (0..<60).map { (i: Int) -> Row in (i * 7 % 11, 1.0 / Double(i + 3) - 0.1) }
        func mean(_ rows: [Row]) -> ClusteredMean {
            var sums: [Int: ClusterSum] = [:]
            for row in rows { sums[row.cluster, default: ClusterSum()].add(row.score) }
            return ClusteredMean(sums.values)
        }
        let (one, other) = (mean(scores), mean(scores.reversed()))
        #expect(one.mean == other.mean)
        #expect(one.standardError == other.standardError)
    }

    @Test("Clusters with one mean have no error at all, whatever their sizes")
    func equalClusters() {
        var sums = [ClusterSum(), ClusterSum(), ClusterSum()]
        for (index, count) in [2, 3, 7].enumerated() { for _ in 0..<count { sums[index].add(0.1) } }
        #expect(ClusteredMean(sums).standardError == 0)
    }

    @Test("A small exact sum is the true sum")
    func expansion() {
        var generator = SeededGenerator(seed: 17)
        for _ in 0..<300 {
            var (small, large) = (Expansion(), ExactSum())
            for _ in 0..<Int.random(in: 1...12, using: &generator) {
                // Sizes that overlap, ties of halves among them.
                let number =
                    Double(Int.random(in: -8...8, using: &generator))
                    * Double(sign: .plus, exponent: 53 * Int.random(in: -2...2, using: &generator), significand: 0.5)
                small.add(number)
                large.add(number)
            }
            #expect(small.value == large.value)
        }
    }
}
