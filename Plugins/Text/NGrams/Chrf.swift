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
        var characterTable = CharacterTable()
        var words = NumberedTexts()
        var characters = NumberedTexts()
        // For a reference: the n-grams of the answer, those of the reference, and those of both, by order.
        var counts = Buffer<Double>()
        var matches = Buffer<Double>()
        counts.fill(3 * orders, with: 0)
        matches.fill(orders, with: 0)
        scoreTexts(rows, results, statistics: 3 * orders + 2, lowercased: lowercases) {
            _, texts, statistics, watch throws(RowFault) in
            characters.removeAll()
            characterTable.number(texts, keepsSpace: keepsSpace, into: &characters)
            if wordOrder > 0 {
                table.removeAll()
                words.removeAll()
                for index in 0..<texts.count {
                    Self.number(texts[index], &table, &words)
                    try watch.note(8 * texts[index].count)
                }
            }
            var best = -1.0
            for reference in 1..<texts.count {
                try count(characters, reference, characterOrder, at: 0, &matcher, matches, counts, watch)
                if wordOrder > 0 {
                    try count(words, reference, wordOrder, at: characterOrder, &matcher, matches, counts, watch)
                }
                let value = self.value(UnsafeBufferPointer(counts.values))
                guard value > best else { continue }
                best = value
                for place in 0..<3 * orders { statistics[place] = counts[place] }
            }
            ReferenceCount.set(texts.count - 1, in: statistics, at: 3 * orders)
            // Rounding may take it beyond by the last digit.
            return min(best, 100)
        }
    }

    /// Sets the counts of some orders, from `place` on.
    private func count(
        _ texts: borrowing NumberedTexts, _ index: Int, _ orders: Int, at place: Int, _ matcher: inout NGramMatcher,
        _ matches: borrowing Buffer<Double>, _ counts: borrowing Buffer<Double>, _ watch: Watch
    ) throws(RowFault) {
        let (answer, reference) = (texts[0], texts[index])
        let matches = UnsafeMutableBufferPointer(rebasing: matches.values[..<orders])
        try matcher.match(answer, reference, into: matches, watch)
        for n in 0..<orders {
            let inReference = max(0, reference.count - n)
            // N-grams count only where the reference has any of the order.
            counts[3 * (place + n)] = inReference > 0 ? Double(max(0, answer.count - n)) : 0
            counts[3 * (place + n) + 1] = Double(inReference)
            counts[3 * (place + n) + 2] = matches[n]
        }
    }

    /// Adds a text as words with one mark of ASCII punctuation split off: at the end, or else at the start.
    private static func number(_ text: ScalarSlice, _ table: inout WordTable, _ words: inout NumberedTexts) {
        WordSplitter.whiteSpace.forEachWord(in: text) { word, hash in
            let last = word.count - 1
            if last > 0, word[last].isASCIIPunctuation {
                words.append(table.number(of: ScalarSlice(rebasing: word[..<last])))
                words.append(table.number(of: ScalarSlice(rebasing: word[last...])))
            } else if last > 0, word[0].isASCIIPunctuation {
                words.append(table.number(of: ScalarSlice(rebasing: word[..<1])))
                words.append(table.number(of: ScalarSlice(rebasing: word[1...])))
            } else {
                words.append(table.number(of: word, hash: hash))
            }
        }
        words.endText()
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
