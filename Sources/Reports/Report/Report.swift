import JSON
public import Runs
import Statistics

/// A report of a run, or of two: what can be said of all rows, and some of them.
public struct Report {
    let options: ReportOptions
    /// The run, or both.
    var summaries: [RunSummary]
    /// Of two runs, as `assay compare --format json`.
    private(set) var comparison: JSONValue?
    private(set) var changes: Changes?
    private var markdownOfComparison = ""

    /// The new run.
    var run: SavedRun { summaries[summaries.count - 1].run }

    /// Reads a run, or two, in memory that does not depend on the number of rows.
    ///
    /// - Parameters:
    ///   - run: the run; of two, the one to compare with.
    ///   - other: the run that is new.
    /// - Throws: `RunError` where a run cannot be read. A refusal to compare is a part of the report.
    public init(_ run: SavedRun, _ other: SavedRun? = nil, options: ReportOptions = ReportOptions()) throws {
        self.options = options
        summaries = try ([run] + (other.map { [$0] } ?? [])).map { try RunSummary($0, options) }
        guard let other else { return }
        let common = run.functions.filter(other.functions.contains)
        var changes = Changes(common, limit: options.examples)
        do {
            var comparing = ComparisonOptions()
            comparing.sliceColumns = options.sliceColumns
            let comparison = try Comparison(run, other, options: comparing) { changes.add($0) }
            self.comparison = comparison.json
            markdownOfComparison = comparison.markdown
            if options.hasTexts { try changes.read(run, other) }
            self.changes = changes
        } catch let refusal as Refusal {
            comparison = ["comparable": false, "refusals": [refusal.json]]
            markdownOfComparison = "**Not compared:** \(markdownText(refusal.description))\n"
        }
    }

    /// The policy that a report states in itself; no script but its own runs.
    public static var contentSecurityPolicy: String { ReportTemplate.policy }

    /// Whether something was refused.
    public var hasRefusals: Bool { comparison?["refusals"]?.array?.isEmpty == false }

    /// The name of a run, which does not depend on where it is.
    func name(of run: SavedRun) -> String {
        run.manifest?["name"]?.string ?? run.provenance?["candidate"]?["model"]?.string
            ?? run.provenance?["dataset"]?["source"]?.string.map {
                $0.split(separator: "/").last.map(String.init) ?? $0
            }
            ?? run.name
    }

    /// The aggregates of a function, in the form of results.
    func aggregates(_ summary: RunSummary, _ function: Int) -> JSONValue {
        summary.run.manifest?["results"]?[summary.run.functions[function]] ?? summary.functions[function].aggregates()
    }

    /// The requirements that were set for the run, those that are not met first.
    var requirements: [(text: String, isMet: Bool)] {
        let all = (run.manifest?["requirements"]?.array ?? []).map { requirement in
            let value = number(requirement["value"]).map { "is \(PageText.figure($0))" }
            let what = value ?? requirement["reason"]?.string ?? ""
            return (
                text: "\(requirement["text"]?.string ?? ""): \(what)", isMet: requirement["met"]?.bool ?? false
            )
        }
        return all.filter { !$0.isMet } + all.filter(\.isMet)
    }

    var comparisonMarkdown: String { markdownOfComparison }
}
