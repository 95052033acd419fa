import Concurrency
import ScorerHost
import ScoringCore
import Testing

/// What becomes of a row whose scorer did `command` for it (see `Fixtures/rows.c.txt`).
struct RowCase: CustomTestStringConvertible, Sendable {
    var command: String
    var verdict: RowVerdict
    var text: String?
    var json: String?
    /// What the log holds afterwards.
    var log: [String] = []

    init(_ command: String, _ verdict: RowVerdict, text: String? = nil, json: String? = nil, log: String...) {
        self.command = command
        self.verdict = verdict
        self.text = text
        self.json = json
        self.log = log.map { "error org.example.rows: scorer \"commands\" misuses its host: \($0)" }
    }

    var testDescription: String { command }
}

private let noReason = RowVerdict.failed(.scorerError, "the scorer returned no score for this row, and no reason")
private let wrongValues = #"emit: values for output "score" are not of type number, or not finite"#

@Suite("What a scorer does for a row decides what becomes of that row")
struct RowCommandTests {
    private let build: FixtureBuild
    private let log = LogLines()
    private let cells = CellMemory()

    init() throws {
        build = try FixtureBuild()
    }

    private func run(
        _ commands: [String], in place: Plugin.Place, rowMap: [Int]? = nil, cancellation: Cancellation = Cancellation()
    ) throws -> RowResults {
        let plugin = try build.load("rows", in: place, log: log)
        let call = ScorerCall(try plugin.scorer("commands"), cancellation: cancellation)
        call.prepare(rowCount: (rowMap?.last ?? commands.count - 1) + 1)
        for row in 0..<call.results.count where rowMap?.contains(row) == false {
            call.results.fail(row, .inputError, "held back")
        }
        let column = cells.texts(commands, nullable: false)
        let progress =
            rowMap?.withUnsafeBufferPointer { map in
                call.start([column], rowCount: commands.count, rowMap: map.baseAddress)
            } ?? call.start([column], rowCount: commands.count)
        #expect(progress == .finished)
        return call.results
    }

    static let cases = [
        RowCase("score 0.25", .scored(0.25)),
        RowCase("score -0.0", .scored(0)),
        RowCase("twice 0.75", .scored(0.75)),
        RowCase("nothing", noReason),
        RowCase("withdraw", noReason),
        RowCase("say hello", .scored(1), text: "hello"),
        RowCase("empty text", .scored(1), text: ""),
        RowCase("bad text", .failed(.scorerError, #"the scorer's output "text" is not valid UTF-8"#)),
        RowCase("json [1, {}]", .scored(1), json: "[1, {}]"),
        RowCase("json 1e400", .scored(1), json: "1e400"),
        RowCase("json [1, {]", .failed(.scorerError, #"the scorer's output "json" is not valid JSON"#)),
        RowCase("json ", .failed(.scorerError, #"the scorer's output "json" is not valid JSON"#)),
        RowCase("json 1 2", .failed(.scorerError, #"the scorer's output "json" is not valid JSON"#)),
        RowCase("fail with 1", .failed(.unparsed, "it was told to")),
        RowCase("fail with 2", .failed(.inputError, "it was told to")),
        RowCase("fail with 3", .failed(.scorerError, "it was told to")),
        RowCase("fail with 4", .failed(.modelError, "it was told to")),
        RowCase("fail with 5", .failed(.timedOut, "it was told to")),
        RowCase("fail with 0", noReason, log: "fail: 0 is not an outcome of an unscored row"),
        RowCase("fail with 6", noReason, log: "fail: 6 is not an outcome of an unscored row"),
        RowCase("fail with -2", noReason, log: "fail: -2 is not an outcome of an unscored row"),
        RowCase("fail with 257", noReason, log: "fail: 257 is not an outcome of an unscored row"),
        RowCase("fail then score", .failed(.unparsed, "first this")),
        RowCase("score then fail", .failed(.unparsed, "after all"), text: "kept"),
        RowCase("bad reason", .failed(.unparsed, "a\u{FFFD}z")),
        RowCase("fail all", .failed(.timedOut, "all the rest")),
        RowCase("return -3", .failed(.scorerError, "the scorer failed on the batch: cancelled (-3)")),
        RowCase("return -6", .failed(.scorerError, "the scorer failed on the batch: internal error (-6)")),
        RowCase("return 77", .failed(.scorerError, "the scorer failed on the batch: status 77")),
        RowCase(
            "return 1", .failed(.scorerError, "the scorer waits for model replies, but has sent no request")),
        RowCase("= null nan", .scored(0)),
        RowCase("= nan", .scored(-1), log: wrongValues),
        RowCase("= infinity", .scored(-1), log: wrongValues),
        RowCase("= other type", .scored(-1), log: wrongValues),
        RowCase("= no values", .scored(-1), log: wrongValues),
        RowCase("= behind", .scored(-1), log: "emit: rows 1..<2 of a batch of 1"),
        RowCase("= too many", .scored(-1), log: "emit: rows 0..<2 of a batch of 1"),
        RowCase("= no output", .scored(-1), log: "emit: there is no output 3, or the values are NULL"),
        RowCase("= no column", .scored(-1), log: "emit: there is no output 0, or the values are NULL"),
        RowCase("= no call", .scored(-1)),
        RowCase("= fail row 1", .scored(-1), log: "fail: row 1 of a batch of 1"),
        RowCase("= fail row -2", .scored(-1), log: "fail: row -2 of a batch of 1"),
        RowCase("= cancelled", .scored(0)),
        RowCase("= extension", .scored(1)),
        RowCase("= version", .scored(0)),
    ]

    @Test("alone in its batch", arguments: cases, Plugin.places)
    func alone(row: RowCase, place: Plugin.Place) throws {
        let results = try run([row.command], in: place)
        #expect(results.verdicts == [row.verdict])
        #expect(results.texts("text") == [row.text])
        #expect(results.texts("json") == [row.json])
        #expect(log.all == row.log)
    }

    /// Those whose meaning does not depend on what else is in the batch.
    private static let independent = cases.filter { row in
        !["return ", "fail all", "= behind", "= too many", "= fail row"].contains { row.command.hasPrefix($0) }
    }

    @Test("among others, whether or not rows are held back", arguments: [1, 2, 3], Plugin.places)
    func together(stride step: Int, place: Plugin.Place) throws {
        let rows = Self.independent
        let map = (0..<rows.count).map { step * $0 }
        let results = try run(rows.map(\.command), in: place, rowMap: step == 1 ? nil : map)
        for (row, target) in zip(rows, map) {
            #expect(results.verdicts[target] == row.verdict, "\(row.command)")
            #expect(results.texts("text")[target] == row.text, "\(row.command)")
            #expect(results.texts("json")[target] == row.json, "\(row.command)")
        }
        for row in 0..<results.count where !map.contains(row) {
            #expect(results.verdicts[row] == .failed(.inputError, "held back"))
        }
    }

    @Test(
        "a range that crosses the end of the batch takes nothing", arguments: ["= too many", "= overflow", "= behind"],
        Plugin.places)
    func rangeTakesNothing(command: String, place: Plugin.Place) throws {
        #expect(
            try run(["score 0.25", command, "nothing"], in: place).verdicts == [.scored(0.25), .scored(-1), noReason])
    }

    @Test("failing the rest spares the rows that have a score or a reason", arguments: Plugin.places)
    func failTheRest(place: Plugin.Place) throws {
        let rows = ["score 0.5", "fail with 1", "nothing", "fail all", "score 1", "nothing"]
        #expect(
            try run(rows, in: place, rowMap: [0, 2, 3, 4, 5, 6]).verdicts == [
                .scored(0.5), .failed(.inputError, "held back"), .failed(.unparsed, "it was told to"),
                .failed(.timedOut, "all the rest"), .failed(.timedOut, "all the rest"),
                .failed(.timedOut, "all the rest"), .failed(.timedOut, "all the rest"),
            ])
    }

    @Test("a scorer that gives up keeps the scores that it gave before", arguments: Plugin.places)
    func givesUp(place: Plugin.Place) throws {
        let gaveUp = RowVerdict.failed(.scorerError, "the scorer failed on the batch: timed out (-4)")
        #expect(
            try run(["score 0.5", "fail with 1", "return -4", "score 1"], in: place).verdicts == [
                .scored(0.5), .failed(.unparsed, "it was told to"), gaveUp, gaveUp,
            ])
    }

    @Test("a scorer can ask whether anybody still wants its results", arguments: Plugin.places)
    func cancelled(place: Plugin.Place) throws {
        let cancellation = Cancellation()
        cancellation.cancel()
        #expect(try run(["= cancelled"], in: place, cancellation: cancellation).verdicts == [.scored(1)])
    }

    @Test(
        "a plugin's lines reach the log with its id; a severity that is none counts as an error",
        arguments: Plugin.places)
    func logLines(place: Plugin.Place) throws {
        _ = try run(["log zürich"], in: place)
        #expect(
            log.all == [
                "error org.example.rows: zürich", "debug org.example.rows: zürich", "info org.example.rows: zürich",
                "warning org.example.rows: zürich", "error org.example.rows: zürich", "error org.example.rows: zürich",
            ])
    }

    @Test("the host answers its services inside a step on the step's thread only, and logs what else is tried")
    func elsewhere() throws {
        let plugin = try build.load("rows", log: log)
        let call = ScorerCall(try plugin.scorer("elsewhere"))
        call.prepare(rowCount: 1)
        #expect(call.start([cells.texts(["x"], nullable: false)], rowCount: 1) == .finished)
        #expect(call.results.verdicts == [.scored(-1)], "from another thread")
        #expect(try plugin.call("emit_after_step") == -1, "after the step")
        #expect(call.results.verdicts == [.scored(-1)])
        let line =
            "error org.example.rows: scorer \"elsewhere\" misuses its host: "
            + "a host service was called outside of step, or from another thread"
        #expect(log.all == [line, line])
    }
}
