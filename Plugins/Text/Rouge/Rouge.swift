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

    /// The most stems that are kept while a batch is scored.
    private static let mostStems = 1 << 14

    let declaration: ScorerDeclaration
    private let types: [String]
    private let kinds: [Kind]
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
        declaration = Self.makeDeclaration(types: types)
    }

    // MARK: Rows

    /// A text as numbers of words.
    private struct Words {
        var all: [UInt32] = []
        /// Where each line ends that is not empty.
        var lineEnds: [Int] = []

        var lines: [ArraySlice<UInt32>] {
            var start = 0
            return lineEnds.map { end in
                defer { start = end }
                return all[start..<end]
            }
        }
    }

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
        var table = WordTable()
        var matcher = NGramMatcher()
        var stems: [Scalars: Scalars] = [:]
        scoreTexts(rows, results) { row, texts, _, watch throws(RowFault) in
            table.removeAll()
            let answer = words(of: &texts.answer, &table, &stems)
            try watch.note(16 * texts.answer.count)
            var references: [Words] = []
            for index in texts.references.indices {
                references.append(words(of: &texts.references[index], &table, &stems))
                try watch.note(16 * texts.references[index].count)
            }
            var figures: [Figures] = []
            for kind in kinds {
                var best: Figures?
                for reference in references {
                    let found = try figure(kind, answer, reference, table.count, &matcher, watch)
                    if best.map({ found.fmeasure > $0.fmeasure }) ?? true { best = found }
                }
                figures.append(best ?? Figures())
            }
            for (index, figure) in figures.enumerated() {
                let json: JSONValue = [
                    "precision": JSONValue(figure.precision), "recall": JSONValue(figure.recall),
                    "fmeasure": JSONValue(figure.fmeasure),
                ]
                results.emit(json.text, output: index + 1, row: row, as: .json)
            }
            switch measure {
            case .fmeasure: return figures[0].fmeasure
            case .precision: return figures[0].precision
            case .recall: return figures[0].recall
            }
        }
    }

    /// - Parameter known: the stems of words so far.
    private func words(
        of text: inout Scalars, _ table: inout WordTable, _ known: inout [Scalars: Scalars]
    ) -> Words {
        text.lowercase()
        var words = Words()
        tokenizer.forEachWord(in: text) { range in
            guard let range else {
                words.lineEnds.append(words.all.count)
                return
            }
            // Shorter words are not stemmed.
            if stems, range.count > 3 {
                let word = Array(text[range])
                let stem = known[word] ?? PorterStemmer.stem(word)
                if known.count < Self.mostStems, range.count <= 32 { known[word] = stem }
                words.all.append(table.number(of: stem.indices, in: stem))
            } else {
                words.all.append(table.number(of: range, in: text))
            }
        }
        return words
    }

    private func figure(
        _ kind: Kind, _ answer: Words, _ reference: Words, _ wordCount: Int, _ matcher: inout NGramMatcher,
        _ watch: Watch
    ) throws(RowFault) -> Figures {
        switch kind {
        case .ngrams(let order):
            matcher.begin(answer.all, [reference.all])
            for _ in 1...order { try matcher.next(answer.all, [reference.all], watch) }
            return Figures(
                matcher.clipped, of: answer.all.count - order + 1, reference.all.count - order + 1)
        case .subsequence:
            guard !answer.all.isEmpty, !reference.all.isEmpty else { return Figures() }
            try Self.check(answer.all.count, reference.all.count, Self.mostPairs, "rougeL")
            // The longer text gives the bits, so that fewer steps are taken.
            let isLonger = answer.all.count > reference.all.count
            let (long, short) = isLonger ? (answer.all, reference.all) : (reference.all, answer.all)
            var common = CommonSubsequence(long[...], wordCount: wordCount)
            return Figures(try common.length(short[...], watch), of: answer.all.count, reference.all.count)
        case .lines:
            return try lines(answer, reference, wordCount, watch)
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
        _ answer: Words, _ reference: Words, _ wordCount: Int, _ watch: Watch
    ) throws(RowFault) -> Figures {
        guard !answer.all.isEmpty, !reference.all.isEmpty else { return Figures() }
        try Self.check(answer.all.count, reference.all.count, Self.mostPairsInLines, "rougeLsum")
        try Self.check(
            answer.lineEnds.count, reference.lineEnds.count, Self.mostPairsOfLines, "rougeLsum", of: "lines")
        var left = [[Int]](repeating: Array(repeating: 0, count: wordCount), count: 2)
        for word in answer.all { left[0][Int(word)] += 1 }
        for word in reference.all { left[1][Int(word)] += 1 }
        var common = 0
        for line in reference.lines {
            var union = Set<Int>()
            for candidate in answer.lines where !candidate.isEmpty && !line.isEmpty {
                // Word numbers of their own, so that a pair takes no time for the words of other lines.
                let pair = Self.renumber(line, candidate)
                var subsequence = CommonSubsequence(pair.second[...], wordCount: pair.count)
                union.formUnion(try subsequence.indices(pair.first[...], watch))
            }
            for index in union.sorted() {
                let word = Int(line[line.startIndex + index])
                guard left[0][word] > 0, left[1][word] > 0 else { continue }
                common += 1
                left[0][word] -= 1
                left[1][word] -= 1
            }
        }
        return Figures(common, of: answer.all.count, reference.all.count)
    }

    private static func renumber(
        _ first: ArraySlice<UInt32>, _ second: ArraySlice<UInt32>
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
