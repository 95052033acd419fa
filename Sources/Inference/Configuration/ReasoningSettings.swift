/// How a model's thinking is told from its answer.
public struct ReasoningSettings: Hashable, Sendable {
    /// Which marks in the text itself end the thinking.
    public enum Marks: Hashable, Sendable {
        /// Those of models in use, such as `</think>`; see ``ThinkingText``.
        case usual
        /// These: the text up to the last of them is thinking. A reply that is cut off before the first of them holds
        /// nothing else.
        case closing([String])
        /// None: the text is the answer as it stands.
        case none
    }

    public var marks: Marks
    /// Whether thinking is kept beside the answer, or else thrown away.
    public var isKept: Bool

    public init(marks: Marks = .usual, isKept: Bool = true) {
        self.marks = marks
        self.isKept = isKept
    }
}
