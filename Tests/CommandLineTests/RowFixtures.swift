import Testing

/// Three rows; `basic::subset_of` gives 1, 0 and 1.
let threeRows = """
    {"id": 1, "generated_answer": "The answer is 18.", "expected_answer": "18", "model": "small", "ok": true}
    {"id": 2, "generated_answer": "I think it is 7", "expected_answer": "18", "model": "large", "ok": false}
    {"id": 3, "generated_answer": "18", "expected_answer": "18", "model": "small", "ok": true}

    """

/// The output lines of `threeRows`.
let threeLines = """
    {"row": 0, "scores": {"basic::subset_of": {"score": 1.0}}}
    {"row": 1, "scores": {"basic::subset_of": {"score": 0.0}}}
    {"row": 2, "scores": {"basic::subset_of": {"score": 1.0}}}

    """

/// The table of `threeRows`.
let threeRowsTable = """
    basic::subset_of
      3 of 3 rows scored
      accuracy  0.6667  (2 of 3)  95% interval 0.2077 … 0.9385

    """

/// A row that `basic::subset_of` gives 1.
let goodRow = #"{"generated_answer": "It is 18.", "expected_answer": "18"}"# + "\n"

/// The output line of a `goodRow`.
func goodLine(_ row: Int) -> String { #"{"row": \#(row), "scores": {"basic::subset_of": {"score": 1.0}}}"# }

/// How many lines of good rows a text holds: numbered from 0, in order, each whole. Anything else is an issue.
///
/// - Parameter mayBreakOff: whether the last line may be the start of one.
func countOfGoodLines(_ text: String, mayBreakOff: Bool = false) -> Int {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let last = lines.removeLast()
    #expect(mayBreakOff ? goodLine(lines.count).hasPrefix(last) : last.isEmpty, "the last line: \(last)")
    let wrong = lines.enumerated().first { $0.element != goodLine($0.offset) }
    #expect(wrong == nil)
    return lines.count
}

/// The lines of a text, without their ends.
func lines(of text: String) -> [String] {
    text.split(separator: "\n").map(String.init)
}
