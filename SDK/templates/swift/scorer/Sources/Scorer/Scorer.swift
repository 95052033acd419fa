public import CScorerPlugin
import ScorerKit

/// Scores how short answers are: 1.0 for at most max_words words, lower for longer answers.
///
/// One instance is one scoring function with its parameters. Threads share it.
struct ShortAnswer: Scorer {
    // Columns are identified by their index in the declaration.
    private static let answer = 0
    private static let score = 0
    private static let words = 1

    static let declaration = ScorerDeclaration(
        id: "@NAME@",
        description: "1.0 for an answer of at most max_words words, less for longer ones",
        inputs: [.required("generated_answer", .text, "the answer")],
        outputs: [
            .output("score", .f64, "1.0, or max_words divided by the number of words", range: 0...1),
            .output("words", .i64, "the number of words in the answer"),
        ],
        parametersSchema: """
            {"type": "object", "additionalProperties": false,
             "properties": {"max_words": {"type": "number", "minimum": 1, "maximum": 1000000}}}
            """,
        // Its corpus score is computed from the sum of a number of each row.
        statistics: ["words"],
        aggregations: [.init("words_per_answer", "the number of words of all answers, and their mean")])

    private let maxWords: Double

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var configuration = try Configuration(configuration)
        maxWords = try configuration.number("max_words", in: 1...1_000_000) ?? 100
        try configuration.finish()
    }

    func score(_ rows: Rows, _ results: Results) {
        let answers = rows.texts(Self.answer)
        for row in 0..<rows.count where !results.isCancelled {
            let words = answers[row].split { [0x20, 0x09, 0x0A, 0x0D].contains($0) }.count
            if words == 0 {
                results.fail(row, .unparsed, "the answer is empty")
                continue
            }
            results.emit(min(maxWords / Double(words), 1), output: Self.score, row: row)
            results.emit(integer: Int64(words), output: Self.words, row: row)
            withUnsafePointer(to: Double(words)) {
                results.emit(statistics: UnsafeBufferPointer(start: $0, count: 1), from: row)
            }
        }
    }

    /// Computes the aggregations of all scored rows, or of a group of them, from the sums of their statistics.
    func finalize(_ sums: Sums, _ aggregates: Aggregates) {
        let mean = sums[0] / Double(sums.rows)
        aggregates.emit("{\"words_per_answer\": \(mean), \"words\": \(sums[0])}", aggregation: 0)
    }
}

private let plugin = ScorerPlugin(
    id: "org.example.@NAME@", version: "0.1.0", description: "Scores how short answers are", scorers: [ShortAnswer.self]
)

// The name is the one in the plugin header.
// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func assay_plugin_entry(_ hostMajor: UInt32, _ hostMinor: UInt32) -> UnsafePointer<assay_plugin>? {
    plugin.table(forHostMajor: hostMajor)
}
