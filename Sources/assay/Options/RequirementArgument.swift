import ArgumentParser
import Runs

/// A requirement on the command line.
struct RequirementArgument: ExpressibleByArgument {
    var requirement: Requirement

    /// The help of an option that takes requirements on the results of one run.
    static let helpOnResults = ArgumentHelp(
        "Exit with status 4 if this requirement is not met, such as 'basic::subset_of accuracy >= 0.5' or '* unscored <= 1%'; "
            + "repeatable.", valueName: "requirement")

    init?(argument: String) {
        guard let requirement = try? Requirement(argument) else { return nil }
        self.requirement = requirement
    }

    func validate(values known: [String]) throws {
        guard known.contains(requirement.value) else {
            throw requirement.fault(
                "the value \"\(requirement.value)\" is not known; known: \(known.joined(separator: ", "))")
        }
    }
}

extension Requirement {
    /// Why the command line's requirement cannot be checked.
    func fault(_ what: String) -> ValidationError { ValidationError("--require '\(text)': \(what)") }
}

extension [CheckedRequirement] {
    var areMet: Bool { allSatisfy(\.isMet) }

    func report() {
        for requirement in self { printError(requirement.line) }
    }
}
