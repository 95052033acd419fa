public import Patterns
public import ScorerKit

extension Parameters {
    /// A list of regular expressions, each with a group 1, which is what is read.
    public mutating func patterns(
        _ name: String, needsGroup: Bool = true
    ) throws(ParameterRejection) -> [Pattern] {
        var patterns: [Pattern] = []
        for (index, source) in try texts(name).enumerated() {
            let pointer = "/params/\(name)/\(index)"
            let pattern: Pattern
            do throws(PatternError) {
                pattern = try Pattern(source)
            } catch {
                throw ParameterRejection(pointer: pointer, "\(error)")
            }
            if needsGroup && pattern.captureCount == 0 {
                throw ParameterRejection(
                    pointer: pointer,
                    "the pattern has no group 1, which is what is read; put the answer's part in parentheses")
            }
            patterns.append(pattern)
        }
        return patterns
    }
}
