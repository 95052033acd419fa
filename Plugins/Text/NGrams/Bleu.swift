import Glibc
import JSON
import ScorerKit
import ScorerParameters

/// BLEU, as sacrebleu 2.6.0 computes it: of each row with effective order, and of the corpus without.
struct Bleu: Scorer {
    static let declaration = ScorerDeclaration(
        id: "bleu",
        description: "BLEU of generated_answer against one or more references, from 0 to 100",
        inputs: RowTexts.inputs,
        outputs: [
            .output("score", .f64, "BLEU of the row, with effective order", range: 0...100),
            .output("precisions", .json, "the precision of n-grams of each order, in percent"),
            .output(
                "brevity_penalty", .f64, "1, or less for an answer that is shorter than the references", range: 0...1),
        ],
        parametersSchema: #"""
            {"type": "object", "additionalProperties": false, "properties": {
            "tokenize": {"enum": ["13a", "intl", "char", "zh", "none"]},
            "smooth_method": {"enum": ["exp", "floor", "add-k", "none"]},
            "smooth_value": {"type": "number", "minimum": 0, "maximum": 1000000},
            "lowercase": {"type": "boolean"},
            "max_ngram_order": {"type": "integer", "minimum": 1, "maximum": 10}}}
            """#,
        statistics: statistics(order: 4),
        aggregations: [.init("corpus_bleu", "BLEU of all rows together, with sacrebleu's signature")])

    private static func statistics(order: Int) -> [String] {
        (1...order).map { "matching \($0)-grams" } + (1...order).map { "\($0)-grams" }
            + ["answer length", "reference length"] + ReferenceCount.statistics
    }

    private enum Smoothing: String, CaseIterable {
        case exp, floor
        case addK = "add-k"
        case none
    }

    private let order: Int
    private let tokenizer: BleuTokenizer
    private let splitter: WordSplitter
    private let smoothing: Smoothing
    private let smoothValue: Double
    private let lowercases: Bool

    var declaration: ScorerDeclaration { Self.declaration.replacingStatistics(by: Self.statistics(order: order)) }

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var parameters = try Configuration(configuration)
        tokenizer = try parameters.choice("tokenize")
        splitter = tokenizer.splitter
        smoothing = try parameters.choice("smooth_method")
        let value = try parameters.number("smooth_value", in: 0...1_000_000)
        smoothValue = value ?? (smoothing == .floor ? 0.1 : 1)
        if value != nil, smoothing == .exp || smoothing == .none {
            throw ParameterRejection(of: "smooth_value", "only \"smooth_method\" floor and add-k have a value")
        }
        lowercases = try parameters.boolean("lowercase") ?? false
        order = try parameters.integer("max_ngram_order", in: 1...10) ?? 4
        try parameters.finish()
    }

    // MARK: Rows

    func score(_ rows: Rows, _ results: Results) {
        var table = WordTable()
        var words = NumberedTexts()
        var matcher = NGramMatcher()
        var json = ""
        scoreTexts(rows, results, statistics: 2 * order + 4, lowercased: lowercases) {
            row, texts, statistics, watch throws(RowFault) in
            table.removeAll()
            words.removeAll()
            for index in 0..<texts.count {
                var text = texts[index]
                tokenizer.prepare(&text)
                splitter.forEachWord(in: text) { words.append(table.number(of: $0, hash: $1)) }
                words.endText()
                try watch.note(16 * text.count)
            }
            try matcher.clip(words, into: UnsafeMutableBufferPointer(rebasing: statistics[..<order]), watch)
            let length = words[0].count
            for n in 0..<order { statistics[order + n] = Double(max(0, length - n)) }
            statistics[2 * order] = Double(length)
            statistics[2 * order + 1] = Double(Self.closest(to: length, words))
            ReferenceCount.set(words.count - 1, in: statistics, at: 2 * order + 2)
            let value = self.value(UnsafeBufferPointer(statistics), isEffective: true)
            json.removeAll(keepingCapacity: true)
            for precision in value.precisions {
                json += json.isEmpty ? "[" : ", "
                json.append(json: precision)
            }
            json += "]"
            results.emit(json, output: 1, row: row, as: .json)
            results.emit(value.brevityPenalty, output: 2, row: row)
            // Rounding may take it beyond by the last digit.
            return min(value.score, 100)
        }
    }

    /// The length that is closest; the shorter one of two that are equally close.
    private static func closest(to length: Int, _ texts: borrowing NumberedTexts) -> Int {
        var closest = texts[1].count
        for index in 2..<max(2, texts.count) {
            let other = texts[index].count
            if (abs(other - length), other) < (abs(closest - length), closest) { closest = other }
        }
        return closest
    }

    // MARK: Values

    private struct Value {
        var score = 0.0
        var precisions: [Double]
        var brevityPenalty = 1.0
    }

    /// - Parameter isEffective: whether orders without any n-gram of the answer are left out.
    private func value(_ statistics: UnsafeBufferPointer<Double>, isEffective: Bool) -> Value {
        var value = Value(precisions: Array(repeating: 0, count: order))
        let (length, reference) = (statistics[2 * order], statistics[2 * order + 1])
        if length < reference { value.brevityPenalty = length > 0 ? exp(1 - reference / length) : 0 }
        guard statistics[..<order].contains(where: { $0 != 0 }) else { return value }
        var halving = 1.0
        var effective = order
        for n in 1...order {
            var (correct, total) = (statistics[n - 1], statistics[order + n - 1])
            if smoothing == .addK, n > 1 {
                correct += smoothValue
                total += smoothValue
            }
            if total == 0 { break }
            if isEffective { effective = n }
            if correct != 0 {
                value.precisions[n - 1] = 100 * correct / total
            } else if smoothing == .exp {
                halving *= 2
                value.precisions[n - 1] = 100 / (halving * total)
            } else if smoothing == .floor {
                value.precisions[n - 1] = 100 * smoothValue / total
            }
        }
        // The logarithm of 0 is a large negative number in sacrebleu; the score is then 0.
        let logarithms = value.precisions[..<effective].reduce(0) { $0 + ($1 == 0 ? -9_999_999_999 : log($1)) }
        value.score = value.brevityPenalty * exp(logarithms / Double(effective))
        return value
    }

    private static func json(_ numbers: [Double]) -> JSONValue { .array(numbers.map { JSONValue($0) }) }

    func finalize(_ sums: Sums, _ aggregates: Aggregates) {
        let numbers = (0..<sums.count).map { sums[$0] }
        let value = numbers.withUnsafeBufferPointer { self.value($0, isEffective: false) }
        let shownSmoothing =
            switch smoothing {
            case .floor, .addK: "\(smoothing.rawValue)[\(fixed(smoothValue))]"
            case .exp, .none: smoothing.rawValue
            }
        let signature = Signature([
            "case": lowercases ? "lc" : "mixed", "eff": "no", "tok": tokenizer.rawValue, "smooth": shownSmoothing,
        ])
        let json: JSONValue = [
            "corpus_bleu": JSONValue(value.score), "precisions": Self.json(value.precisions),
            "brevity_penalty": JSONValue(value.brevityPenalty),
            "hypothesis_length": JSONValue(Sums.integer(sums[2 * order])),
            "reference_length": JSONValue(Sums.integer(sums[2 * order + 1])),
            "signature": .string(signature.text(references: ReferenceCount.text(sums, at: 2 * order + 2))),
        ]
        aggregates.emit(json.text, aggregation: 0)
    }
}

/// A number with two decimal places, like Python's `:.2f`.
private func fixed(_ number: Double) -> String {
    var text = [CChar](repeating: 0, count: 32)
    let count = withVaList([number]) { vsnprintf(&text, text.count, "%.2f", $0) }
    return String(decoding: text.prefix(max(0, Int(count))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
