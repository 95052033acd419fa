/// A sentence about data that probably do not suit a function, or a function that does not suit the data.
public struct ScoreHint: Sendable, Hashable {
    public var text: String
    /// Whether the scores mean nothing: each row compares a list or an object with a single value.
    public var isFault = false
}
