/// How to separate a model's thinking from its answer.
public struct ReasoningSettings: Hashable, Sendable {
    /// The marks in the text that end the thinking.
    public enum Marks: Hashable, Sendable {
        /// The common marks, such as `</think>`; see ``ThinkingText``.
        case usual
        /// These marks: the text up to the last of them is thinking. A reply that is cut off before the first of them is thinking
        /// only.
        case closing([String])
        /// None: the whole text is the answer.
        case none
    }

    public var marks: Marks
    /// Whether thinking is kept in addition to the answer, or discarded.
    public var isKept: Bool

    public init(marks: Marks = .usual, isKept: Bool = true) {
        self.marks = marks
        self.isKept = isKept
    }
}
