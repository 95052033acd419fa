import ArgumentParser
import Runs
import Statistics

/// `COLUMN`, or `COLUMN=VALUE,VALUE`.
struct SplitArgument: ExpressibleByArgument {
    private let text: String

    init?(argument: String) {
        guard !argument.isEmpty else { return nil }
        text = argument
    }

    /// The column, and the values that are wanted; nil: all. A column of the whole text goes first.
    func choice(among columns: [String]) -> (column: String, values: [String]?) {
        guard !columns.contains(text), let sign = text.firstIndex(of: "=") else { return (text, nil) }
        let values = text[text.index(after: sign)...].split(separator: ",").map(String.init)
        return (String(text[..<sign]), values)
    }
}

enum TestArgument: String, ExpressibleByArgument, CaseIterable {
    case t
    case mcNemarExact = "mcnemar-exact"
    case permutation, wilcoxon, bootstrap

    var test: RequestedTest {
        switch self {
        case .t: .t
        case .mcNemarExact: .mcNemarExact
        case .permutation: .permutation
        case .wilcoxon: .wilcoxon
        case .bootstrap: .bootstrap
        }
    }
}

struct AllowedRefusal: ExpressibleByArgument {
    var code: Refusal.Code

    init?(argument: String) {
        guard let code = Refusal.Code(rawValue: argument), code.canBeAllowed else { return nil }
        self.code = code
    }
}

enum AdjustmentArgument: String, ExpressibleByArgument, CaseIterable {
    case holm, bh, none

    var adjustment: Adjustment {
        switch self {
        case .holm: .holm
        case .bh: .bh
        case .none: .none
        }
    }
}
