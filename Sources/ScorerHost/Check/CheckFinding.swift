/// Something that a check of a plugin found.
public struct CheckFinding: Sendable, Hashable {
    public enum Level: String, Sendable {
        /// The contract of the plugin header is broken.
        case error
        /// It works, but will cost its users something.
        case warning
        /// Nothing is wrong; something to know, such as what was not checked.
        case note
    }

    /// What was checked, in one word.
    public var check: String
    public var level: Level
    /// The scorer's id; nil where it is the plugin's own.
    public var scorer: String?
    /// What was seen, why it matters, and what to do.
    public var message: String

    public init(_ check: String, _ level: Level, scorer: String? = nil, _ message: String) {
        self.check = check
        self.level = level
        self.scorer = scorer
        self.message = message
    }
}
