import JSON
import ScorerKit
import ScorerParameters

/// ROUGE, as rouge-score 0.1.2 computes it.
struct Rouge: Scorer {
    /// One of its metrics.
    private enum Kind: Sendable {
        case ngrams(Int)
        case subsequence
        case lines

        init?(_ name: String) {
            switch name {
            case "rougeL": self = .subsequence
            case "rougeLsum": self = .lines
            default:
                guard name.hasPrefix("rouge"), name.utf8.count == 6, let order = Int(name.dropFirst(5)), order > 0
                else { return nil }
                self = .ngrams(order)
            }
        }
    }

    private enum Measure: String, CaseIterable { case fmeasure, precision, recall }

    static let declaration: ScorerDeclaration = makeDeclaration(types: ["rouge1", "rouge2", "rougeL"])

    private static func makeDeclaration(types: [String]) -> ScorerDeclaration {
        ScorerDeclaration(
            id: "rouge",
            description: "ROUGE of generated_answer against one or more references, from 0 to 1",
            inputs: RowTexts.inputs,
            outputs: [.output("score", .f64, "the measure of the first type", range: 0...1)]
                + types.map { .output($0, .json, "precision, recall and fmeasure") },
            parametersSchema: #"""
                {"type": "object", "additionalProperties": false, "properties": {
                "types": {"type": "array", "minItems": 1, "uniqueItems": true,
                "items": {"enum": ["rouge1", "rouge2", "rouge3", "rouge4", "rouge5", "rouge6", "rouge7", "rouge8",
                "rouge9", "rougeL", "rougeLsum"]}},
                "measure": {"enum": ["fmeasure", "precision", "recall"]},
                "use_stemmer": {"type": "boolean"}, "tokenizer": {"enum": ["ascii", "unicode"]}}}
                """#)
    }

    /// The greatest product of the lengths of two texts, in words: some seconds for rougeL; for rougeLsum, which keeps a bit for
    /// each pair, 50 MB.
    private static let mostPairs = 100_000_000_000
    private static let mostPairsInLines = 400_000_000
    private static let mostPairsOfLines = 4_000_000

    let declaration: ScorerDeclaration
    private let types: [String]
    private let kinds: [Kind]
    /// The longest n-grams that are counted; 0 if none are.
    private let highestOrder: Int
    private let measure: Measure
    private let stems: Bool
    private let tokenizer: RougeTokenizer

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var parameters = try Configuration(configuration)
        types = try parameters.texts("types", canBeEmpty: false) ?? ["rouge1", "rouge2", "rougeL"]
        measure = try parameters.choice("measure")
        stems = try parameters.boolean("use_stemmer") ?? false
        tokenizer = try parameters.choice("tokenizer")
        try parameters.finish()
        var kinds: [Kind] = []
        for (index, name) in types.enumerated() {
            guard let kind = Kind(name) else {
                throw ParameterRejection(
                    of: "types", at: "/\(index)",
                    "found \"\(name)\"; expected one of rouge1 to rouge9, rougeL and rougeLsum")
            }
            if types[..<index].contains(name) {
                throw ParameterRejection(of: "types", at: "/\(index)", "found \"\(name)\" again; expected each once")
            }
            kinds.append(kind)
        }
        self.kinds = kinds
        highestOrder = kinds.reduce(0) { if case .ngrams(let order) = $1 { max($0, order) } else { $0 } }
        declaration = Self.makeDeclaration(types: types)
    }

    // MARK: Rows

    struct Figures {
        var precision = 0.0
        var recall = 0.0

        init() {}

        init(_ common: Int, of answer: Int, _ reference: Int) {
            precision = Double(common) / Double(max(answer, 1))
            recall = Double(common) / Double(max(reference, 1))
        }

        var fmeasure: Double { precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0 }
    }

    func score(_ rows: Rows, _ results: Results) {
        var reader = RougeReader(tokenizer, stems: stems)
        var matcher = NGramMatcher()
        // For each reference, its n-grams that the answer has, by order.
        var matches = Buffer<Double>()
        var json = ""
        scoreTexts(rows, results, lowercased: true) { row, texts, _, watch throws(RowFault) in
            reader.removeAll()
            for index in 0..<texts.count {
                reader.read(texts[index])
                try watch.note(16 * texts[index].count)
            }
            matches.fill((texts.count - 1) * highestOrder, with: 0)
            if highestOrder > 0 {
                for reference in 1..<texts.count {
                    let start = (reference - 1) * highestOrder
                    let own = UnsafeMutableBufferPointer(rebasing: matches.values[start..<start + highestOrder])
                    try matcher.match(reader.text(0).words, reader.text(reference).words, into: own, watch)
                }
            }
            var score = 0.0
            for (index, kind) in kinds.enumerated() {
                var best: Figures?
                for reference in 1..<texts.count {
                    let found = try figure(kind, reader, reference, matches, watch)
                    if best.map({ found.fmeasure > $0.fmeasure }) ?? true { best = found }
                }
                let figures = best ?? Figures()
                json.removeAll(keepingCapacity: true)
                for (name, value) in [
                    ("{\"precision\": ", figures.precision), (", \"recall\": ", figures.recall),
                    (", \"fmeasure\": ", figures.fmeasure),
                ] {
                    json += name
                    json.append(json: value)
                }
                json += "}"
                results.emit(json, output: index + 1, row: row, as: .json)
                guard index == 0 else { continue }
                switch measure {
                case .fmeasure: score = figures.fmeasure
                case .precision: score = figures.precision
                case .recall: score = figures.recall
                }
            }
            return score
        }
    }

    private func figure(
        _ kind: Kind, _ texts: borrowing RougeReader, _ index: Int, _ matches: borrowing Buffer<Double>,
        _ watch: Watch
    ) throws(RowFault) -> Figures {
        let (answer, reference) = (texts.text(0), texts.text(index))
        switch kind {
        case .ngrams(let order):
            return Figures(
                Int(matches[(index - 1) * highestOrder + order - 1]), of: answer.words.count - order + 1,
                reference.words.count - order + 1)
        case .subsequence:
            guard !answer.words.isEmpty, !reference.words.isEmpty else { return Figures() }
            try Self.check(answer.words.count, reference.words.count, Self.mostPairs, "rougeL")
            // The longer text gives the bits, so that fewer steps are taken.
            let isLonger = answer.words.count > reference.words.count
            let (long, short) = isLonger ? (answer, reference) : (reference, answer)
            var common = CommonSubsequence(long.words, wordCount: texts.wordCount)
            return Figures(try common.length(short.words, watch), of: answer.words.count, reference.words.count)
        case .lines:
            return try lines(answer, reference, texts.wordCount, watch)
        }
    }

    private static func check(
        _ one: Int, _ other: Int, _ most: Int, _ name: String, of what: String = "words"
    ) throws(RowFault) {
        if one > most / max(other, 1) {
            throw RowFault(
                .inputError,
                "the texts have \(one) and \(other) \(what); the product for \(name) may be at most \(most)")
        }
    }

    /// The union of the subsequences that each line of the reference has in common with a line of the answer. A word counts
    /// as often as in the text that has it less often.
    private func lines(
        _ answer: RougeReader.Text, _ reference: RougeReader.Text, _ wordCount: Int, _ watch: Watch
    ) throws(RowFault) -> Figures {
        guard !answer.words.isEmpty, !reference.words.isEmpty else { return Figures() }
        try Self.check(answer.words.count, reference.words.count, Self.mostPairsInLines, "rougeLsum")
        try Self.check(
            answer.lineEnds.count, reference.lineEnds.count, Self.mostPairsOfLines, "rougeLsum", of: "lines")
        var left = [[Int]](repeating: Array(repeating: 0, count: wordCount), count: 2)
        for word in answer.words { left[0][Int(word)] += 1 }
        for word in reference.words { left[1][Int(word)] += 1 }
        var common = 0
        for line in reference.lines {
            var union = Set<Int>()
            for candidate in answer.lines where !candidate.isEmpty && !line.isEmpty {
                // Word numbers of their own, so that a pair takes no time for the words of other lines.
                let pair = Self.renumber(line, candidate)
                var subsequence = CommonSubsequence(pair.second, wordCount: pair.count)
                union.formUnion(try subsequence.indices(pair.first, watch))
            }
            for index in union.sorted() {
                let word = Int(line[index])
                guard left[0][word] > 0, left[1][word] > 0 else { continue }
                common += 1
                left[0][word] -= 1
                left[1][word] -= 1
            }
        }
        return Figures(common, of: answer.words.count, reference.words.count)
    }

    private static func renumber(
        _ first: ScalarSlice, _ second: ScalarSlice
    ) -> (first: [UInt32], second: [UInt32], count: Int) {
        var numbers: [UInt32: UInt32] = [:]
        func number(_ word: UInt32) -> UInt32 {
            if let number = numbers[word] { return number }
            let number = UInt32(numbers.count)
            numbers[word] = number
            return number
        }
        let (one, other) = (first.map(number), second.map(number))
        return (one, other, numbers.count)
    }
}
