import JSON
import Testing

@testable import JudgeScorers

@Suite("Words become scores as the return type asks")
struct ScoreTypeTests {
    @Test(
        "plain decimals are numbers",
        arguments: [
            ("7", 7), ("7.5", 7.5), ("+3", 3), ("-0.5", -0.5), (".5", 0.5), ("7.", 7), ("1e2", 100), ("1E-2", 0.01),
            (" 8\n", 8), ("\u{A0}8\u{2003}", 8), ("007", 7),
            ("0.1000000000000000055511151231257827021181583404541015625", 0.1),
        ] as [(String, Double)])
    func numbers(text: String, value: Double) {
        #expect(Double(plainDecimal: text) == value)
    }

    @Test(
        "anything else is no number",
        arguments: [
            "", " ", "nan", "NaN", "inf", "Infinity", "-inf", "1_000", "1,000", "0x10", "1e", "1e999", "--1", "1 2",
            "٣",
            ".", "+", "e5", "8/10", "8\u{0}", "5%",
        ])
    func noNumbers(text: String) {
        #expect(Double(plainDecimal: text) == nil)
    }

    private static let number = ScoreType.numberOrText
    private static let strict = ScoreType.number(nil)
    private static let ranged = ScoreType.number(0...10)

    @Test(
        "what a regular expression finds",
        arguments: [
            (number, "8", .score(JSONValue(8.0))), (number, " 8.50 ", .score(JSONValue(8.5))),
            (number, "B", .score("B")), (number, "nan", .score("nan")),
            (strict, "B", .nothing(#""B" is not a number"#)), (strict, "1e1", .score(JSONValue(10.0))),
            (ranged, "10", .score(JSONValue(10.0))), (ranged, "0", .score(JSONValue(0.0))),
            (ranged, "10.01", .nothing("10.01 is outside score_range, 0 to 10")),
            (ranged, "B", .nothing(#""B" is not a number"#)),
            (ranged, "-1", .nothing("-1 is outside score_range, 0 to 10")),
            (.text, " B ", .score(" B ")), (.json, "8", .score("8")),
            (.boolean, "TRUE", .score(true)), (.boolean, " no", .score(false)), (.boolean, "1", .score(true)),
            (.boolean, "Yes", .score(true)), (.boolean, "0", .score(false)), (.boolean, "False", .score(false)),
            (.boolean, "maybe", .nothing(#""maybe" is neither true nor false"#)),
        ] as [(ScoreType, String, Reading)])
    func fromText(type: ScoreType, text: String, reading: Reading) {
        #expect(type.score(fromText: text) == reading)
    }

    @Test(
        "what a member of a JSON reply holds",
        arguments: [
            (number, 8, .score(JSONValue(8.0))), (number, "8", .score(JSONValue(8.0))),
            (number, "B", .nothing(#""s" in the reply is a string, not a number"#)),
            (strict, true, .nothing(#""s" in the reply is a boolean, not a number"#)),
            (ranged, 11, .nothing("11 is outside score_range, 0 to 10")),
            (ranged, "11", .nothing("11 is outside score_range, 0 to 10")),
            (ranged, [8], .nothing(#""s" in the reply is an array, not a number from 0 to 10"#)),
            (.text, "tie", .score("tie")), (.text, 3, .score("3")), (.text, false, .score("false")),
            (.text, nil, .nothing(#""s" in the reply is null, not a string"#)),
            (.text, ["a": 1], .nothing(#""s" in the reply is an object, not a string"#)),
            (.boolean, true, .score(true)), (.boolean, "no", .score(false)), (.boolean, 1, .score(true)),
            (.boolean, 2, .nothing(#""2" is neither true nor false"#)),
            (.json, ["a": [1]], .score(["a": [1]])), (.json, 8, .score(8)),
            (.json, nil, .nothing(#""s" in the reply is null, not a value"#)),
        ] as [(ScoreType, JSONValue, Reading)])
    func fromJSON(type: ScoreType, value: JSONValue, reading: Reading) {
        #expect(type.score(from: value, field: "s") == reading)
    }
}
