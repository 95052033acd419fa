/// What a report shows.
public struct ReportOptions: Sendable {
    /// The most rows of each function that are shown.
    public var examples = 50
    /// Columns for each of whose values the scores are shown by themselves.
    public var sliceColumns: [String] = []
    /// Whether questions, answers, feedback and prompts are shown.
    public var hasTexts = true
    /// The program's version, for the last line.
    public var version = ""

    public init() {}
}
