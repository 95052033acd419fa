import ArgumentParser
import ScoringDefinitions

/// Limits of rows, prompts and regular expressions: options of all commands that score, and of the server.
struct DataLimitOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The largest row of a dataset, in bytes (default: 256 MiB; on a server, 64 MiB for a dataset from a URI).",
            valueName: "bytes"))
    var maxRowSize: Int?

    @Option(
        help: ArgumentHelp(
            "The largest prompt that is made for a row, in bytes; rows with a larger one are input errors, and no "
                + "model is asked (default: 16 MiB).", valueName: "bytes"))
    var maxPromptSize: Int?

    @Option(
        help: ArgumentHelp(
            "The largest number of regular expressions in a list of a scoring function; on a server, also in a "
                + "benchmark or a request (default: 1000).", valueName: "n"))
    var maxPatterns: Int?

    @Option(
        help: ArgumentHelp(
            "The largest size of such a list's regular expressions together, in bytes (default: 256 KiB).",
            valueName: "bytes"))
    var maxPatternSize: Int?

    private static let rowSizes = 1_024...(1 << 30)
    private static let promptSizes = 1...(1 << 30)
    private static let patternCounts = 1...1_000_000
    private static let patternSizes = 1_024...(16 << 20)

    func validate() throws {
        try check(maxRowSize, "max-row-size", Self.rowSizes)
        try check(maxPromptSize, "max-prompt-size", Self.promptSizes)
        try check(maxPatterns, "max-patterns", Self.patternCounts)
        try check(maxPatternSize, "max-pattern-size", Self.patternSizes)
    }

    private func check(_ value: Int?, _ name: String, _ range: ClosedRange<Int>) throws {
        guard let value, !range.contains(value) else { return }
        throw ValidationError("--\(name) \(value): expected \(range.lowerBound) to \(range.upperBound)")
    }

    /// The limits of functions in a run.
    var functionLimits: FunctionLimits {
        var limits = FunctionLimits()
        limits.promptSize = maxPromptSize ?? limits.promptSize
        limits.patternCount = maxPatterns ?? limits.patternCount
        limits.patternSize = maxPatternSize ?? limits.patternSize
        return limits
    }

    /// These options with the settings of a server for those that are missing.
    func filled(from settings: ServerSettings) throws -> DataLimitOptions {
        var options = self
        options.maxRowSize = try maxRowSize ?? settings.integer("max_row_size", Self.rowSizes)
        options.maxPromptSize = try maxPromptSize ?? settings.integer("max_prompt_size", Self.promptSizes)
        options.maxPatterns = try maxPatterns ?? settings.integer("max_patterns", Self.patternCounts)
        options.maxPatternSize = try maxPatternSize ?? settings.integer("max_pattern_size", Self.patternSizes)
        return options
    }
}
