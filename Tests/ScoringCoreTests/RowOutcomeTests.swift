import ScoringCore
import Testing

@Suite struct RowOutcomeTests {
    @Test(
        "Outcomes have the numbers of the plugin ABI and the names that results use",
        arguments: [
            (0, "scored"), (1, "unparsed"), (2, "input_error"), (3, "scorer_error"), (4, "model_error"),
            (5, "timed_out"), (6, "plugin_crashed"), (7, "not_asked"),
        ] as [(UInt8, String)])
    func numbersAndNames(number: UInt8, name: String) throws {
        let outcome = try #require(RowOutcome(rawValue: number))
        #expect(outcome.name == name)
    }

    @Test("A number that is no outcome is refused")
    func unknownNumber() {
        #expect(RowOutcome(rawValue: 8) == nil)
        #expect(RowOutcome.allCases.count == 8)
    }

    @Test("Each outcome is counted for itself, and all but scored are unscored", arguments: RowOutcome.allCases)
    func counting(outcome: RowOutcome) {
        var counts = OutcomeCounts()
        #expect(counts.total == 0)
        counts.add(outcome)
        counts.add(outcome, count: 4)
        for other in RowOutcome.allCases {
            #expect(counts[other] == (other == outcome ? 5 : 0))
        }
        #expect(counts.total == 5)
        #expect(counts.unscored == (outcome == .scored ? 0 : 5))
    }

    @Test("Merged counts are those of all rows")
    func merging() {
        var (left, right) = (OutcomeCounts(), OutcomeCounts())
        for (i, outcome) in RowOutcome.allCases.enumerated() {
            left.add(outcome, count: i + 1)
            right.add(outcome, count: 10 * i)
        }
        left.merge(right)
        #expect(RowOutcome.allCases.map { left[$0] } == [1, 12, 23, 34, 45, 56, 67, 78])
        #expect(left.total == 316)
        #expect(left.unscored == 315)
        #expect(left.scored == 1)
        #expect(left.pluginCrashed == 67)
    }

    @Test(
        "Column types have the numbers of the plugin ABI and the names that messages use",
        arguments: [
            (1, "text"), (2, "number"), (3, "integer"), (4, "bool"), (5, "json"), (6, "list of text"),
        ] as [(UInt32, String)])
    func valueTypes(number: UInt32, name: String) {
        #expect(ValueType(rawValue: number)?.name == name)
    }

    @Test("Aggregation functions are known by the names in definitions, and by no others")
    func aggregationFunctionNames() {
        #expect(
            AggregationFunction.common.map(\.rawValue)
                == ["accuracy", "average", "weighted_average", "median", "categorical_count"])
        #expect(AggregationFunction(rawValue: "weighted_average") == .weightedAverage)
        #expect(AggregationFunction(rawValue: "weightedAverage") == nil)
        #expect(AggregationFunction(rawValue: "Accuracy") == nil)
        #expect(AggregationFunction(rawValue: "") == nil)
    }
}
