import JSON
import ScorerKit

/// How often each instruction was asked for and followed, and how many answers followed all of theirs: the statistics of a
/// row, and what their sums say.
struct InstructionCounts {
    static let statistics =
        ["prompts followed"] + ids.map { "\($0) asked" } + ids.map { "\($0) followed" }

    static let aggregations: [ScorerDeclaration.Aggregation] = [
        .init("prompt_accuracy", "the share of answers that follow all of their instructions"),
        .init("by_instruction", "how often each instruction, and each kind of them, was followed"),
    ]

    private static let ids = [
        "change_case:capital_word_frequency", "change_case:english_capital", "change_case:english_lowercase",
        "combination:repeat_prompt", "combination:two_responses", "detectable_content:number_placeholders",
        "detectable_content:postscript", "detectable_format:constrained_response", "detectable_format:json_format",
        "detectable_format:multiple_sections", "detectable_format:number_bullet_lists",
        "detectable_format:number_highlighted_sections", "detectable_format:title", "keywords:existence",
        "keywords:forbidden_words", "keywords:frequency", "keywords:letter_frequency", "language:response_language",
        "length_constraints:nth_paragraph_first_word", "length_constraints:number_paragraphs",
        "length_constraints:number_sentences", "length_constraints:number_words", "punctuation:no_comma",
        "startend:end_checker", "startend:quotation",
    ]

    /// In the order of `statistics`.
    private(set) var values = [Double](repeating: 0, count: statistics.count)

    private static let places = Dictionary(
        uniqueKeysWithValues: ids.enumerated().map { ($0.element, $0.offset) })

    init(_ names: [String], _ followed: [Bool]) {
        values[0] = followed.allSatisfy { $0 } ? 1 : 0
        for (id, isFollowed) in zip(names, followed) {
            guard let place = Self.places[id] else { continue }
            values[1 + place] += 1
            if isFollowed { values[1 + Self.places.count + place] += 1 }
        }
    }

    /// Sets the aggregations of some rows.
    static func finalize(_ sums: Sums, _ aggregates: Aggregates) {
        let accuracy: JSONObject = [
            "accuracy": JSONValue(sums[0] / Double(sums.rows)), "num_correct": JSONValue(Sums.integer(sums[0])),
            "num_total": JSONValue(sums.rows),
        ]
        aggregates.emit(JSONValue.object(accuracy).text, aggregation: 0)
        var counts: [String: (followed: Double, asked: Double)] = [:]
        for (place, id) in ids.enumerated() where sums[1 + place] > 0 {
            let kind = String(id.prefix { $0 != ":" })
            for name in [id, kind] {
                counts[name, default: (0, 0)].asked += sums[1 + place]
                counts[name, default: (0, 0)].followed += sums[1 + ids.count + place]
            }
        }
        let lines = counts.sorted { $0.key < $1.key }.map { name, count -> JSONObject.Member in
            (
                name,
                [
                    "accuracy": JSONValue(count.followed / count.asked),
                    "num_correct": JSONValue(Sums.integer(count.followed)),
                    "num_total": JSONValue(Sums.integer(count.asked)),
                ]
            )
        }
        aggregates.emit(JSONValue.object(JSONObject(lines)).text, aggregation: 1)
    }
}
