import JSON
import ScorerKit
import ScorerParameters

/// TER, the translation edit rate, as sacrebleu 2.6.0 computes it.
struct EditRate: Scorer {
    static let declaration = ScorerDeclaration(
        id: "ter",
        description: "the translation edit rate of generated_answer against one or more references; lower is better",
        inputs: RowTexts.inputs,
        outputs: [
            .output("score", .f64, "edits per hundred words of the reference; 0 is perfect, and it may exceed 100")
        ],
        parametersSchema: #"""
            {"type": "object", "additionalProperties": false, "properties": {
            "normalized": {"type": "boolean"}, "no_punct": {"type": "boolean"},
            "asian_support": {"type": "boolean"}, "case_sensitive": {"type": "boolean"}}}
            """#,
        statistics: ["edits", "reference length"] + ReferenceCount.statistics,
        aggregations: [.init("corpus_ter", "TER of all rows together, with sacrebleu's signature")])

    /// The most words of a text: with the limits of the search, some seconds.
    private static let mostWords = 20_000

    private let tokenizer: EditRateTokenizer

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var parameters = try Configuration(configuration)
        tokenizer = EditRateTokenizer(
            normalizes: try parameters.boolean("normalized") ?? false,
            removesPunctuation: try parameters.boolean("no_punct") ?? false,
            isAsian: try parameters.boolean("asian_support") ?? false,
            isCaseSensitive: try parameters.boolean("case_sensitive") ?? false)
        try parameters.finish()
    }

    func score(_ rows: Rows, _ results: Results) {
        var table = WordTable()
        var separated = Buffer<UInt32>()
        var again = Buffer<UInt32>()
        scoreTexts(rows, results, statistics: 4, lowercased: !tokenizer.isCaseSensitive) {
            _, texts, statistics, watch throws(RowFault) in
            table.removeAll()
            tokenizer.separate(texts[0], into: &separated)
            let answer = try words(of: separated.values, "generated_answer", &table)
            try watch.note(16 * texts[0].count)
            var least = Int.max
            var length = 0
            for index in 1..<texts.count {
                // sacrebleu normalises references twice, which shows where the first time makes something new to separate.
                tokenizer.separate(texts[index], into: &again)
                tokenizer.separate(again.values, into: &separated)
                let reference = try words(of: separated.values, "expected_answer", &table)
                try watch.note(16 * texts[index].count)
                length += reference.count
                least = min(least, try ShiftSearch.edits(answer, reference, watch))
            }
            statistics[0] = Double(least)
            statistics[1] = Double(length) / Double(texts.count - 1)
            ReferenceCount.set(texts.count - 1, in: statistics, at: 2)
            return Self.value(statistics[0], statistics[1])
        }
    }

    private func words(
        of text: ScalarSlice, _ column: String, _ table: inout WordTable
    ) throws(RowFault) -> [UInt32] {
        var words: [UInt32] = []
        WordSplitter.whiteSpace.forEachWord(in: text) { words.append(table.number(of: $0, hash: $1)) }
        if words.count > Self.mostWords {
            throw RowFault(
                .inputError, "\(column) has \(words.count) words; TER compares texts of at most \(Self.mostWords)")
        }
        return words
    }

    private static func value(_ edits: Double, _ length: Double) -> Double {
        if length > 0 { return 100 * (edits / length) }
        return edits > 0 ? 100 : 0
    }

    func finalize(_ sums: Sums, _ aggregates: Aggregates) {
        let signature = Signature([
            "case": tokenizer.isCaseSensitive ? "mixed" : "lc", "tok": "tercom",
            "norm": Signature.yes(tokenizer.normalizes), "punct": Signature.yes(!tokenizer.removesPunctuation),
            "asian": Signature.yes(tokenizer.isAsian),
        ])
        let json: JSONValue = [
            "corpus_ter": JSONValue(Self.value(sums[0], sums[1])), "edits": JSONValue(Sums.integer(sums[0])),
            "reference_length": JSONValue(sums[1]),
            "signature": .string(signature.text(references: ReferenceCount.text(sums, at: 2))),
        ]
        aggregates.emit(json.text, aggregation: 0)
    }
}
