import FakeModel
import Foundation
import Inference
import JSON
import ScoringCore
import Statistics
import TestSupport
import Testing

@testable import ScoringEngine

/// States of runs over parts of the answers to grade-school maths questions that come with Assay.
@Suite("Merged states give the results of one run")
struct StateTests {
    private static let lines: [String] = {
        let text = try? String(
            contentsOfFile: "\(packageFolder)/Examples/gsm8k/model_solutions.jsonl", encoding: .utf8)
        return (text ?? "").split(separator: "\n").map(String.init)
    }()

    private static let judge = "llm-as-judge::405b-simpleqa"

    private static let functions: [(identifier: String, parameters: JSONObject?)] = [
        ("basic::subset_of", nil),
        ("gsm8k::final_answer", ["aggregation_functions": ["accuracy", "average", "median", "categorical_count"]]),
        ("text::f1", ["aggregation_functions": ["average", "median"]]),
        ("text::bleu", ["aggregation_functions": ["average", "corpus_bleu"]]),
        ("braintrust::levenshtein", ["aggregation_functions": ["average", "median", "categorical_count"]]),
    ]

    private static func engine(_ server: FakeModelServer? = nil) -> Engine {
        let catalog = server.map { ModelCatalog(defaultEndpoint: .init(url: $0.url)) }
        return Engine(
            functionFolders: ["\(packageFolder)/scoring_fns", "\(packageFolder)/Examples/gsm8k"],
            pluginFolders: [pluginFolder]
        ) { catalog.map { InferenceService(catalog: $0) } }
    }

    private static func results(
        _ lines: some Collection<String>, _ engine: Engine = engine(), _ configure: (inout ScoringRequest) -> Void
    ) throws -> ScoringResults {
        let dataset = Dataset(jsonLines: lines.map { $0 + "\n" }.joined(), named: "rows")
        var request = ScoringRequest(dataset, functions: functions)
        request.keepsState = true
        configure(&request)
        let results = try engine.score(request)
        #expect(results.failure == nil)
        return results
    }

    /// Rows with faults among them, in a random order, in so many parts, some of them empty.
    private static func parts(
        _ lines: [String], _ count: Int, _ generator: inout SeededGenerator
    ) -> [[String]] {
        var parts = [[String]](repeating: [], count: count)
        for line in lines.shuffled(using: &generator) {
            parts[Int.random(in: 0..<count, using: &generator)].append(line)
        }
        return parts
    }

    private static func merged(_ states: [[UInt8]]) throws -> RunState {
        var merged = try RunState(states[0], named: "0")
        for (index, state) in states.enumerated().dropFirst() { try merged.merge(state, named: "\(index)") }
        return merged
    }

    private static let configurations: [(name: String, configure: @Sendable (inout ScoringRequest) -> Void)] = [
        ("plain", { _ in }),
        ("groups", { $0.groupColumns = ["model", "is_correct"] }),
        ("clusters and groups", { ($0.clusterColumns, $0.groupColumns) = (["input_query"], ["model"]) }),
        ("samples", { ($0.questionColumns, $0.passThreshold) = (["input_query"], 0.5) }),
        (
            "samples in clusters, and a filter",
            {
                $0.questionColumns = ["input_query", "model"]
                $0.clusterColumns = ["model"]
                $0.filters = [RowCondition(column: "is_correct", values: ["false"], isNegated: true)]
            }
        ),
    ]

    @Test("of 20 random parts, in any order, to the last byte", arguments: configurations.indices)
    func random(index: Int) throws {
        let configure = Self.configurations[index].configure
        var generator = SeededGenerator(seed: UInt64(index) + 7)
        var lines = Array(Self.lines.prefix(index == 0 ? .max : 300))
        if index < 2 {
            lines += ["not JSON", #"{"generated_answer": 7}"#, #"{"generated_answer": "x", "expected_answer": null}"#]
        }
        let engine = Self.engine()
        let whole = try Self.results(lines, engine, configure)
        let bytes = try #require(whole.state).bytes
        #expect(try engine.results(of: RunState(bytes, named: "whole")).json.text == whole.json.text)
        let states = try Self.parts(lines, 20, &generator).filter { !$0.isEmpty }.map { part in
            // A part in which no row has a column is no dataset for the functions.
            try #require(Self.results(part, engine, configure).state).bytes
        }
        for _ in 0..<5 {
            let merged = try Self.merged(states.shuffled(using: &generator))
            #expect(merged.bytes == bytes)
            #expect(try engine.results(of: merged).json.text == whole.json.text)
        }
        let halves = try [states.prefix(7), states.dropFirst(7)].map { try Self.merged(Array($0)).bytes }
        #expect(try Self.merged(halves).bytes == bytes)
    }

    @Test("with a judge, its usage and its cost")
    func judged() async throws {
        let server = try FakeModelServer(
            .answer { ["A", "B", "C", "no grade"][($0.prompt ?? "").utf8.reduce(0) { $0 + Int($1) } % 4] })
        let engine = Self.engine(server)
        let lines = Array(Self.lines.prefix(300))
        func judged(_ lines: [String]) throws -> ScoringResults {
            try Self.results(lines, engine) {
                $0.functions.append(
                    (Self.judge, ["judge_model": "fake", "aggregation_functions": ["categorical_count"]]))
            }
        }
        let whole = try judged(lines)
        var generator = SeededGenerator(seed: 3)
        let states = try Self.parts(lines, 20, &generator).map { try #require(judged($0).state).bytes }
        let first = try Self.merged(states)
        #expect(try engine.results(of: first).json.text == whole.json.text)
        #expect(try Self.merged(states.shuffled(using: &generator)).bytes == first.bytes)
        #expect(whole.usage?.answered == 300)
        await engine.shutDown()
    }

    @Test("Scores that were computed elsewhere take part in the aggregates")
    func addedResults() throws {
        func stateOf(_ lines: some Collection<String>) throws -> RunState {
            try RunState(
                #require(Self.results(lines) { $0.functions.removeAll { $0.identifier == "text::bleu" } }.state).bytes,
                named: "rows")
        }
        let engine = Self.engine()
        var state = try stateOf(Self.lines.prefix(0))
        try state.addResults(
            of: "text::f1", outcomes: [.scored, .modelError, .scored], scores: [0.5, 0.9, 1])
        let added = try engine.results(of: state).json["results"]?["text::f1"]
        #expect(added?["rows"]?["scored"] == 2 && added?["rows"]?["model_error"] == 1)
        #expect(added?["aggregated_results"]?["average"]?["average"] == JSONValue(0.75))
        // They are merged as other rows are.
        let other = try stateOf(Self.lines.prefix(20))
        var (one, two) = (state, other)
        try one.merge(other.bytes, named: "other")
        try two.merge(state.bytes, named: "state")
        #expect(one.bytes == two.bytes)
        #expect(try engine.results(of: one).json["results"]?["text::f1"]?["rows"]?["total"] == 23)
    }

    @Test(
        "States that need more of a row than its score refuse it",
        arguments: [
            ("text::bleu", "adds up more of each row", []), ("basic::none", "its functions are basic::subset_of,", []),
            ("basic::subset_of", "tells rows apart", ["model"]),
        ])
    func refusedResults(function: String, message: String, groups: [String]) throws {
        var state = try RunState(
            #require(Self.results(Self.lines.prefix(20)) { $0.groupColumns = groups }.state).bytes, named: "rows")
        let before = state.bytes
        let error = #expect(throws: StateError.self) {
            try state.addResults(of: function, outcomes: [.scored], scores: [1])
        }
        #expect(error?.description.contains(message) ?? false, "\(error as Any)")
        #expect(state.bytes == before)
    }

    private static let others: [(configure: @Sendable (inout ScoringRequest) -> Void, message: String)] = [
        ({ $0.functions[1].parameters = ["normalize": "casefold"] }, "gsm8k::final_answer: params/"),
        ({ $0.functions[0].identifier = "basic::equality" }, "the functions are basic::subset_of,"),
        ({ $0.functions.removeLast() }, "the functions are"),
        ({ $0.groupColumns = ["model"] }, "--by is [] in a.state, but [\"model\"] in b.state"),
        ({ $0.groupLimit = 10 }, "--by-limit is 1000 in a.state, but 10 in b.state"),
        ({ $0.clusterColumns = ["model"] }, "--cluster is [] in a.state"),
        ({ $0.questionColumns = ["input_query"] }, "--samples is [] in a.state"),
        ({ $0.passThreshold = 0.5 }, "--pass-at is 1.0 in a.state, but 0.5 in b.state"),
        ({ $0.reasoning = .strip }, "--reasoning is \"keep\" in a.state, but \"strip\" in b.state"),
    ]

    @Test("States of different runs are refused, and the message says what differs", arguments: others.indices)
    func different(index: Int) throws {
        let lines = Self.lines.prefix(20)
        var state = try RunState(#require(Self.results(lines) { _ in }.state).bytes, named: "a.state")
        let other = try #require(Self.results(lines, Self.engine(), Self.others[index].configure).state).bytes
        let error = #expect(throws: StateError.self) { try state.merge(other, named: "b.state") }
        #expect(error?.description.hasPrefix("b.state does not belong to a.state: ") ?? false)
        #expect(error?.description.contains(Self.others[index].message) ?? false, "\(error as Any)")
    }

    @Test("Groups beyond the limit are not merged as if they were complete")
    func limitedGroups() throws {
        func state(_ lines: some Collection<String>) throws -> [UInt8] {
            try #require(Self.results(lines) { ($0.groupColumns, $0.groupLimit) = (["input_query"], 5) }.state).bytes
        }
        // Four answers to each question.
        let (one, other, many) = (
            try state(Self.lines[0..<16]), try state(Self.lines[16..<32]), try state(Self.lines[0..<100])
        )
        for parts in [[one, other], [one, many], [many, one]] {
            let error = #expect(throws: StateError.self) { try Self.merged(parts) }
            #expect(error?.description.contains("more than 5 values of the column \"input_query\"") ?? false)
        }
        _ = try RunState(many, named: "many")
    }

    private static func state(clustered: Bool) throws -> [UInt8] {
        try #require(
            results(lines.prefix(30)) {
                ($0.groupColumns, $0.questionColumns) = (["model"], ["input_query"])
                if clustered { $0.clusterColumns = ["model"] }
            }.state
        ).bytes
    }

    @Test("A file that is cut, damaged, of another kind or of a later version gives an error that says so")
    func files() throws {
        let bytes = try Self.state(clustered: true)
        func message(_ bytes: some Sequence<UInt8>) -> String {
            do throws(StateError) {
                _ = try RunState(Array(bytes), named: "f")
                return ""
            } catch {
                return error.description
            }
        }
        for count in stride(from: 0, to: bytes.count, by: 97) {
            #expect(message(bytes.prefix(count)).contains(count == 0 ? "f is empty" : "cut off"))
        }
        #expect(message(bytes + [0]).contains("damaged"))
        #expect(message(Array("{}".utf8)) == "f is not a state that 'assay score --state' wrote")
        var changed = bytes
        changed[changed.count / 2] ^= 1
        #expect(message(changed).contains("damaged"))
        var later = bytes
        later[12] = 2
        #expect(message(later).contains("version 2, and this Assay reads version 1"))
    }

    @Test("A small state that promises very many sums is refused before memory is taken for them")
    func promisedSums() throws {
        let lines = Self.lines.prefix(20)
        let state = try #require(
            Self.results(lines) { $0.functions = [("text::bleu", ["aggregation_functions": ["corpus_bleu"]])] }.state)
        let contents = try StateFile.contents(of: state.bytes)
        var reader = StateReader(contents)
        let header = try #require(JSONValue(parsing: try reader.text()).object)
        var function = try #require(header["functions"]?.array?.first?.object)
        function["statistics"] = 10_000
        var hostile = header
        // 10^8 sums, in less than a megabyte.
        hostile["functions"] = .array(Array(repeating: .object(function), count: 1_000))
        var writer = StateWriter()
        writer.append(text: JSONValue.object(hostile).text)
        writer.append(raw: try reader.raw(reader.bytesLeft))
        let error = #expect(throws: StateError.self) { try RunState(StateFile.frame(writer.bytes), named: "f.state") }
        #expect(error?.description == "f.state is not a valid state")
    }

    @Test(
        "Whatever numbers a state has for its sums, it is refused or has results",
        arguments: ["text::bleu", "text::chrf", "text::ter", "basic::ifeval"])
    func hostileSums(function: String) throws {
        let corpus = ["text::bleu": "corpus_bleu", "text::chrf": "corpus_chrf", "text::ter": "corpus_ter"][function]
        let aggregations: [JSONValue] = corpus.map { [.string($0)] } ?? ["prompt_accuracy", "by_instruction"]
        let row: JSONValue = [
            "generated_answer": "a b c", "expected_answer": "a b d", "kwargs": [[:]],
            "instruction_id_list": ["punctuation:no_comma"],
        ]
        let engine = Self.engine()
        let state = try #require(
            Self.results([row.text], engine) {
                $0.functions = [(function, ["aggregation_functions": .array(aggregations)])]
            }.state)
        let contents = try StateFile.contents(of: state.bytes)
        var reader = StateReader(contents)
        _ = try reader.text()
        let start = contents.count - reader.bytesLeft
        var kept = 0
        for number in [Double.nan, .infinity, -1e300, 0x1p64] {
            let bytes = withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) }
            for place in start...(contents.count - 8) {
                var changed = contents
                changed.replaceSubrange(place..<place + 8, with: bytes)
                guard let state = try? RunState(StateFile.frame(changed), named: "f") else { continue }
                kept += 1
                _ = try? engine.results(of: state).json.text
            }
        }
        #expect(kept > 0)
    }

    @Test("Whatever the bytes are, a state is refused or has results", arguments: [false, true])
    func hostile(clustered: Bool) throws {
        let engine = Self.engine()
        let bytes = try Self.state(clustered: clustered)
        let contents = try StateFile.contents(of: bytes)
        var generator = SeededGenerator(seed: 11)
        var refused = 0
        for round in 0..<600 {
            var changed = contents
            for _ in 0...Int.random(in: 0..<3, using: &generator) {
                let place = Int.random(in: 0..<changed.count, using: &generator)
                switch round % 4 {
                case 0: changed[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: changed[place] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &generator) ?? 0
                case 2: changed.removeSubrange(place..<min(changed.count, place + 1 + round % 16))
                default:
                    let piece = changed[place..<min(changed.count, place + 1 + round % 32)]
                    changed.insert(contentsOf: piece, at: Int.random(in: 0..<changed.count, using: &generator))
                }
                if changed.isEmpty { changed = [0] }
            }
            do throws(StateError) {
                var state = try RunState(StateFile.frame(changed), named: "f")
                try state.merge(bytes, named: "whole")
                _ = try? engine.results(of: state).json.text
            } catch {
                refused += 1
            }
        }
        #expect(refused > 300)
    }
}
