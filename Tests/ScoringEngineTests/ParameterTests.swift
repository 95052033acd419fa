import Dispatch
import JSON
import ScoringCore
import ScoringDefinitions
import Synchronization
import Testing

@testable import ScoringEngine

@Suite("Parameters of a request are that request's own")
struct ParameterTests {
    private static let function = "basic::regex_parser_multiple_choice_answer"

    private func accuracy(_ parameters: JSONObject?, _ rows: String) throws -> JSONValue? {
        try Scoring(rows, Self.function, parameters).results.json["results"]?[Self.function]?["aggregated_results"]
    }

    @Test("the definition is as it was, after a run with other parameters")
    func definitionStays() throws {
        let rows = answers(#""Answer: B""#, #""B""#) + answers("\"#### 7\"", #""7""#)
        let before = try #require(shippedEngine.definitions[Self.function])
        let standard = try accuracy(nil, rows)
        let own = try accuracy(
            ["parsing_regexes": ["#### (.+)"], "aggregation_functions": ["average", "median"]], rows)
        #expect(own == ["average": ["average": JSONValue(0.5)], "median": ["median": JSONValue(0.5)]])
        #expect(shippedEngine.definitions[Self.function] == before)
        #expect(try accuracy(nil, rows) == standard)
        #expect(standard == ["accuracy": ["accuracy": JSONValue(0.5), "num_correct": 1, "num_total": 2]])
    }

    @Test("runs at the same time do not see each other's parameters")
    func concurrentRuns() throws {
        let rows = (0..<200).map { answers("\"A: \($0) B: \($0 + 1)\"", "\"\($0)\"") }.joined()
        let failures = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 8) { index in
            let (regex, correct) = index % 2 == 0 ? (#"A: (\d+)"#, 200) : (#"B: (\d+)"#, 0)
            do {
                let result = try accuracy(["parsing_regexes": [.string(regex)]], rows)
                if result?["accuracy"]?["num_correct"] != JSONValue(correct) {
                    failures.withLock { $0.append("\(regex): \(result?.text ?? "nothing")") }
                }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
        #expect(shippedEngine.definitions[Self.function]?.params["parsing_regexes"]?.array?.count == 42)
    }

    @Test("one function is not asked for twice in a run")
    func twice() {
        var request = ScoringRequest(
            Dataset(jsonLines: answers("1", "1"), named: "rows"), functions: ["basic::equality": nil])
        request.functions.append(("basic::equality", nil))
        let error = #expect(throws: EngineError.self) { try shippedEngine.score(request) }
        #expect(error?.message == "basic::equality is named twice in one run")
    }

    @Test("all aggregations of a run")
    func aggregations() throws {
        let rows = answers("1", "1") + answers("1", "2") + answers("1", "1") + answers("1", "null")
        let scoring = try Scoring(
            rows, "basic::equality",
            ["aggregation_functions": ["accuracy", "average", "weighted_average", "median", "categorical_count"]])
        #expect(
            scoring.results["basic::equality"]?.json["aggregated_results"]?.text
                == #"{"accuracy": {"accuracy": 0.6666666666666666, "num_correct": 2, "num_total": 3}, "#
                + #""average": {"average": 0.6666666666666666}, "weighted_average": null, "median": {"median": 1.0}, "#
                + #""categorical_count": {"categorical_count": {"0.0": 1, "1.0": 2}}}"#)
    }
}
