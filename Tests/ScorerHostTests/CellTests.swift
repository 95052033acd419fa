import ScorerHost
import ScoringCore
import Testing

@Suite("Cells of every type reach a scorer, and its results come back")
struct CellTests {
    private let build: FixtureBuild
    private let cells = CellMemory()

    init() throws {
        build = try FixtureBuild()
    }

    @Test("values of all types, where no cell is empty", arguments: Plugin.places)
    func allPresent(place: Plugin.Place) throws {
        let plugin = try build.load("rows", in: place)
        let call = ScorerCall(try plugin.scorer("columns"))
        call.prepare(rowCount: 3)
        let progress = call.start(
            [
                cells.texts(["", "b", "zürich\0😀"], nullable: false),
                cells.numbers([0.1, -0.0, 1e308], nullable: false),
                cells.integers([.min, 0, .max], nullable: false),
                cells.booleans([true, false, true], nullable: false),
                cells.texts([#""18""#, "18", #"{"a": [1, null]}"#], as: .json, nullable: false),
                cells.lists([["x", "", "y"], [], ["z"]], nullable: false),
            ], rowCount: 3)
        #expect(progress == .finished)
        let results = call.results
        #expect(results.verdicts == [.scored(6), .scored(6), .scored(6)])
        #expect(results.texts("text") == ["", "b", "zürich\0😀"])
        #expect(results.texts("number") == ["0.1", "-0.0", "1e+308"])
        #expect(results.texts("integer") == ["-9223372036854775808", "0", "9223372036854775807"])
        #expect(results.texts("boolean") == ["1", "0", "1"])
        #expect(results.texts("json") == [#""18""#, "18", #"{"a": [1, null]}"#])
        #expect(results.texts("joined") == ["<x><><y>", "", "<z>"])
    }

    /// Columns in which row i has a value in the columns whose bit is set in `pattern[i]`.
    private func columns(_ pattern: [Int]) -> [CellColumn] {
        func cell<Value>(_ bit: Int, _ value: (Int) -> Value) -> [Value?] {
            pattern.enumerated().map { row, bits in bits >> bit & 1 == 1 ? value(row) : nil }
        }
        return [
            cells.texts(cell(0) { "t\($0)" }), cells.numbers(cell(1) { Double($0) }),
            cells.integers(cell(2) { Int64($0) }),
            cells.booleans(cell(3) { $0 % 2 == 1 }), cells.texts(cell(4) { "[\($0)]" }, as: .json),
            cells.lists(cell(5) { ["\($0)"] }),
        ]
    }

    @Test("empty cells stay empty, wherever they are in a batch", arguments: Plugin.places)
    func nulls(place: Plugin.Place) throws {
        let plugin = try build.load("rows", in: place)
        let pattern = (0..<64).map { $0 } + [63, 0, 63]
        let call = ScorerCall(try plugin.scorer("columns"))
        call.prepare(rowCount: pattern.count)
        _ = call.start(columns(pattern), rowCount: pattern.count)
        for (row, bits) in pattern.enumerated() {
            #expect(call.results.verdicts[row] == .scored(Double(bits.nonzeroBitCount)), "row \(row)")
        }
        func expected(_ bit: Int, _ text: (Int) -> String) -> [String?] {
            pattern.enumerated().map { row, bits in bits >> bit & 1 == 1 ? text(row) : nil }
        }
        #expect(call.results.texts("text") == expected(0) { "t\($0)" })
        #expect(call.results.texts("number") == expected(1) { "\(Double($0))" })
        #expect(call.results.texts("integer") == expected(2) { "\($0)" })
        #expect(call.results.texts("boolean") == expected(3) { "\($0 % 2)" })
        #expect(call.results.texts("json") == expected(4) { "[\($0)]" })
        #expect(call.results.texts("joined") == expected(5) { "<\($0)>" })
    }

    @Test("with rows held back, results land in the rows they belong to", arguments: Plugin.places)
    func rowMap(place: Plugin.Place) throws {
        let plugin = try build.load("rows", in: place)
        let call = ScorerCall(try plugin.scorer("columns"))
        call.prepare(rowCount: 6)
        for row in [0, 3, 5] { call.results.fail(row, .inputError, "held back") }
        let map = [1, 2, 4]
        let progress = map.withUnsafeBufferPointer { map in
            call.start(columns([63, 0, 21]), rowCount: 3, rowMap: map.baseAddress)
        }
        #expect(progress == .finished)
        let heldBack = RowVerdict.failed(.inputError, "held back")
        #expect(call.results.verdicts == [heldBack, .scored(6), .scored(0), heldBack, .scored(3), heldBack])
        #expect(call.results.texts("text") == [nil, "t0", nil, nil, "t2", nil])
        #expect(call.results.texts("integer") == [nil, "0", nil, nil, "2", nil])
        #expect(call.results.texts("json") == [nil, "[0]", nil, nil, "[2]", nil])
    }

    @Test("a batch whose rows are all held back never reaches the scorer", arguments: Plugin.places)
    func nothingToScore(place: Plugin.Place) throws {
        let plugin = try build.load("rows", in: place)
        let call = ScorerCall(try plugin.scorer("elsewhere"))
        call.prepare(rowCount: 1)
        call.results.fail(0, .inputError, "held back")
        #expect(call.start([cells.texts([])], rowCount: 0) == .finished)
        #expect(call.results.verdicts == [.failed(.inputError, "held back")])
    }

    @Test("a call is used for batch after batch, and nothing of one is seen in the next", arguments: Plugin.places)
    func reuse(place: Plugin.Place) throws {
        let plugin = try build.load("rows", in: place)
        let call = ScorerCall(try plugin.scorer("columns"))
        for count in [3, 1, 70, 2] {
            call.prepare(rowCount: count)
            let pattern = (0..<count).map { $0 % 64 }
            _ = call.start(columns(pattern), rowCount: count)
            #expect(call.results.verdicts == pattern.map { .scored(Double($0.nonzeroBitCount)) })
            #expect(call.results.texts("text") == (0..<count).map { pattern[$0] & 1 == 1 ? "t\($0)" : nil })
        }
    }
}
