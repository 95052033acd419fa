/// Why a list of patterns was refused.
public struct PatternListError: Error, Hashable {
    /// The index of the faulty pattern; nil if the fault concerns the whole list.
    public let index: Int?
    /// What was found, and what to do.
    public let message: String
}

extension PatternList {
    /// Limits of a list, which its user may change.
    public struct Limits: Sendable, Hashable {
        /// The maximum number of patterns.
        public var count = 1000
        /// The maximum total size of the sources, in bytes.
        public var length = 256 << 10

        public init() {}
    }

    /// The maximum total size of a list's compiled patterns, in bytes: a few characters such as `(?:a{1000}){60}` may compile
    /// to a hundred thousand bytes.
    public static let maximumCompiledSize = 64 << 20

    /// Compiles a list of patterns, within limits that prevent untrusted patterns from exhausting the memory.
    ///
    /// - Parameter needsGroup: whether to reject a pattern without a group.
    public static func compile(
        _ sources: [String], needsGroup: Bool = true, limits: Limits = Limits()
    ) throws(PatternListError) -> [Pattern] {
        guard sources.count <= limits.count else {
            throw PatternListError(
                index: nil,
                message: "found \(sources.count) patterns; at most \(limits.count) are allowed (--max-patterns). "
                    + "Alternatives can share one pattern: (?:Answer|Result): (.+)")
        }
        let length = sources.reduce(0) { $0 + $1.utf8.count }
        guard length <= limits.length else {
            throw PatternListError(
                index: nil,
                message: "the patterns have \(length) bytes in total; at most \(limits.length) are allowed "
                    + "(--max-pattern-size)")
        }
        var patterns: [Pattern] = []
        var size = 0
        for (index, source) in sources.enumerated() {
            let pattern: Pattern
            do throws(PatternError) {
                pattern = try Pattern(source)
            } catch {
                throw PatternListError(index: index, message: "\(error)")
            }
            if needsGroup && pattern.captureCount == 0 {
                throw PatternListError(
                    index: index,
                    message: "the pattern has no group 1, which captures the answer; put that part in parentheses")
            }
            size += pattern.compiledSize
            guard size <= maximumCompiledSize else {
                throw PatternListError(
                    index: index,
                    message:
                        "up to this pattern, the compiled patterns take more than \(maximumCompiledSize >> 20) MiB; "
                        + "use fewer patterns, or smaller repeat counts")
            }
            patterns.append(pattern)
        }
        return patterns
    }
}
