import JSON
import ScoringCore
import Testing

@testable import ScoringEngine

@Suite("Mathematical answers are compared by their value")
struct MathEquivalenceTests {
    private static func verdict(_ expected: String, _ generated: String) throws -> JSONValue {
        let row = answers(JSONValue.string(generated).text, JSONValue.string(expected).text)
        return try #require(try Scoring(row, "math::equivalence").verdicts.first)
    }

    @Test("the catalogue's answers are judged as a mathematician judges them")
    func catalogue() throws {
        let rows = try dataLines("catalogue/math_equivalence.jsonl").map { try JSONValue(parsing: $0) }
        let lines = rows.map { row in
            answers((row["generated_answer"] ?? .null).text, (row["expected_answer"] ?? .null).text)
        }
        let verdicts = try Scoring(lines.joined(), "math::equivalence").verdicts
        try #require(verdicts.count == 105)
        for (row, verdict) in zip(rows, verdicts) {
            // A row without a score is not called right.
            let isRight = verdict["score"] == JSONValue(1.0)
            #expect(JSONValue.bool(isRight) == row["meant"], "\(row.text)\n\(verdict.text)")
        }
    }

    @Test(
        "equal values in different notation",
        arguments: [
            ("\\sqrt{3+2\\sqrt{2}}", "1+\\sqrt{2}"), ("\\sin(\\pi/6)", "\\frac12"), ("(-\\infty, 5)", "x<5"),
            ("x \\geq 3", "[3, \\infty)"), ("(-\\infty,1)\\cup(2,\\infty)", "(2,\\infty)\\cup(-\\infty,1)"),
            ("x=\\pm 2", "\\{-2, 2\\}"), ("\\sqrt[3]{16}", "2\\sqrt[3]{2}"), ("\\frac{1}{1+i}", "\\frac{1-i}{2}"),
            ("\\ln 6", "\\ln 2+\\ln 3"), ("90^\\circ", "90"), ("$18", "The cost is $18."),
            ("3", "So the answer is: 3 apples"), ("\\text{Tuesday}", "The answer is Tuesday."),
            ("x^2+2x+1=0", "2x^2+4x+2=0"), ("\\frac{3}{4}", "\\boxed{\\dfrac34}"), ("-1\\frac{1}{2}", "-1.5"),
            ("6.02\\times 10^{23}", "602000000000000000000000"), ("2^{x+1}", "2\\cdot 2^x"), ("4^x", "2^{2x}"),
            ("no", "No"), ("C", "The correct answer is (C)."), ("11\\sqrt2", "11√2"),
            ("x \\in [-2,7]", "-2 \\le x \\le 7"), ("y = \\frac{x}{2} + 3", "2y = x + 6"),
            (String(repeating: "9", count: 60) + "/3", String(repeating: "3", count: 60)),
        ])
    func equal(expected: String, generated: String) throws {
        let verdict = try Self.verdict(expected, generated)
        #expect(verdict["score"] == JSONValue(1.0), "\(verdict.text)")
    }

    @Test(
        "different values that look alike",
        arguments: [
            ("\\pi", "3.14159265358979"), ("\\pm 2", "2"), ("[1,2]", "[1,2)"), ("x<5", "x\\le 5"), ("5 cm", "5 m"),
            ("\\{1,2\\}", "\\{1,2,3\\}"), ("yes", "no"), ("x^2", "x^3"), ("\\sqrt{2}", "1.41421356237"),
            (String(repeating: "9", count: 60), String(repeating: "9", count: 59) + "8"),
        ])
    func different(expected: String, generated: String) throws {
        let verdict = try Self.verdict(expected, generated)
        #expect(verdict["score"] == JSONValue(0.0), "\(verdict.text)")
    }

    @Test(
        "what cannot be decided has no score",
        arguments: [
            ("\\sin^2 x+\\cos^2 x", "1"), ("\\int x dx", "\\frac{x^2}{2}"), ("5", "I cannot tell."), ("1/0", "5"),
            ("5", ""), ("9^{9^{9}}", "5"), ("(a+b)^{100}(c+d)^{100}", "5"),
        ])
    func undecided(expected: String, generated: String) throws {
        let verdict = try Self.verdict(expected, generated)
        #expect(verdict["score"] == .null && verdict["outcome"] == "unparsed", "\(verdict.text)")
    }

    @Test(
        "a hostile formula ends soon, and is not called right",
        arguments: [
            "(", "{", "[", "x^", "1+", "-", "\\frac{", "\\sqrt", "\\boxed{", "|", "2^", "x_", "\u{301}", "9", "\\left(",
            "$", "a b c d ", "(a+b)", "\\{1,", "x=", "99!", "\\begin{pmatrix}", "answer is ", "(a+b+c)^{9}",
        ])
    func hostile(piece: String) throws {
        for count in [50, 3000] {
            let verdict = try Self.verdict("17", String(repeating: piece, count: count))
            #expect(verdict["score"] != JSONValue(1.0), "\(verdict.text)")
            let boxed = try Self.verdict("17", "\\boxed{" + String(repeating: piece, count: count) + "}")
            #expect(boxed["score"] != JSONValue(1.0), "\(boxed.text)")
        }
    }
}
