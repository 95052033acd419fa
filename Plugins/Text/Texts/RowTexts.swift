import JSON
import ScorerKit
import ScorerParameters

/// Looks from time to time whether the run was cancelled, within a row, too.
///
/// Used by one thread.
final class Watch {
    /// Steps of some nanoseconds each between two looks.
    private static let workBetweenLooks = 1 << 20

    private var check: CancellationCheck

    init(_ results: Results) {
        check = CancellationCheck(results, every: Self.workBetweenLooks)
    }

    /// Notes that steps were taken, or are about to be.
    @inline(__always)
    func note(_ steps: Int) throws(RowFault) {
        if check.stopsWithin(steps) { throw .cancelled }
    }

    /// Reports a row and the rows after it as not scored.
    func leaveOut(_ row: Int, of rows: Rows) { check.leaveOut(row, of: rows) }
}

/// The answer and the references of a row, as scalars.
struct RowTexts {
    var answer: Scalars = []
    /// At least one.
    var references: [Scalars] = []

    /// The longest text, in bytes, and the most bytes of all references of a row.
    static let longestText = 8 << 20
    static let longestReferences = 32 << 20

    /// The inputs of scorers that compare an answer with references.
    static let inputs: [ScorerDeclaration.Column] = [
        .required("generated_answer", .text, "the text to score"),
        .required("expected_answer", .json, "the reference text, or a list of them"),
        .optional("expected_answer", .text, "the same, as a text", isLenient: true),
    ]
}

extension Scorer {
    /// Scores each row with `body`, which returns its score and may set its statistics.
    ///
    /// - Parameters:
    ///   - statistics: the number of statistics of a row.
    ///   - body: has the row, its texts and its statistics, all 0.
    func scoreTexts(
        _ rows: Rows, _ results: Results, statistics width: Int = 0,
        _ body: (
            _ row: Int, _ texts: inout RowTexts, _ statistics: UnsafeMutableBufferPointer<Double>, _ watch: Watch
        ) throws(RowFault) -> Double
    ) {
        let (answers, lists, single) = (rows.texts(0), rows.texts(1), rows.texts(2))
        var texts = RowTexts()
        var parser = JSONParser()
        scoreRows(rows, results, statistics: width) { row, statistics, watch throws(RowFault) in
            let size = answers[row].count + lists[row].count
            try watch.note(size)
            try check(answers[row].count, "generated_answer")
            texts.answer.decode(answers[row])
            if single.hasValue(row) {
                try check(single[row].count, "expected_answer")
                if texts.references.count != 1 { texts.references = [[]] }
                texts.references[0].decode(single[row])
            } else {
                try check(lists[row].count, "expected_answer", RowTexts.longestReferences)
                texts.references = try references(in: lists[row], &parser)
            }
            return try body(row, &texts, statistics, watch)
        }
    }

    /// Scores each row with `body`, which returns its score. Rows in which it throws have none.
    func scoreRows(
        _ rows: Rows, _ results: Results, statistics width: Int = 0,
        _ body: (_ row: Int, _ statistics: UnsafeMutableBufferPointer<Double>, _ watch: Watch) throws(RowFault) ->
            Double
    ) {
        let watch = Watch(results)
        withUnsafeTemporaryAllocation(of: Double.self, capacity: rows.count * (width + 1)) { memory in
            memory.initialize(repeating: 0)
            let scores = UnsafeMutableBufferPointer(rebasing: memory[..<rows.count])
            for row in 0..<rows.count {
                let start = rows.count + row * width
                let statistics = UnsafeMutableBufferPointer(rebasing: memory[start..<start + width])
                do throws(RowFault) {
                    scores[row] = try body(row, statistics, watch)
                } catch {
                    if error.isCancellation {
                        watch.leaveOut(row, of: rows)
                        break
                    }
                    results.fail(row, error.outcome, error.message)
                }
            }
            // Those of failed rows do not count.
            results.emit(UnsafeBufferPointer(scores), output: 0)
            guard width > 0 else { return }
            results.emit(
                statistics: UnsafeBufferPointer(rebasing: UnsafeBufferPointer(memory)[rows.count...]), rows: rows.count,
                from: 0)
        }
    }
}

private func check(_ size: Int, _ column: String, _ most: Int = RowTexts.longestText) throws(RowFault) {
    if size > most { throw RowFault(.inputError, "\(column) has more than \(most >> 20) MiB") }
}

/// The texts of a list.
private func references(
    in json: UnsafeRawBufferPointer, _ parser: inout JSONParser
) throws(RowFault) -> [Scalars] {
    let value: JSONValue
    do throws(JSONError) { value = try parser.parse(json) } catch {
        // Not reached: the host passes JSON only.
        throw RowFault(.inputError, "expected_answer is not JSON: \(error)")
    }
    guard let elements = value.array else {
        throw RowFault(.inputError, "expected_answer is \(value.kind); expected a string or a list of strings")
    }
    if elements.isEmpty {
        throw RowFault(.inputError, "expected_answer is an empty list; expected at least one string")
    }
    var references: [Scalars] = []
    for element in elements {
        switch element {
        case .string(let text): references.append(Scalars(text))
        case .number, .bool: references.append(Scalars(element.text))
        default:
            throw RowFault(.inputError, "the list in expected_answer holds \(element.kind); expected strings")
        }
    }
    return references
}
