public import Patterns
public import ScorerKit

extension Configuration {
    /// A list of regular expressions, each with a group, which is what is read (`Match.answer`).
    public mutating func patterns(
        _ name: String, needsGroup: Bool = true
    ) throws(ParameterRejection) -> [Pattern] {
        try compile(try requiredTexts(name), name, needsGroup: needsGroup)
    }

    /// The same; nil if it is not given.
    public mutating func optionalPatterns(_ name: String) throws(ParameterRejection) -> [Pattern]? {
        guard let sources = try texts(name, canBeEmpty: false) else { return nil }
        return try compile(sources, name, needsGroup: true)
    }

    private func compile(
        _ sources: [String], _ name: String, needsGroup: Bool
    ) throws(ParameterRejection) -> [Pattern] {
        var limits = PatternList.Limits()
        limits.count = limit("patterns", usual: limits.count)
        limits.length = limit("pattern_bytes", usual: limits.length)
        do throws(PatternListError) {
            return try PatternList.compile(sources, needsGroup: needsGroup, limits: limits)
        } catch {
            let place = error.index.map { "/\($0)" } ?? ""
            throw ParameterRejection(of: name, at: place, error.message)
        }
    }
}
