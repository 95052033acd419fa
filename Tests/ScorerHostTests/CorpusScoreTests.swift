import ScoringCore
import Testing

@testable import ScorerHost

@Suite("A scorer computes scores of a corpus from the sums of its statistics")
struct CorpusScoreTests {
    private let build: FixtureBuild
    private let cells = CellMemory()

    init() throws {
        build = try FixtureBuild()
    }

    private func run(
        _ commands: [String], in place: Plugin.Place, log: LogLines = LogLines()
    ) throws -> (scorer: Scorer, results: RowResults) {
        let scorer = try build.load("corpus", in: place, log: log).scorer("corpus")
        let call = ScorerCall(scorer)
        call.prepare(rowCount: commands.count)
        #expect(call.start([cells.texts(commands, nullable: false)], rowCount: commands.count) == .finished)
        return (scorer, call.results)
    }

    @Test("it says what it sets and computes", arguments: Plugin.places)
    func description(place: Plugin.Place) throws {
        let plugin = try build.load("corpus", in: place)
        #expect(plugin.scorers[0].statistics == ["value", "square"])
        #expect(
            plugin.scorers[0].aggregations == [
                AggregationDescription(name: "value_sum", description: "the sum"),
                AggregationDescription(name: "if_positive", description: ""),
            ])
        #expect(plugin.contents.hasAggregations)
    }

    @Test("scored rows have their statistics, whatever was set first", arguments: Plugin.places)
    func rows(place: Plugin.Place) throws {
        let (_, results) = try run(["2", "fail 5", "-3.5"], in: place)
        #expect(results.verdicts == [.scored(2), .failed(.unparsed, "it was told to"), .scored(-3.5)])
        #expect(Array(results.statistics.row(0)) == [2, 4])
        #expect(Array(results.statistics.row(2)) == [-3.5, 12.25])
    }

    @Test("a score without statistics is an error of its row", arguments: Plugin.places)
    func missing(place: Plugin.Place) throws {
        let (_, results) = try run(["2", "score 1", "3"], in: place)
        let reason = "the scorer returned a score for this row without the statistics that its aggregations need"
        #expect(results.verdicts == [.scored(2), .failed(.scorerError, reason), .scored(3)])
    }

    @Test(
        "numbers that cannot be added, and rows that are not there, are refused and logged",
        arguments: [
            ("= nan", "a value is not finite, or beyond ASSAY_MAX_STATISTIC"),
            ("= large", "a value is not finite, or beyond ASSAY_MAX_STATISTIC"),
            ("= behind", "rows 1..<2 of a batch of 1"),
            ("= null", "the scorer declares no statistics, or the values are NULL"),
        ], Plugin.places)
    func refused(command: (String, String), place: Plugin.Place) throws {
        let log = LogLines()
        let (_, results) = try run(["\(command.0) 1"], in: place, log: log)
        #expect(results.verdicts == [.scored(-1)])
        #expect(
            log.all == ["error org.example.corpus: scorer \"corpus\" misuses its host: emit_statistics: \(command.1)"])
    }

    @Test(
        "values are JSON objects on one line, with the figure of their name or their first number",
        arguments: Plugin.places)
    func values(place: Plugin.Place) throws {
        let (scorer, _) = try run(["1"], in: place)
        let values = scorer.finalize([2.5, 1e300], rows: 7)
        #expect(
            values["value_sum"]
                == .init(
                    json: #"{"rows": 7, "value_sum": 2.5, "square_sum": 1e+300, "n": 2}"#, number: 2.5)
        )
        #expect(values["if_positive"] == .init(json: #"{"a": "x", "b": 7}"#, number: 7))
        // One that is not set is missing.
        #expect(Set(scorer.finalize([-1, 1], rows: 1).keys) == ["value_sum"])
    }

    @Test("what is no JSON object is refused, and finalize may fail", arguments: Plugin.places)
    func faults(place: Plugin.Place) throws {
        let log = LogLines()
        let (scorer, _) = try run(["1"], in: place, log: log)
        #expect(scorer.finalize([19, 0], rows: 1).isEmpty)
        let misuse = "error org.example.corpus: scorer \"corpus\" misuses its host: emit_aggregate: "
        let notObject = misuse + "the value of \"value_sum\" is not a JSON object"
        #expect(log.all == [notObject, notObject, misuse + "there is no aggregation 9"])
        #expect(scorer.finalize([17, 0], rows: 1).isEmpty)
        #expect(
            log.all.last
                == "error org.example.corpus: scorer \"corpus\" could not compute its aggregations: finalize returned -5"
        )
    }

    @Test("a worker that is lost in finalize costs the values only")
    func crash() throws {
        let log = LogLines()
        let (scorer, _) = try run(["1"], in: .worker, log: log)
        #expect(scorer.finalize([13, 0], rows: 1).isEmpty)
        #expect(log.all.last?.contains("could not compute its aggregations") == true, "\(log.all)")
        #expect(scorer.finalize([2, 0], rows: 1)["value_sum"]?.number == 2)
    }

    @Test("a worker that is lost on a row costs no other row its statistics")
    func lostRow() throws {
        let (_, results) = try run(["1", "2", "crash 3", "4"], in: .worker)
        #expect(results.outcomes.map { $0 } == [.scored, .scored, .pluginCrashed, .scored])
        #expect([0, 1, 3].map { results.statistics.row($0)[0] } == [1, 2, 4])
    }

    @Test(
        "a table that cannot work is refused, with what is wrong",
        arguments: [
            (
                [#"AGGREGATION="sum""#],
                "the aggregation \"sum\" of scorer \"corpus\": expected a name of lower-case letters and digits with at least "
                    + "one underscore, which the host does not use itself, such as corpus_sum"
            ),
            (
                [#"AGGREGATION="weighted_average""#],
                "the aggregation \"weighted_average\" of scorer \"corpus\": expected a name of lower-case letters and digits "
                    + "with at least one underscore, which the host does not use itself, such as corpus_weighted_average"
            ),
            ([#"AGGREGATION="if_positive""#], "the aggregation \"if_positive\" of scorer \"corpus\" is listed twice"),
            (["STATISTICS=none"], "scorer \"corpus\" has aggregations, but no statistics to compute them from"),
            (["FINALIZE=NULL"], "finalize of its table must not be NULL, because a scorer has aggregations"),
        ], Plugin.places)
    func refusedTables(table: ([String], String), place: Plugin.Place) throws {
        #expect(try build.refusal("corpus", table.0, in: place) == table.1)
    }

    @Test("a manifest has them, and is compared with the plugin")
    func manifest() throws {
        let path = try build.compile("corpus")
        let written = try PluginManifest.write(for: path)
        #expect(written.hasSuffix(".plugin.json"))
        let read = try #require(try PluginManifest.read(for: path))
        let plugin = try Plugin(in: .host, path)
        #expect(read == plugin.contents)
        var other = read
        other.scorers[0].statistics = ["value"]
        #expect(
            other.firstDifference(from: read)
                == "the manifest continues with an aggregation of scorer \"corpus\", but the plugin with a statistic of "
                + "scorer \"corpus\"")
    }
}
