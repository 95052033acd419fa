/// A finding of a plugin check.
public struct CheckFinding: Sendable, Hashable {
    public enum Level: String, Sendable {
        /// The contract of the plugin header is broken.
        case error
        /// The plugin works, but will cause its users problems.
        case warning
        /// Not a fault, but information, such as what was not checked.
        case note
    }

    /// What was checked, in one word.
    public var check: String
    public var level: Level
    /// The scorer's id; nil if the finding is about the plugin itself.
    public var scorer: String?
    /// What happened, why it matters, and what to do.
    public var message: String

    public init(_ check: String, _ level: Level, scorer: String? = nil, _ message: String) {
        self.check = check
        self.level = level
        self.scorer = scorer
        self.message = message
    }
}
