import JSON
import ScoringCore

/// What can be known of runs without reading their rows: which functions are compared, and what differs.
struct RunChecks {
    let runs: [SavedRun]
    let options: ComparisonOptions
    let key: [String]?
    let cluster: [String]
    var functions: [String] = []
    var refusals: [Refusal] = []
    var warnings: [Comparison.Warning] = []
    var notes: [String] = []
    /// Columns that all runs have, and that hold no answers.
    private(set) var dataColumns: [String] = []

    private static let answerColumns: Set<String> = ["generated_answer", "context", "generation"]

    /// - Throws: `Refusal` where nothing can be compared, and `RunError` where a column is missing.
    init(_ runs: [SavedRun], _ options: ComparisonOptions) throws {
        self.runs = runs
        self.options = options
        let saved = runs.compactMap(\.key)
        key = options.key ?? (saved.count == runs.count && Set(saved).count == 1 ? saved.first : nil)
        cluster = options.cluster ?? runs.compactMap(\.cluster).first ?? []
        try checkStatus()
        try chooseFunctions()
        let answers = Self.answerColumns.union(options.answerColumns)
        let split = Set(runs.compactMap { $0.selection?.column })
        dataColumns = runs[0].columns.filter { column in
            !answers.contains(column) && !split.contains(column) && column != "sample"
                && runs.allSatisfy { $0.columns.contains(column) }
        }
        for column in (options.key ?? []) + cluster + options.sliceColumns {
            guard let run = runs.first(where: { !$0.columns.contains(column) }) else { continue }
            throw RunError(
                "\(run.path): the rows have no column \(quoted(column)); they have: "
                    + (run.columns.isEmpty ? "none" : run.columns.joined(separator: ", "))
                    + (run.isUnverified ? ". To write columns with the rows, score with --with-input or --save" : ""))
        }
        noteVersions()
    }

    private mutating func checkStatus() throws {
        for run in runs where run.manifest?["status"]?.string.map({ $0 != "complete" }) ?? false {
            try refuse(
                Refusal(
                    .unfinished,
                    "\(run.path): the run is incomplete (\(run.manifest?["status"]?.string ?? "")); only some rows were "
                        + "scored. To compare these: --allow unfinished"))
        }
        for run in runs where run.isUnverified {
            warnings.append(
                Comparison.Warning(
                    code: "not_verified",
                    message: "\(run.path) contains only rows: definitions, judges and plugins are not verified"))
        }
    }

    private mutating func chooseFunctions() throws {
        let common = runs.dropFirst().reduce(Set(runs[0].functions)) { $0.intersection($1.functions) }
        let wanted = options.functions.isEmpty ? runs[0].functions.filter(common.contains) : options.functions
        for function in wanted where !common.contains(function) {
            throw Refusal(
                .noCommonFunction,
                "\(function) is not in every run; all have: "
                    + (common.isEmpty ? "none" : common.sorted().joined(separator: ", ")))
        }
        guard !wanted.isEmpty else {
            let lists = runs.map { "\($0.path): \($0.functions.joined(separator: ", "))" }
            throw Refusal(.noCommonFunction, "no function is in every run; \(lists.joined(separator: "; "))")
        }
        for run in runs {
            let others = run.functions.filter { !common.contains($0) }
            if !others.isEmpty { notes.append("only in \(run.name): \(others.joined(separator: ", "))") }
        }
        for function in wanted where try isComparable(function) { functions.append(function) }
        try checkAggregations()
    }

    private func checkAggregations() throws {
        guard !options.aggregations.isEmpty else { return }
        let known = functions.flatMap { function in runs.compactMap { $0.aggregations(of: function) }.first ?? [] }
        guard !known.isEmpty else { return }
        for name in options.aggregations where !known.contains(name) {
            throw RunError(
                "--aggregation \(name): no function that is compared has it; they have: "
                    + Set(known).sorted().joined(separator: ", "))
        }
    }

    /// Whether a function was the same in all runs.
    private mutating func isComparable(_ function: String) throws -> Bool {
        for run in runs.dropFirst() {
            guard let refusal = difference(of: function, runs[0], run) else { continue }
            return try allow(refusal)
        }
        for run in runs.dropFirst() { comparePlugins(function, runs[0], run) }
        warnAboutOtherFigures(function)
        return true
    }

    /// What differs in a function between two runs.
    private func difference(of function: String, _ one: SavedRun, _ other: SavedRun) -> Refusal? {
        func relevant(_ definition: JSONValue) -> JSONValue {
            guard var object = definition.object else { return definition }
            object["description"] = nil
            object["metadata"] = nil
            return .object(object)
        }
        let judges = [one, other].map { $0.judge(of: function) ?? .null }
        let asksJudge = judges[0] != .null || judges[1] != .null
        let advice = asksJudge ? ". To compare judges, use assay agree" : ""
        if let a = one.definitions[function], let b = other.definitions[function],
            let found = JSONValue.firstDifference(relevant(a), relevant(b))
        {
            return Refusal(
                asksJudge ? .judgeDiffers : .functionDiffers, function: function,
                "the definition differs at \(found.pointer): \(Self.text(found.a)) and \(Self.text(found.b))\(advice)",
                pointer: found.pointer, a: found.a, b: found.b)
        }
        if !one.isUnverified, !other.isUnverified, (judges[0] == .null) != (judges[1] == .null) {
            return Refusal(
                .judgeDiffers, function: function, "only one of the runs asked a judge\(advice)", a: judges[0],
                b: judges[1])
        }
        // What is not known of one of the runs is no difference.
        let known = judges.map(\.object)
        if let a = known[0], let b = known[1] {
            let names = Set(a.keys).intersection(b.keys).filter { a[$0] != .null && b[$0] != .null }
            func part(_ judge: JSONObject) -> JSONValue {
                .object(JSONObject(names.sorted().map { ($0, judge[$0] ?? .null) }))
            }
            if let found = JSONValue.firstDifference(part(a), part(b)) {
                return Refusal(
                    .judgeDiffers, function: function,
                    "the judge differs at \(found.pointer): \(Self.text(found.a)) and \(Self.text(found.b))"
                        + (found.pointer.hasPrefix("/served")
                            ? " (the models that the servers say have replied)" : "") + advice,
                    pointer: found.pointer, a: found.a, b: found.b)
            }
        }
        return nil
    }

    /// Another version of a plugin may score otherwise; another file of one version does so only where it does not come
    /// with Assay.
    private mutating func comparePlugins(_ function: String, _ one: SavedRun, _ other: SavedRun) {
        let plugins = [one, other].map { $0.provenance?["functions"]?[function]?["plugin"] ?? .null }
        guard plugins[0] != .null, plugins[1] != .null else { return }
        func text(_ member: String) -> String {
            "\(Self.text(plugins[0][member])) and \(Self.text(plugins[1][member]))"
        }
        if let member = ["id", "version"].first(where: { plugins[0][$0] != plugins[1][$0] }) {
            warnings.append(
                Comparison.Warning(
                    code: "plugin_version",
                    message: "\(function): the scorer plugin's \(member) differs: \(text(member))"))
        } else if plugins[0]["sha256"] != plugins[1]["sha256"] {
            let message = "\(function): the scorer plugin has one version, but the file differs"
            if plugins.allSatisfy({ $0["shipped"] == true }) {
                notes.append(message)
            } else {
                warnings.append(Comparison.Warning(code: "plugin_version", message: message))
            }
        }
    }

    /// Rows are compared one by one, so that what is compared is the mean of their scores. Scores of a corpus and weighted means are
    /// other figures.
    private mutating func warnAboutOtherFigures(_ function: String) {
        let own = ["accuracy", "average", "median", "categorical_count"]
        let others = (runs.compactMap { $0.aggregations(of: function) }.first ?? []).filter { !own.contains($0) }
        guard let name = others.first else { return }
        let figures = runs.map { $0.figure(name, of: function) }
        let shown = figures.contains(nil) ? "" : " (\(figures.map { fixed($0 ?? 0) }.joined(separator: " and ")))"
        warnings.append(
            Comparison.Warning(
                code: "row_averages",
                message: "\(function): the averages of the rows' scores are compared, which is not the same as its "
                    + "\(name)\(shown)"))
    }

    private mutating func noteVersions() {
        let versions = runs.compactMap { $0.provenance?["assay"]?["version"]?.string }
        if Set(versions).count > 1 {
            notes.append(
                "the runs were made by different versions of Assay: \(Set(versions).sorted().joined(separator: ", "))")
        }
    }

    static func text(_ value: JSONValue?) -> String { value.map { shortened($0.text) } ?? "nothing" }

    /// Whether to continue in spite of what differs.
    mutating func allow(_ refusal: Refusal) throws -> Bool {
        if refusal.code.canBeAllowed, options.allowed.contains(refusal.code) {
            warnings.append(Comparison.Warning(code: refusal.code.rawValue, message: refusal.description))
            return true
        }
        refusals.append(refusal)
        return false
    }

    mutating func refuse(_ refusal: Refusal) throws {
        if !(try allow(refusal)) { throw refusal }
    }

    /// Whether a column has the same values in all runs, as their digests say.
    func isSame(_ column: String) -> Bool {
        let digests = runs.map { $0.key == key ? $0.digest(of: column) : nil }
        guard let first = digests[0] else { return false }
        return digests.allSatisfy { $0 == first }
    }
}
