import JSON
import TestSupport
import Testing

@Suite("Counts of n-grams are those that counting each of them gives")
struct TextNGramTests {
    /// Answers and references of few or many different words, some of them empty.
    private static func rows(references: ClosedRange<Int>, vocabulary: Int) -> [(answer: [Int], references: [[Int]])] {
        var random = SeededGenerator(seed: 7)
        func text() -> [Int] {
            (0..<Int.random(in: 0...40, using: &random)).map { _ in Int.random(in: 0..<vocabulary, using: &random) }
        }
        return (0..<60).map { _ in (text(), (0..<Int.random(in: references, using: &random)).map { _ in text() }) }
    }

    private static func lines(_ rows: [(answer: [Int], references: [[Int]])]) -> String {
        // Each word is one character, of two planes.
        func text(_ words: [Int]) -> String {
            words.compactMap { Unicode.Scalar(UInt32(($0 % 2 == 0 ? 0x4E00 : 0x20000) + $0)) }
                .map { String($0) }.joined(separator: " ")
        }
        return rows.map { row in
            let line: JSONValue = [
                "generated_answer": .string(text(row.answer)),
                "expected_answer": .array(row.references.map { .string(text($0)) }),
            ]
            return line.text + "\n"
        }.joined()
    }

    private static func counts(_ text: [Int], _ order: Int) -> [[Int]: Int] {
        guard text.count >= order else { return [:] }
        return (0...text.count - order).reduce(into: [:]) { $0[Array(text[$1..<$1 + order]), default: 0] += 1 }
    }

    @Test("BLEU of several references", arguments: [1...1, 2...2, 1...6], [2, 5, 500])
    func clipped(references: ClosedRange<Int>, vocabulary: Int) throws {
        let rows = Self.rows(references: references, vocabulary: vocabulary)
        let parameters: JSONObject = ["tokenize": "none", "smooth_method": "none", "max_ngram_order": 10]
        let verdicts = try Scoring(Self.lines(rows), "text::bleu", parameters).verdicts
        for (row, verdict) in zip(rows, verdicts) {
            let precisions = try #require(verdict["precisions"]?.array).compactMap { $0.number?.double }
            try #require(precisions.count == 10)
            var isAnyMatching = false
            for order in 1...10 {
                let own = Self.counts(row.answer, order)
                let others = row.references.map { Self.counts($0, order) }
                let matching = own.reduce(0) { sum, entry in
                    sum + min(entry.value, others.map { $0[entry.key] ?? 0 }.max() ?? 0)
                }
                isAnyMatching = isAnyMatching || matching > 0
                // Without any match, all are 0.
                let total = max(1, row.answer.count - order + 1)
                let expected = isAnyMatching ? 100 * Double(matching) / Double(total) : 0
                #expect(abs(precisions[order - 1] - expected) < 1e-9, "\(row) order \(order)")
            }
        }
    }

    @Test("chrF of up to 20 characters", arguments: [1, 8, 9, 20], [2, 5, 500])
    func chrf(order: Int, vocabulary: Int) throws {
        let rows = Self.rows(references: 1...1, vocabulary: vocabulary)
        let verdicts = try Scoring(Self.lines(rows), "text::chrf", ["char_order": .number(JSONNumber(order))]).verdicts
        for (row, verdict) in zip(rows, verdicts) {
            var (precision, recall, effective) = (0.0, 0.0, 0.0)
            for n in 1...order {
                let (own, other) = (Self.counts(row.answer, n), Self.counts(row.references[0], n))
                let both = Double(own.reduce(0) { $0 + min($1.value, other[$1.key] ?? 0) })
                let (ownCount, otherCount) = (row.answer.count - n + 1, row.references[0].count - n + 1)
                guard ownCount > 0, otherCount > 0 else { continue }
                precision += both / Double(ownCount)
                recall += both / Double(otherCount)
                effective += 1
            }
            precision /= max(1, effective)
            recall /= max(1, effective)
            let expected = precision + recall > 0 ? 100 * 5 * precision * recall / (4 * precision + recall) : 0
            let found = try #require(verdict["score"]?.number?.double)
            #expect(abs(found - expected) < 1e-9, "\(row)")
        }
    }
}
