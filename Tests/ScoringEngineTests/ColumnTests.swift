import Datasets
import JSON
import ScoringCore
import Testing

@testable import ScoringEngine

@Suite("A run needs the columns of its functions")
struct ColumnTests {
    private func refusal(
        _ rows: String, functions: KeyValuePairs<String, JSONObject?> = ["basic::equality": nil],
        _ configure: (inout ScoringRequest) -> Void = { _ in }
    ) -> String? {
        var request = ScoringRequest(Dataset(jsonLines: rows, named: "answers.jsonl"), functions: functions)
        configure(&request)
        let output = Output()
        let error = #expect(throws: EngineError.self) { try shippedEngine.score(request, sink: output.sink) }
        #expect(error?.code == .missingColumn)
        #expect(output.callCount == 0)
        return error?.message
    }

    @Test("a column that no row has is named, and so are those that are there")
    func missing() {
        #expect(
            refusal("{\"generated_answer\": 1, \"gold\": 2}\n{\"generated_answer\": 1, \"id\": \"x\"}\n")
                == "answers.jsonl: no row has the column \"expected_answer\", which basic::equality needs. The columns are "
                + "\"generated_answer\", \"gold\", \"id\".")
    }

    @Test("all missing columns are named at once, each once")
    func severalMissing() {
        #expect(
            refusal("{\"gold\": 2}\n", functions: ["basic::equality": nil, "basic::docvqa": nil])
                == "answers.jsonl: no row has the columns \"generated_answer\" or \"expected_answer\", "
                + "which basic::equality and basic::docvqa need. The columns are \"gold\"."
        )
    }

    @Test("a mapped column is named as the dataset should have it, and as it was needed")
    func mapped() {
        #expect(
            refusal("{\"generated_answer\": 1, \"expected_answer\": 2}\n") { $0.mapping = ["expected_answer": "gold"] }
                == "answers.jsonl: no row has the column \"gold\" (mapped to \"expected_answer\"), which basic::equality "
                + "needs. The columns are \"generated_answer\", \"expected_answer\".")
    }

    @Test("a filter's column is needed, too")
    func filter() {
        #expect(
            refusal(answers("1", "1")) { $0.filters = [RowCondition(column: "model", values: ["a"])] }
                == "answers.jsonl: no row has the column \"model\", which a filter needs. The columns are "
                + "\"generated_answer\", \"expected_answer\".")
    }

    @Test("where no row can be read, the first reason is shown")
    func brokenRowsOnly() {
        #expect(
            refusal("\n[1]\n{\"a\": \n")
                == "answers.jsonl: no row has the columns \"generated_answer\" or "
                + "\"expected_answer\", which basic::equality needs. No row could be read; line 2: not a JSON object: "
                + "the line holds an array (byte 1)")
        #expect(
            refusal("{}\n{}\n")
                == "answers.jsonl: no row has the columns \"generated_answer\" or "
                + "\"expected_answer\", which basic::equality needs. The rows have no columns.")
    }

    @Test("of very many columns, the first are shown")
    func manyColumns() {
        let members = (0..<200).map { "\"c\($0)\": 1" }.joined(separator: ", ")
        let message = refusal("{\"generated_answer\": 1, \(members)}\n")
        #expect(message?.contains("\"c48\" and 151 more.") == true, "\(message ?? "")")
    }

    @Test("a column that is null in every row is there")
    func nullColumn() throws {
        let scoring = try Scoring(answers("1", "null") + answers("2", "null"), "basic::equality")
        #expect(
            try scoring.verdicts.map { $0["message"] } == [
                "column \"expected_answer\" is null", "column \"expected_answer\" is null",
            ])
    }

    @Test("a column may appear only far into the dataset", arguments: [true, false])
    func lateColumn(isReopenable: Bool) throws {
        let early = String(
            repeating: "{\"generated_answer\": \"\(String(repeating: "x", count: 200))\"}\n", count: 4000)
        var dataset = Dataset(jsonLines: early + answers("1", "1"), named: "rows")
        dataset.isReopenable = isReopenable
        if isReopenable {
            let scoring = try Scoring(dataset, "basic::equality")
            #expect(scoring.counts.inputError == 4000)
            #expect(scoring.counts.scored == 1)
        } else {
            let error = #expect(throws: EngineError.self) { try Scoring(dataset, "basic::equality") }
            #expect(error?.code == .missingColumn)
        }
    }

    @Test("a mapping renames on the way in, for functions and filters")
    func mapping() throws {
        let rows =
            "{\"generated_answer\": 9, \"answer\": 1, \"gold\": 1, \"m\": \"a\"}\n"
            + "{\"generated_answer\": 1, \"answer\": 2, \"gold\": 1, \"m\": \"a\"}\n{\"m\": \"b\"}\n"
            + "{\"generated_answer\": 1, \"gold\": 1, \"m\": \"a\"}\n"
        let scoring = try Scoring(rows, "basic::equality") {
            $0.mapping = ["generated_answer": "answer", "expected_answer": "gold", "model": "m"]
            $0.filters = [RowCondition(column: "model", values: ["a"])]
        }
        #expect(
            scoring.output.lines == [
                #"{"row": 0, "scores": {"basic::equality": {"score": 1.0}}}"#,
                #"{"row": 1, "scores": {"basic::equality": {"score": 0.0}}}"#,
                #"{"row": 3, "scores": {"basic::equality": {"score": null, "outcome": "input_error", "message": "#
                    + #""the row has no column \"generated_answer\" (from \"answer\")"}}}"#,
            ])
    }

    @Test("two columns can change places")
    func swappedColumns() throws {
        let scoring = try Scoring(
            answers(#"["a", "b"]"#, #""a""#) + answers(#""a""#, #"["a", "b"]"#), "basic::subset_of"
        ) {
            $0.mapping = ["generated_answer": "expected_answer", "expected_answer": "generated_answer"]
        }
        #expect(try scoring.verdicts.map { $0["score"] } == [.null, JSONValue(1.0)])
    }

    @Test("a mapping of a column that nothing reads is refused")
    func unusedMapping() {
        #expect(
            refusal(answers("1", "1")) { $0.mapping = ["expected": "gold"] }
                == "\"expected\" is mapped, but no function reads a column with that name; the functions read \"expected_answer\", "
                + "\"generated_answer\"")
    }
}
