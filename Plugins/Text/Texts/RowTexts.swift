import JSON
import ScorerKit
import ScorerParameters

/// Looks from time to time whether the run was cancelled, within a row, too.
///
/// Used by one thread.
final class Watch {
    /// Steps of some nanoseconds each between two looks.
    private static let workBetweenLooks = 1 << 20

    // It has no reentrant use.
    @exclusivity(unchecked) private var check: CancellationCheck

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

/// The answer of a row, and after it the references, as scalars.
struct RowTexts: ~Copyable {
    private var scalars = Buffer<UInt32>()
    private var ends = Buffer<Int>()

    var count: Int { ends.count }

    /// A text, which may be changed in place: 0 is the answer; there is at least one reference.
    subscript(text: Int) -> ScalarSlice {
        ScalarSlice(rebasing: scalars.values[(text == 0 ? 0 : ends[text - 1])..<ends[text]])
    }

    fileprivate mutating func removeAll() {
        scalars.removeAll()
        ends.removeAll()
    }

    fileprivate mutating func append(_ text: UnsafeRawBufferPointer, lowercased: Bool) {
        let start = scalars.count
        scalars.append(capacity: text.count) { $0.decode(text) }
        if lowercased { scalars.lowercase(from: start) }
        ends.append(scalars.count)
    }

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
    ///   - lowercased: whether the texts are in lower case.
    ///   - body: has the row, its texts and its statistics, all 0.
    func scoreTexts(
        _ rows: Rows, _ results: Results, statistics width: Int = 0, lowercased: Bool,
        _ body: (
            _ row: Int, _ texts: borrowing RowTexts, _ statistics: UnsafeMutableBufferPointer<Double>, _ watch: Watch
        ) throws(RowFault) -> Double
    ) {
        let (answers, lists, single) = (rows.texts(0), rows.texts(1), rows.texts(2))
        var texts = RowTexts()
        var parser = JSONParser()
        scoreRows(rows, results, statistics: width) { row, statistics, watch throws(RowFault) in
            let size = answers[row].count + lists[row].count
            try watch.note(size)
            try check(answers[row].count, "generated_answer")
            texts.removeAll()
            texts.append(answers[row], lowercased: lowercased)
            if single.hasValue(row) {
                try check(single[row].count, "expected_answer")
                texts.append(single[row], lowercased: lowercased)
            } else {
                try check(lists[row].count, "expected_answer", RowTexts.longestReferences)
                try appendReferences(in: lists[row], &parser, to: &texts, lowercased: lowercased)
            }
            return try body(row, texts, statistics, watch)
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

extension String {
    /// Appends a number as JSON.
    mutating func append(json number: Double) { self += number.isFinite ? number.description : "null" }
}

private func check(_ size: Int, _ column: String, _ most: Int = RowTexts.longestText) throws(RowFault) {
    if size > most { throw RowFault(.inputError, "\(column) has more than \(most >> 20) MiB") }
}

/// Appends the texts of a list.
private func appendReferences(
    in json: UnsafeRawBufferPointer, _ parser: inout JSONParser, to texts: inout RowTexts, lowercased: Bool
) throws(RowFault) {
    let fault: TextListFault?
    do throws(JSONError) {
        fault = try parser.readTexts(in: json) { texts.append($0, lowercased: lowercased) }
    } catch {
        // Not reached: the host passes JSON only.
        throw RowFault(.inputError, "expected_answer is not JSON: \(error)")
    }
    switch fault {
    case nil:
        if texts.count > 1 { return }
        throw RowFault(.inputError, "expected_answer is an empty list; expected at least one string")
    case .notArray(let kind):
        throw RowFault(.inputError, "expected_answer is \(kind); expected a string or a list of strings")
    case .otherElement(let kind):
        throw RowFault(.inputError, "the list in expected_answer holds \(kind); expected strings")
    }
}
