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
        var counts: [Int] = []
        scoreTexts(rows, results) { _, texts, _, watch throws(RowFault) in
            table.removeAll()
            try watch.note(16 * texts.answer.count)
            AnswerWords.normalize(&texts.answer)
            let answer = texts.answer.words.map { Int(table.number(of: $0, in: texts.answer)) }
            var best = 0.0
            for index in texts.references.indices {
                try watch.note(16 * texts.references[index].count)
                AnswerWords.normalize(&texts.references[index])
                let reference = texts.references[index].words.map {
                    Int(table.number(of: $0, in: texts.references[index]))
                }
                best = max(best, Self.value(answer, reference, table.count, &counts))
            }
            return best
        }
    }

    private static func value(_ answer: [Int], _ reference: [Int], _ wordCount: Int, _ counts: inout [Int]) -> Double {
        if answer.isEmpty || reference.isEmpty { return answer.isEmpty && reference.isEmpty ? 1 : 0 }
        counts.removeAll(keepingCapacity: true)
        counts.append(contentsOf: repeatElement(0, count: wordCount))
        for word in reference { counts[word] += 1 }
        var common = 0
        for word in answer where counts[word] > 0 {
            counts[word] -= 1
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
        scoreTexts(rows, results) { _, texts, _, watch throws(RowFault) in
            try watch.note(16 * texts.answer.count)
            AnswerWords.normalize(&texts.answer)
            for index in texts.references.indices {
                try watch.note(16 * texts.references[index].count)
                AnswerWords.normalize(&texts.references[index])
                if AnswerWords.areEqual(texts.answer, texts.references[index]) { return 1 }
            }
            return 0
        }
    }
}
