import ScorerKit

/// What an answer is worth that states nothing that can be read: the parameter `no_answer`.
enum UnreadAnswer: String, CaseIterable, Sendable {
    /// The row has no score, and the reason; how many there are stands beside the aggregates, with the bounds that they
    /// leave open.
    case unparsed
    /// It is wrong: 0.0.
    case wrong

    static let schema = #""no_answer": {"enum": ["unparsed", "wrong"]}"#
}
