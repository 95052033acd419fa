public import CScorerPlugin
import JSON
import ScorerKit
import ScorerParameters

private let plugin = ScorerPlugin(
    id: "braintrust", version: "0.1.0",
    description: "The scorers of autoevals: with models, and by edit distance, numbers, lists and JSON.",
    scorers: [
        EditSimilarity.self, ExactMatch.self, NumericDifference.self, JSONDifference.self, ListContains.self,
        ValidJSON.self,
    ],
    modelScorers: [
        ModelFunctionScorer<Classifiers.Factuality>.self, ModelFunctionScorer<Classifiers.Battle>.self,
        ModelFunctionScorer<Classifiers.ClosedQA>.self, ModelFunctionScorer<Classifiers.Humor>.self,
        ModelFunctionScorer<Classifiers.Security>.self, ModelFunctionScorer<Classifiers.Possible>.self,
        ModelFunctionScorer<Classifiers.Sql>.self, ModelFunctionScorer<Classifiers.Summary>.self,
        ModelFunctionScorer<Classifiers.Translation>.self, ModelFunctionScorer<Answers.Similarity>.self,
        ModelFunctionScorer<Answers.EmbeddingSimilarity>.self, ModelFunctionScorer<Answers.Correctness>.self,
        ModelFunctionScorer<Answers.Relevancy>.self, ModelFunctionScorer<Retrieval.Faithfulness>.self,
        ModelFunctionScorer<Retrieval.ContextRecall>.self, ModelFunctionScorer<Retrieval.ContextPrecision>.self,
        ModelFunctionScorer<Retrieval.ContextRelevancy>.self, ModelFunctionScorer<Retrieval.ContextEntityRecall>.self,
        ModelFunctionScorer<Answers.Moderation>.self,
    ])

// The name is the one in the plugin header.
// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func assay_plugin_entry(_ hostMajor: UInt32, _ hostMinor: UInt32) -> UnsafePointer<assay_plugin>? {
    plugin.table(forHostMajor: hostMajor)
}

/// A scorer that compares the two answers of a row.
protocol AnswerComparison: Scorer {
    /// The score of a row, from 0 to 1.
    func similarity(
        _ generated: UnsafeRawBufferPointer, _ expected: UnsafeRawBufferPointer, _ parser: inout JSONParser
    ) throws(RowFault) -> Double
}

extension AnswerComparison {
    func score(_ rows: Rows, _ results: Results) {
        let (generated, expected) = (rows.texts(0), rows.texts(1))
        var parser = JSONParser()
        var check = CancellationCheck(results)
        withUnsafeTemporaryAllocation(of: Double.self, capacity: rows.count) { scores in
            scores.initialize(repeating: 0)
            for row in 0..<rows.count {
                // Comparing takes more than time in proportion to the length.
                let size = generated[row].count + expected[row].count
                if check.stops(before: row, of: rows, reading: 4 * size) { break }
                do throws(RowFault) {
                    try LongestText.check(generated[row], expected[row])
                    scores[row] = try similarity(generated[row], expected[row], &parser)
                } catch {
                    results.fail(row, error.outcome, error.message)
                }
            }
            results.emit(UnsafeBufferPointer(scores), output: 0)
        }
    }
}

extension ScorerDeclaration {
    /// A scorer of two answers.
    static func comparing(
        _ id: String, _ description: String, _ type: CellType, generated: String, expected: String,
        parameters: String = ""
    ) -> ScorerDeclaration {
        ScorerDeclaration(
            id: id, description: description,
            inputs: [
                .required("generated_answer", type, generated), .required("expected_answer", type, expected),
            ],
            outputs: [.output("score", .f64, "how similar they are", range: 0...1)],
            parametersSchema: #"{"type": "object", "properties": {\#(parameters)}, "additionalProperties": false}"#)
    }
}

extension JSONParser {
    /// The value of a cell.
    mutating func value(_ cell: UnsafeRawBufferPointer, _ column: String) throws(RowFault) -> JSONValue {
        do throws(JSONError) {
            return try parse(cell)
        } catch {
            throw RowFault(.inputError, "in \(column), \(error)")
        }
    }

    /// The object or array that a text holds; nil for any other text.
    mutating func container(in text: String) throws(RowFault) -> JSONValue? {
        guard let first = text.utf8.first(where: { $0 != 0x20 && !(0x09...0x0D).contains($0) }),
            first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
        else { return nil }
        let bytes = Array(text.utf8)
        if let value = bytes.span.withUnsafeBytes({ try? parse($0) }) { return value }
        var repairs = 0
        if bytes.span.withUnsafeBytes({ try? parse($0, repairs: &repairs) }) != nil, repairs > 0 {
            throw RowFault(.inputError, "an answer is JSON with a number that is not finite, or not valid")
        }
        return nil
    }
}
