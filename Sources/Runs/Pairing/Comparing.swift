public import JSON
import ScoringCore
import Statistics

extension Comparison {
    /// Compares two runs.
    ///
    /// - Parameter pair: takes every pair that was compared, as a JSON object.
    /// - Throws: `Refusal` where nothing can be compared, and `RunError` where a run cannot be read.
    public init(
        _ a: SavedRun, _ b: SavedRun, options: ComparisonOptions = ComparisonOptions(),
        pair: ((JSONValue) throws -> Void)? = nil
    ) throws {
        var comparer = try Comparer([a, b], options)
        try comparer.read(pair)
        self = comparer.comparison()
    }
}

/// Reads the rows of runs side by side.
struct Comparer {
    private(set) var checks: RunChecks
    private(set) var functions: [FunctionRuns] = []
    /// By slice column and value, one for each function.
    private(set) var slices: [[String: [FunctionRuns]]]
    private(set) var join: RunJoin
    private var clusters: [String: Int] = [:]
    private var differences: [DataDifference] = []
    private var sameAnswers = 0

    private struct DataDifference {
        var column: String
        var rows = 0
        var firstKey = ""
        var a = ""
        var b = ""
    }

    /// Columns that say what a row was about, the first that is there.
    static let questionColumns = ["input_query", "question", "prompt", "completion_input"]

    init(_ runs: [SavedRun], _ options: ComparisonOptions) throws {
        checks = try RunChecks(runs, options)
        slices = options.sliceColumns.map { _ in [:] }
        join = RunJoin(runs, key: checks.key)
    }

    private var runs: [SavedRun] { checks.runs }
    private var options: ComparisonOptions { checks.options }
    private var key: [String]? { checks.key }
    var isClustered: Bool { !checks.cluster.isEmpty }

    /// The values of the clusters, in the order of their numbers.
    var clusterNames: [OrderedKey] { clusters.sorted { $0.value < $1.value }.map { OrderedKey($0.key) } }

    // MARK: Rows

    mutating func read(_ sink: ((JSONValue) throws -> Void)?) throws {
        if checks.functions.isEmpty { return }
        // Columns whose digests are the same need not be read.
        differences = checks.dataColumns.filter { !checks.isSame($0) }.map { DataDifference(column: $0) }
        let readsAnswers = runs.contains { $0.isUnverified }
        let question = Self.questionColumns.first { name in runs[0].columns.contains(name) }
        var columns = key ?? []
        for column in checks.cluster + options.sliceColumns + differences.map(\.column)
            + (readsAnswers ? ["generated_answer"] : [])
            + (options.regressions > 0 ? [question].compactMap(\.self) : [])
        where !columns.contains(column) && runs.contains(where: { $0.columns.contains(column) }) {
            columns.append(column)
        }
        func place(_ column: String) -> Int? { columns.firstIndex(of: column) }
        let readers = try runs.map {
            try RunRows($0, columns: columns, functions: checks.functions, passThreshold: options.passThreshold)
        }
        functions = checks.functions.map(newFunction)
        let dataPlaces = differences.compactMap { place($0.column) }
        let clusterPlaces = checks.cluster.compactMap(place)
        let slicePlaces = options.sliceColumns.compactMap(place)
        let questionPlace = question.flatMap(place) ?? key.flatMap { $0.first.flatMap(place) }
        let answerPlace = place("generated_answer")

        var state = self
        func take(_ joined: JoinedRow) throws {
            let first = joined.rows[0]
            for (index, place) in dataPlaces.enumerated() { state.compare(index, place, joined) }
            if let answerPlace, joined.rows.allSatisfy({ $0.cells[answerPlace] == first.cells[answerPlace] }) {
                state.sameAnswers += 1
            }
            let cluster = clusterPlaces.isEmpty ? 0 : try state.cluster(of: first, clusterPlaces)
            func text() -> String? { questionPlace.flatMap { first.cells[$0] }.map(Self.plainText) }
            for index in state.functions.indices {
                state.functions[index].add(joined, index, cluster: cluster, text: text)
            }
            for (column, place) in slicePlaces.enumerated() {
                let value = first.cells[place].map(Self.plainText) ?? "(no value)"
                if state.slices[column][value] == nil {
                    state.slices[column][value] = checks.functions.map(newFunction)
                }
                for index in state.functions.indices {
                    state.slices[column][value]?[index].add(joined, index, cluster: cluster, text: { nil })
                }
            }
            if let sink { try sink(Self.line(joined, checks.functions)) }
        }
        var join = join
        let areSamples = runs.allSatisfy { $0.provenance?["samples"]?.number?.int ?? 1 > 1 }
        if options.averagesSamples || areSamples {
            try join.forEachQuestion(readers, take)
        } else {
            try join.forEach(readers, take)
        }
        self = state
        self.join = join
        try conclude(readers)
    }

    private func newFunction(_ function: String) -> FunctionRuns {
        let wantsMedian = runs.contains { $0.aggregations(of: function)?.contains("median") ?? false }
        let needsUnits = options.test?.needsUnits ?? false
        return FunctionRuns(
            runs: runs.count, againstFirst: options.againstFirst, isClustered: isClustered,
            regressions: options.regressions, kept: needsUnits ? .all : wantsMedian ? .few : .none)
    }

    private mutating func compare(_ index: Int, _ place: Int, _ joined: JoinedRow) {
        let first = joined.rows[0].cells[place]
        guard joined.rows.contains(where: { $0.cells[place] != first }) else { return }
        let texts = joined.rows.map { $0.cells[place].map(canonicalText) ?? "null" }
        guard let other = texts.first(where: { $0 != texts[0] }) else { return }
        if differences[index].rows == 0 {
            differences[index].firstKey = key == nil ? "row \(joined.key)" : joined.key
            (differences[index].a, differences[index].b) = (texts[0], other)
        }
        differences[index].rows += 1
    }

    private mutating func cluster(of row: RunRow, _ places: [Int]) throws -> Int {
        let cells = places.map { row.cells[$0] }
        guard cells.allSatisfy({ $0 != nil }) else {
            throw RunError(
                "\(runs[0].path): row \(row.number): the column "
                    + "\(checks.cluster.map(quoted).joined(separator: " and ")) is missing or null; with --cluster, every "
                    + "row needs a value")
        }
        let text = keyText(cells.compactMap { $0.map(canonicalText) })
        if let known = clusters[text] { return known }
        clusters[text] = clusters.count
        return clusters.count - 1
    }

    static func plainText(_ json: [UInt8]) -> String {
        let text = String(decoding: json, as: UTF8.self)
        return (try? JSONValue(parsing: text).string) ?? text
    }

    /// `{"key": …, "a": {"row": …, "scores": …}, "b": …, "change": …}`; the change is of two runs.
    private static func line(_ joined: JoinedRow, _ functions: [String]) -> JSONValue {
        func side(_ row: RunRow) -> JSONValue {
            var scores = JSONObject()
            for (name, score) in zip(functions, row.scores) {
                scores[name] =
                    switch score {
                    case .number(let number): JSONValue(number)
                    case .category(let text): .string(text)
                    case .missing: .null
                    }
            }
            return ["row": JSONValue(row.number), "scores": .object(scores)]
        }
        var line: JSONObject = ["key": (try? JSONValue(parsing: joined.key)) ?? .string(joined.key)]
        for (index, row) in joined.rows.enumerated() { line[Ranking.letter(index).lowercased()] = side(row) }
        guard joined.rows.count == 2 else { return .object(line) }
        var changes = JSONObject()
        for (index, name) in functions.enumerated() {
            if case .number(let a) = joined.rows[0].scores[index], case .number(let b) = joined.rows[1].scores[index] {
                changes[name] = JSONValue(b - a)
            }
        }
        line["change"] = .object(changes)
        return .object(line)
    }

    // MARK: What rows show

    private mutating func conclude(_ readers: [RunRows]) throws {
        if join.matched == 0 {
            throw Refusal(
                .noCommonRows,
                "the runs have no row in common by \(key.map { $0.joined(separator: ",") } ?? "row number"); "
                    + (try KeySuggestion(runs, except: key ?? [])?.text
                        ?? "--key COLUMN pairs them by the value of a column"))
        }
        let larger = readers.map(\.count).max() ?? 0
        if join.alone.reduce(0, +) * 20 > larger {
            let counts = join.alone.enumerated().map { "\(grouped($1)) rows of \(Ranking.letter($0))" }
            checks.warnings.append(
                Comparison.Warning(
                    code: "rows_missing",
                    message: "\(counts.joined(separator: " and ")) are not in "
                        + "\(runs.count == 2 ? "the other run" : "every other run"); they are left out"))
        }
        for difference in differences where difference.rows > 0 { try refuse(difference) }
        let answers = "generated_answer"
        let areAnswersKnown = runs.allSatisfy { $0.columns.contains(answers) }
        let isSame = runs.contains { $0.isUnverified } ? sameAnswers == join.matched : checks.isSame(answers)
        if areAnswersKnown, isSame {
            checks.notes.append(
                "all answers are equal in \(runs.count == 2 ? "A and B" : "all runs"); what differs is the scoring")
        }
        if isClustered, clusters.count < 20 {
            checks.warnings.append(
                Comparison.Warning(
                    code: "few_clusters",
                    message:
                        "there are \(clusters.count) clusters; intervals from fewer than 20 are somewhat too narrow"))
        }
    }

    private mutating func refuse(_ difference: DataDifference) throws {
        let message =
            "\(quoted(difference.column)) differs in \(grouped(difference.rows)) of \(grouped(join.matched)) rows, first "
            + "\(shortened(difference.firstKey)): \(shortened(difference.a)) and \(shortened(difference.b))"
        if key == nil {
            let hint =
                try KeySuggestion(runs, except: [])?.text ?? "--key COLUMN pairs them by the value of a column"
            return try checks.refuse(
                Refusal(
                    .dataDiffers,
                    "\(message). Rows are paired by number, so these may be different questions; \(hint)"))
        }
        let affected = checks.functions.filter { function in
            runs.contains { $0.columnsRead(by: function)?.contains(difference.column) ?? true }
        }
        let isKnown = runs.allSatisfy { !$0.isUnverified }
        for function in affected {
            let advice =
                isKnown
                ? "" : ". If it is part of what is compared, name it with --answer-column \(difference.column)"
            guard !(try checks.allow(Refusal(.dataDiffers, function: function, message + advice))),
                let place = checks.functions.firstIndex(of: function)
            else { continue }
            checks.functions.remove(at: place)
            functions.remove(at: place)
            for column in slices.indices {
                for value in slices[column].keys { slices[column][value]?.remove(at: place) }
            }
        }
    }

    // MARK: The comparison of two runs

    var summary: PairSummary {
        PairSummary(runs: runs, options: options, clusterNames: isClustered ? clusterNames : nil)
    }

    func comparison() -> Comparison {
        var comparison = Comparison(runs: runs)
        comparison.pairing = Comparison.Pairing(
            key: key, matched: join.matched, onlyInA: join.alone[0], onlyInB: join.alone[1])
        comparison.refusals = checks.refusals
        comparison.warnings = checks.warnings
        comparison.notes = checks.notes
        comparison.adjustment = options.adjustment
        comparison.level = options.level
        comparison.power = options.power
        comparison.margin = options.margin
        for (index, name) in checks.functions.enumerated() {
            let pairs = functions[index].pairs[0]
            var function = Comparison.Function(identifier: name)
            function.aggregations = summary.aggregations(of: name, pairs)
            function.unscoredInA = pairs.unscoredInA
            function.unscoredInB = pairs.unscoredInB
            function.unscoredInBoth = pairs.unscoredInBoth
            function.unscoredP = pairs.unscoredP
            function.regressions = pairs.regressions.map {
                Comparison.Regression(row: $0.row, key: $0.key, a: $0.a, b: $0.b, text: $0.text)
            }
            function.slices = options.sliceColumns.enumerated().flatMap { column, columnName in
                sorted(slices[column]).compactMap { value, all in
                    summary.aggregations(of: name, all[index].pairs[0]).first.map {
                        Comparison.Slice(column: columnName, value: value, aggregation: $0)
                    }
                }
            }
            if let warning = unevenWarning(name, pairs, ("A", "B")) { comparison.warnings.append(warning) }
            comparison.functions.append(function)
        }
        comparison.adjust()
        return comparison
    }

    /// Slices by their values.
    func sorted(_ slices: [String: [FunctionRuns]]) -> [(String, [FunctionRuns])] {
        slices.sorted { OrderedKey($0.key) < OrderedKey($1.key) }.map { ($0.key, $0.value) }
    }

    /// A warning where rows lack a score in one run more often than in the other.
    func unevenWarning(
        _ function: String, _ pairs: FunctionPairs, _ letters: (String, String)
    ) -> Comparison.Warning? {
        guard pairs.unscoredP < 0.05 else { return nil }
        return Comparison.Warning(
            code: "unscored_uneven",
            message: "\(function): \(grouped(pairs.unscoredInA)) rows have no score in \(letters.0) alone and "
                + "\(grouped(pairs.unscoredInB)) in \(letters.1) alone; the rows that are left are a selection"
                + (runs.count == 2 ? ", and bounds say what that may hide" : ""))
    }
}
