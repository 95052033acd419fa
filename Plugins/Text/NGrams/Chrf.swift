import JSON
import ScorerKit
import ScorerParameters

/// chrF and chrF++, as sacrebleu 2.6.0 computes them.
struct Chrf: Scorer {
    static let declaration = ScorerDeclaration(
        id: "chrf",
        description: "chrF of generated_answer against one or more references, from 0 to 100",
        inputs: RowTexts.inputs,
        outputs: [.output("score", .f64, "chrF of the row", range: 0...100)],
        parametersSchema: #"""
            {"type": "object", "additionalProperties": false, "properties": {
            "char_order": {"type": "integer", "minimum": 1, "maximum": 20},
            "word_order": {"type": "integer", "minimum": 0, "maximum": 10},
            "beta": {"type": "integer", "minimum": 1, "maximum": 100},
            "whitespace": {"type": "boolean"}, "lowercase": {"type": "boolean"},
            "eps_smoothing": {"type": "boolean"}}}
            """#,
        statistics: statistics(characters: 6, words: 0),
        aggregations: [.init("corpus_chrf", "chrF of all rows together, with sacrebleu's signature")])

    private static func statistics(characters: Int, words: Int) -> [String] {
        let orders = (1...characters).map { "character \($0)-grams" } + (0..<words).map { "word \($0 + 1)-grams" }
        return orders.flatMap { ["\($0) of the answer", "\($0) of the reference", "matching \($0)"] }
            + ReferenceCount.statistics
    }

    private let characterOrder: Int
    private let wordOrder: Int
    private let beta: Int
    private let keepsSpace: Bool
    private let lowercases: Bool
    private let smooths: Bool

    private var orders: Int { characterOrder + wordOrder }

    var declaration: ScorerDeclaration {
        Self.declaration.replacingStatistics(by: Self.statistics(characters: characterOrder, words: wordOrder))
    }

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var parameters = try Configuration(configuration)
        characterOrder = try parameters.integer("char_order", in: 1...20) ?? 6
        wordOrder = try parameters.integer("word_order", in: 0...10) ?? 0
        beta = try parameters.integer("beta", in: 1...100) ?? 2
        keepsSpace = try parameters.boolean("whitespace") ?? false
        lowercases = try parameters.boolean("lowercase") ?? false
        smooths = try parameters.boolean("eps_smoothing") ?? false
        try parameters.finish()
    }

    // MARK: Rows

    func score(_ rows: Rows, _ results: Results) {
        var matcher = NGramMatcher()
        var table = WordTable()
        scoreTexts(rows, results, statistics: 3 * orders + 2) { _, texts, statistics, watch throws(RowFault) in
            if lowercases {
                texts.answer.lowercase()
                for index in texts.references.indices { texts.references[index].lowercase() }
            }
            // For each reference: the n-grams of the answer, those of the reference, and those of both, by order.
            var counts = Array(repeating: Array(repeating: 0.0, count: 3 * orders), count: texts.references.count)
            func take(_ answer: [UInt32], _ references: [[UInt32]], orders: Int, at place: Int) throws(RowFault) {
                matcher.begin(answer, references)
                for n in 0..<orders {
                    try matcher.next(answer, references, watch)
                    for (index, reference) in references.enumerated() {
                        let inReference = max(0, reference.count - n)
                        // N-grams count only where the reference has any of the order.
                        counts[index][3 * (place + n)] = inReference > 0 ? Double(max(0, answer.count - n)) : 0
                        counts[index][3 * (place + n) + 1] = Double(inReference)
                        counts[index][3 * (place + n) + 2] = Double(matcher.matches[index])
                    }
                }
            }
            if wordOrder > 0 {
                table.removeAll()
                let answer = Self.words(of: texts.answer, &table)
                var references: [[UInt32]] = []
                for reference in texts.references {
                    references.append(Self.words(of: reference, &table))
                    try watch.note(8 * reference.count)
                }
                try take(answer, references, orders: wordOrder, at: characterOrder)
            }
            if !keepsSpace {
                texts.answer.removeAll { $0.isSpace }
                for index in texts.references.indices { texts.references[index].removeAll { $0.isSpace } }
            }
            try take(texts.answer, texts.references, orders: characterOrder, at: 0)

            var best = -1.0
            for count in counts {
                let value = count.withUnsafeBufferPointer(self.value)
                guard value > best else { continue }
                best = value
                for (place, number) in count.enumerated() { statistics[place] = number }
            }
            ReferenceCount.set(texts.references.count, in: statistics, at: 3 * orders)
            // Rounding may take it beyond by the last digit.
            return min(best, 100)
        }
    }

    /// Words with one mark of ASCII punctuation split off: at the end, or else at the start.
    private static func words(of text: Scalars, _ table: inout WordTable) -> [UInt32] {
        var words: [UInt32] = []
        for word in text.words {
            let (first, last) = (word.lowerBound, word.upperBound - 1)
            if word.count > 1, text[last].isASCIIPunctuation {
                words.append(table.number(of: first..<last, in: text))
                words.append(table.number(of: last..<last + 1, in: text))
            } else if word.count > 1, text[first].isASCIIPunctuation {
                words.append(table.number(of: first..<first + 1, in: text))
                words.append(table.number(of: first + 1..<last + 1, in: text))
            } else {
                words.append(table.number(of: word, in: text))
            }
        }
        return words
    }

    // MARK: Values

    /// From counts of n-grams of the answer, of the reference and of both, by order.
    private func value(_ counts: UnsafeBufferPointer<Double>) -> Double {
        let epsilon = 1e-16
        let factor = Double(beta * beta)
        var (score, precisions, recalls) = (0.0, 0.0, 0.0)
        var effective = 0
        for order in 0..<orders {
            let (answer, reference, both) = (counts[3 * order], counts[3 * order + 1], counts[3 * order + 2])
            let precision = answer > 0 ? both / answer : epsilon
            let recall = reference > 0 ? both / reference : epsilon
            let denominator = factor * precision + recall
            score += denominator > 0 ? (1 + factor) * precision * recall / denominator : epsilon
            if answer > 0, reference > 0 {
                precisions += precision
                recalls += recall
                effective += 1
            }
        }
        if smooths { return 100 * score / Double(orders) }
        guard effective > 0 else { return 0 }
        let (precision, recall) = (precisions / Double(effective), recalls / Double(effective))
        guard precision + recall > 0 else { return 0 }
        return 100 * ((1 + factor) * precision * recall / (factor * precision + recall))
    }

    func finalize(_ sums: Sums, _ aggregates: Aggregates) {
        let counts = (0..<3 * orders).map { sums[$0] }
        let signature = Signature([
            "case": lowercases ? "lc" : "mixed", "eff": Signature.yes(!smooths), "nc": String(characterOrder),
            "nw": String(wordOrder), "space": Signature.yes(keepsSpace),
        ])
        let json: JSONValue = [
            "corpus_chrf": JSONValue(counts.withUnsafeBufferPointer(value)),
            "signature": .string(signature.text(references: ReferenceCount.text(sums, at: 3 * orders))),
        ]
        aggregates.emit(json.text, aggregation: 0)
    }
}
