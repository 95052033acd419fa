import ArgumentParser
import Evaluation
import JSON
import Runs
import ScoringCore
import ScoringDefinitions
import ScoringEngine
import Statistics

extension Requirement {
    /// Whether it may name a score that one of the functions has beside "score".
    fileprivate func mayBeScore(ofOneOf functions: [String]) -> Bool {
        functions.contains { function.hasPrefix($0 + "/") && function.utf8.count > $0.utf8.count + 1 }
    }
}

/// Requirements on the results of a run.
struct ResultRequirements {
    private let requirements: [Requirement]

    init(_ requirements: [RequirementArgument]) { self.requirements = requirements.map(\.requirement) }

    var isEmpty: Bool { requirements.isEmpty }

    private static let plainValues = Set(["scored", "unscored"]).union(
        RowOutcome.allCases.map(\.name))
    private static let ends: Set<String> = ["lower", "upper", "lowest", "highest"]

    /// Checks names before anything is scored.
    ///
    /// - Parameter functions: those of the run.
    func validate(functions: [String]) throws {
        for requirement in requirements {
            guard
                requirement.function == "*" || functions.contains(requirement.function)
                    || requirement.mayBeScore(ofOneOf: functions)
            else {
                throw requirement.fault(
                    "the run has no function \"\(requirement.function)\"; it has: \(functions.joined(separator: ", "))")
            }
            guard Self.isKnown(requirement.value) else {
                throw requirement.fault(
                    "the value \"\(requirement.value)\" is not known; known: accuracy, average, weighted_average and median, "
                        + "each also with .lower, .upper, .lowest and .highest; the function's own aggregations, such as "
                        + "corpus_bleu; share[CATEGORY], count[CATEGORY], pass@K, scored, unscored, and each outcome"
                )
            }
        }
    }

    /// Checks the names of scores that functions have beside "score", `FUNCTION/SCORE`, before anything is scored.
    func validate(scoresOf functions: [(identifier: String, parameters: JSONObject?)], in engine: Engine) throws {
        let names = functions.map(\.identifier)
        for requirement in requirements where requirement.function != "*" && !names.contains(requirement.function) {
            guard
                let (identifier, parameters) = functions.first(where: {
                    requirement.mayBeScore(ofOneOf: [$0.identifier])
                }),
                let definition = try? engine.definitions.find(identifier).overriding(with: parameters),
                let function = FunctionProvenance(of: definition, in: engine)
            else { continue }
            let scores = function.furtherScores.map(\.definition.identifier)
            guard !scores.contains(requirement.function) else { continue }
            throw requirement.fault(
                "\(identifier) has no score \"\(requirement.function.dropFirst(identifier.count + 1))\"; it has: "
                    + ([identifier] + scores).joined(separator: ", "))
        }
    }

    private static func isKnown(_ value: String) -> Bool {
        if plainValues.contains(value) || category(of: value) != nil { return true }
        if value.hasPrefix("pass@") { return Int(value.dropFirst(5)).map { $0 > 0 } ?? false }
        let parts = value.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 1, AggregationFunction.isName(ofCorpus: value) { return true }
        guard let aggregation = AggregationFunction(rawValue: parts[0]), aggregation != .categoricalCount else {
            return false
        }
        return parts.count == 1 || parts.count == 2 && ends.contains(parts[1])
    }

    /// The category of `share[A]` or `count[A]`.
    private static func category(of value: String) -> (isShare: Bool, name: String)? {
        guard value.hasSuffix("]") else { return nil }
        if value.hasPrefix("share[") { return (true, String(value.dropFirst(6).dropLast())) }
        if value.hasPrefix("count[") { return (false, String(value.dropFirst(6).dropLast())) }
        return nil
    }

    /// Checks all of them.
    func check(_ results: ScoringResults) -> [CheckedRequirement] {
        requirements.flatMap { requirement in
            let named = results.functions.filter {
                requirement.function == "*" || $0.function.identifier == requirement.function
            }
            let checked = named.compactMap { result -> CheckedRequirement? in
                let (value, reason) = Self.value(requirement, in: result.aggregates)
                if requirement.function == "*", reason == Self.notAggregated { return nil }
                return CheckedRequirement(
                    requirement, function: result.function.identifier, value: value, reason: reason)
            }
            return checked.isEmpty
                ? [CheckedRequirement(requirement, function: "*", value: nil, reason: Self.notAggregated)] : checked
        }
    }

    /// Whether the requirements say how many rows of a function may lack a score.
    func coversUnscored(_ function: String) -> Bool {
        requirements.contains {
            ($0.function == "*" || $0.function == function) && Self.plainValues.contains($0.value)
        }
    }

    private static let notAggregated = "the function does not have this aggregation"

    private static func value(
        _ requirement: Requirement, in aggregates: AggregateResult
    ) -> (Double?, reason: String?) {
        let name = requirement.value
        let counts = aggregates.counts
        if plainValues.contains(name) {
            let outcome = RowOutcome.allCases.first { $0.name == name }
            let count = outcome.map { counts[$0] } ?? counts.unscored
            guard requirement.isPercent else { return (Double(count), nil) }
            return counts.total > 0 ? (Double(count) / Double(counts.total), nil) : (nil, "there are no rows")
        }
        if let (isShare, category) = category(of: name) {
            guard case .categoricalCount(let all)? = entry(.categoricalCount, aggregates)?.value else {
                return (nil, notAggregated)
            }
            let count = all.first { $0.name == category }?.count ?? 0
            let total = all.reduce(0) { $0 + $1.count }
            return isShare ? (Double(count) / Double(max(1, total)), nil) : (Double(count), nil)
        }
        if name.hasPrefix("pass@"), let k = Int(name.dropFirst(5)) {
            guard let pass = aggregates.samples?.passes.first(where: { $0.k == k }) else {
                return (
                    nil,
                    "pass@\(k) was not computed; it needs --samples, and is computed for k = 1, 2, 4, 8, … and for all samples"
                )
            }
            return (pass.anyPasses.value, pass.anyPasses.reason)
        }
        let parts = name.split(separator: ".").map(String.init)
        guard let entry = entry(AggregationFunction(rawValue: parts[0]) ?? .corpus(parts[0]), aggregates)
        else { return (nil, notAggregated) }
        let value: Double? =
            switch entry.value {
            case .accuracy(let value, _, _): value
            case .average(let value), .weightedAverage(let value), .median(let value): value
            case .corpus(let own): own.number
            case .categoricalCount, nil: nil
            }
        switch parts.count > 1 ? parts[1] : "" {
        case "lower": return (entry.interval?.lower, entry.reasonWithoutInterval)
        case "upper": return (entry.interval?.upper, entry.reasonWithoutInterval)
        case "lowest":
            return (entry.bounds?.lowerBound ?? (counts.unscored == 0 ? value : nil), "the bounds are not known")
        case "highest":
            return (entry.bounds?.upperBound ?? (counts.unscored == 0 ? value : nil), "the bounds are not known")
        default: return (value, "there are no scores")
        }
    }

    private static func entry(
        _ aggregation: AggregationFunction, _ aggregates: AggregateResult
    ) -> AggregateResult.Entry? {
        aggregates.entries.first { $0.function == aggregation }
    }
}
