import ScorerKit
import ScorerParameters

/// F1 of the words that an answer and a reference have in common, as in SQuAD.
struct WordF1: Scorer {
    static let declaration = ScorerDeclaration(
        id: "f1",
        description: "F1 of the words of generated_answer and the most similar reference, as in SQuAD",
        inputs: RowTexts.inputs,
        outputs: [.output("score", .f64, "from 0 to 1", range: 0...1)],
        parametersSchema: #"{"type": "object", "additionalProperties": false, "properties": {}}"#)

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        try Configuration(configuration).finish()
    }

    func score(_ rows: Rows, _ results: Results) {
        var table = WordTable()
        var words = NumberedTexts()
        var counts = Buffer<Int>()
        scoreTexts(rows, results, lowercased: true) { _, texts, _, watch throws(RowFault) in
            table.removeAll()
            words.removeAll()
            for index in 0..<texts.count {
                var text = texts[index]
                try watch.note(16 * text.count)
                AnswerWords.normalize(&text)
                WordSplitter.whiteSpace.forEachWord(in: text) { words.append(table.number(of: $0, hash: $1)) }
                words.endText()
            }
            var best = 0.0
            for index in 1..<texts.count {
                try watch.note(table.count)
                best = max(best, Self.value(words[0], words[index], table.count, &counts))
            }
            return best
        }
    }

    private static func value(
        _ answer: ScalarSlice, _ reference: ScalarSlice, _ wordCount: Int, _ counts: inout Buffer<Int>
    ) -> Double {
        if answer.isEmpty || reference.isEmpty { return answer.isEmpty && reference.isEmpty ? 1 : 0 }
        counts.fill(wordCount, with: 0)
        for word in reference { counts[Int(word)] += 1 }
        var common = 0
        for word in answer where counts[Int(word)] > 0 {
            counts[Int(word)] -= 1
            common += 1
        }
        if common == 0 { return 0 }
        let precision = Double(common) / Double(answer.count)
        let recall = Double(common) / Double(reference.count)
        return 2 * precision * recall / (precision + recall)
    }
}

/// Whether an answer is a reference, after SQuAD's normalisation.
struct ExactMatch: Scorer {
    static let declaration = ScorerDeclaration(
        id: "exact-match",
        description: "1.0 if generated_answer has the same words as a reference, as in SQuAD, otherwise 0.0",
        inputs: RowTexts.inputs,
        outputs: [.output("score", .f64, "1.0 or 0.0", range: 0...1)],
        parametersSchema: #"{"type": "object", "additionalProperties": false, "properties": {}}"#)

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        try Configuration(configuration).finish()
    }

    func score(_ rows: Rows, _ results: Results) {
        scoreTexts(rows, results, lowercased: true) { _, texts, _, watch throws(RowFault) in
            let answer = AnswerWords.joined(texts[0])
            try watch.note(16 * answer.count)
            for index in 1..<texts.count {
                let reference = AnswerWords.joined(texts[index])
                try watch.note(16 * reference.count)
                if answer.count == reference.count, answer.elementsEqual(reference) { return 1 }
            }
            return 0
        }
    }
}
