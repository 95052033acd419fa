import ScorerKit

/// The score of an answer that cannot be read: the parameter `no_answer`.
enum UnreadAnswer: String, CaseIterable, Sendable {
    /// The row has no score but a reason. The number of such rows is reported with the aggregates, and so are the
    /// bounds that they leave open.
    case unparsed
    /// The answer is wrong: 0.0.
    case wrong

    static let schema = #""no_answer": {"enum": ["unparsed", "wrong"]}"#
}
