import JSON
import Testing

@testable import Statistics

@Suite("Comparisons agree with the oracle") struct TwoRunsTests {
    @Test(arguments: try OracleCase.all("paired_binary"))
    func binary(_ test: OracleCase) throws {
        func input(_ name: String) -> Int { test.input[name]?.integer ?? 0 }
        let table = PairedBinary(
            both: input("both"), onlyA: input("only_a"), onlyB: input("only_b"), neither: input("neither"))
        let (b, c) = (Double(table.onlyA), Double(table.onlyB))
        let chi2 = b + c > 0 ? (b - c) * (b - c) / (b + c) : 0
        test.check([
            "n": JSONValue(table.count), "worse": JSONValue(table.onlyA), "better": JSONValue(table.onlyB),
            "difference": JSONValue(table.difference), "standard_error": JSONValue(table.standardError),
            "ci": json(table.interval(level: test.input["level"]?.double ?? 0.95)), "p": JSONValue(table.p),
            "p_exact": JSONValue(table.exactP), "chi2": JSONValue(chi2),
            "chi2_p": JSONValue(ChiSquared.upperTail(chi2, degreesOfFreedom: 1)),
        ])
    }

    @Test(arguments: try OracleCase.all("paired_real"))
    func real(_ test: OracleCase) throws {
        let (a, b) = (test.input["a"]?.doubles ?? [], test.input["b"]?.doubles ?? [])
        if test.kind == "wilcoxon_signed_rank" {
            let wilcoxon = WilcoxonSignedRank(zip(a, b).map { $1 - $0 })
            test.check([
                "n_nonzero": JSONValue(wilcoxon.nonzero), "w_plus": JSONValue(wilcoxon.positiveRanks),
                "z": JSONValue(wilcoxon.z), "p": JSONValue(wilcoxon.p),
            ])
            return
        }
        var pairs = PairedDifferences()
        for (a, b) in zip(a, b) { pairs.add(a, b) }
        let result = pairs.real(test.input["level"]?.double ?? 0.95)
        let t = result.test == .pairedT ? result.difference.map { $0 / (result.standardError ?? .nan) } : nil
        test.check([
            "n": JSONValue(pairs.count), "better": JSONValue(pairs.better), "worse": JSONValue(pairs.worse),
            "equal": JSONValue(pairs.equal), "difference": JSONValue(result.difference),
            "standard_error": JSONValue(result.standardError), "ci": json(result.interval), "p": JSONValue(result.p),
            "p_exact": JSONValue(result.exactP), "t": JSONValue(t),
        ])
    }

    @Test(arguments: try OracleCase.all("paired_clustered"))
    func clustered(_ test: OracleCase) throws {
        let (a, b) = (test.input["a"]?.doubles ?? [], test.input["b"]?.doubles ?? [])
        var places: [JSONValue: Int] = [:]
        var pairs = PairedDifferences(isClustered: true)
        for (i, cluster) in (test.input["clusters"]?.array ?? []).enumerated() {
            let place = places[cluster] ?? places.count
            places[cluster] = place
            pairs.add(a[i], b[i], cluster: place)
        }
        let result = pairs.result(level: test.input["level"]?.double ?? 0.95)
        test.check([
            "n": JSONValue(pairs.count), "clusters": JSONValue(result.units),
            "degrees_of_freedom": JSONValue(result.units - 1), "difference": JSONValue(result.difference),
            "standard_error": JSONValue(result.standardError), "ci": json(result.interval), "p": JSONValue(result.p),
            "p_exact": JSONValue(result.exactP),
        ])
    }

    @Test(arguments: try OracleCase.all("multiplicity"))
    func adjustment(_ test: OracleCase) throws {
        let p = test.input["p"]?.array?.map(\.double) ?? []
        func json(_ adjusted: [Double?]) -> JSONValue { .array(adjusted.map { JSONValue($0) }) }
        test.check(["holm": json(Adjustment.holm.adjust(p)), "bh": json(Adjustment.bh.adjust(p))])
    }

    @Test(arguments: try OracleCase.all("power"))
    func power(_ test: OracleCase) throws {
        func input(_ name: String) -> Double { test.input[name]?.double ?? .nan }
        let power = Power(level: 1 - input("alpha"), power: input("power"))
        func json(_ count: Int?) -> JSONValue { count.map { JSONValue($0) } ?? .null }
        switch test.kind {
        case "paired_mean":
            let error = input("sd_of_differences") / input("n").squareRoot()
            test.check([
                "minimum_detectable": JSONValue(power.minimumDetectable(standardError: error)),
                "n_needed": json(
                    power.pairsNeeded(standardDeviation: input("sd_of_differences"), difference: input("difference"))),
            ])
        case "paired_binary":
            test.check([
                "n_needed": json(
                    power.pairsNeeded(discordant: input("discordant"), difference: input("difference")))
            ])
        default:
            let variance =
                input("between") + input("within_a") / input("samples_a") + input("within_b") / input("samples_b")
            test.check([
                "minimum_detectable": JSONValue(
                    power.minimumDetectable(standardError: (variance / input("n")).squareRoot())),
                "n_needed": json(
                    power.questionsNeeded(
                        between: input("between"), withinA: input("within_a"), samplesA: Int(input("samples_a")),
                        withinB: input("within_b"), samplesB: Int(input("samples_b")), difference: input("difference"))),
            ])
        }
    }

    @Test(arguments: try OracleCase.all("ranking"))
    func ranking(_ test: OracleCase) throws {
        let runs = try #require(test.input["runs"]?.object).members.map { ($0.key, $0.value.doubles) }
        var pairs: [(a: Int, b: Int, difference: Double?, p: Double?)] = []
        for a in runs.indices {
            for b in runs.indices where b > a {
                var differences = PairedDifferences()
                for (x, y) in zip(runs[a].1, runs[b].1) { differences.add(x, y) }
                let result = differences.result()
                pairs.append((a, b, result.difference, result.p))
            }
        }
        let adjusted = Adjustment.holm.adjust(pairs.map(\.p))
        let means = runs.map { moments($0.1).mean() ?? .nan }
        let intervals = rankIntervals(
            runs: runs.count,
            pairs: pairs.indices.map { (pairs[$0].a, pairs[$0].b, pairs[$0].difference, adjusted[$0]) },
            alpha: test.input["alpha"]?.double ?? 0.05)
        func object(_ values: [JSONValue]) -> JSONValue {
            .object(JSONObject(zip(runs.map(\.0), values).map { ($0, $1) }))
        }
        let order = runs.indices.sorted { (-means[$0], $0) < (-means[$1], $1) }
        test.check([
            "order": .array(order.map { .string(runs[$0].0) }), "mean": object(means.map { JSONValue($0) }),
            "pairs": .array(
                pairs.indices.map { index in
                    [
                        "a": .string(runs[pairs[index].a].0), "b": .string(runs[pairs[index].b].0),
                        "difference": JSONValue(pairs[index].difference), "p": JSONValue(pairs[index].p),
                        "p_adjusted": JSONValue(adjusted[index]),
                    ]
                }),
            "rank_interval": object(intervals.map { [JSONValue($0.lowerBound), JSONValue($0.upperBound)] }),
        ])
    }

    @Test(arguments: try OracleCase.all("categories"))
    func categories(_ test: OracleCase) throws {
        let table = test.input["table"]?.array?.map { $0.array?.map(\.integer) ?? [] } ?? []
        let result = MarginalHomogeneity(table)
        let names = test.input["categories"]?.strings ?? []
        func counts(_ values: [Int]) -> JSONValue {
            .object(JSONObject(zip(names, values).map { ($0, JSONValue($1)) }))
        }
        let rows = table.map { $0.reduce(0, +) }
        test.check([
            "n": JSONValue(rows.reduce(0, +)), "counts_a": counts(rows),
            "counts_b": counts(table.indices.map { j in table.reduce(0) { $0 + $1[j] } }),
            "same": JSONValue(rows.reduce(0, +) - (result?.changed ?? 0)),
            "changed": JSONValue(result?.changed ?? 0),
            "statistic": JSONValue(result?.statistic), "df": JSONValue(result?.degreesOfFreedom ?? 0),
            "chi2_p": JSONValue(result?.chiSquaredP), "p": JSONValue(result?.p),
        ])
    }

    @Test(
        "Swapping A and B mirrors the difference, its interval and its test", arguments: [[0.5, 1, 0.25], [1, 0, 1]])
    func mirror(_ scores: [Double]) {
        var (there, back) = (PairedDifferences(), PairedDifferences())
        for i in 0..<40 {
            let (a, b) = (scores[i % 3], scores[i * i % 3])
            there.add(a, b)
            back.add(b, a)
        }
        let (one, other) = (there.result(), back.result())
        #expect(one.difference == other.difference.map { 0 - $0 })
        #expect(one.p == other.p)
        #expect(one.standardError == other.standardError)
        #expect(((one.interval?.lower ?? .nan) + (other.interval?.upper ?? .nan)).magnitude < 1e-15)
    }

    @Test("The order of pairs changes no bit")
    func order() {
        let pairs = (0..<50).map { (i: Int) -> (Double, Double) in (1.0 / Double(i + 1), 1.0 / Double(51 - i)) }
        var (there, back) = (PairedDifferences(), PairedDifferences())
        for pair in pairs { there.add(pair.0, pair.1) }
        for pair in pairs.reversed() { back.add(pair.0, pair.1) }
        let (one, other) = (there.result(), back.result())
        #expect(one.difference == other.difference && one.p == other.p && one.interval == other.interval)
    }

    @Test("All differences equal and not 0: the p of sign flips, not 0", arguments: [2, 5, 16, 17, 40])
    func equalDifferences(_ n: Int) {
        var pairs = PairedDifferences()
        for i in 0..<n { pairs.add(Double(i), Double(i) + 0.5) }
        let result = pairs.result()
        #expect(result.p == Double(sign: .plus, exponent: -n, significand: 1))
        #expect(result.standardError == 0 && result.interval == nil)
    }
}
