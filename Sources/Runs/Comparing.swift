public import JSON

extension Comparison {
    /// Compares two runs.
    ///
    /// - Parameter pair: takes every pair that was compared, as a JSON object.
    /// - Throws: `Refusal` where nothing can be compared, and `RunError` where a run cannot be read.
    public init(
        _ a: SavedRun, _ b: SavedRun, options: ComparisonOptions = ComparisonOptions(),
        pair: ((JSONValue) throws -> Void)? = nil
    ) throws {
        var comparer = Comparer([a, b], options)
        try comparer.check()
        try comparer.read(pair)
        self = comparer.comparison()
    }
}

/// The work of a comparison.
private struct Comparer {
    private let runs: [SavedRun]
    private let options: ComparisonOptions
    private let key: [String]?
    private let cluster: [String]
    private var functions: [String] = []
    private var pairs: [FunctionPairs] = []
    /// By slice column and value, one for each function.
    private var slices: [[String: [FunctionPairs]]]
    private var clusters: [String: Int] = [:]
    private var refusals: [Refusal] = []
    private var warnings: [Comparison.Warning] = []
    private var notes: [String] = []
    private var join: RunJoin
    /// Columns that both runs have, other than answers.
    private var dataColumns: [String] = []
    private var differences: [DataDifference] = []
    private var sameAnswers = 0

    private struct DataDifference {
        var rows = 0
        var firstKey = ""
        var a = ""
        var b = ""
    }

    private static let answerColumns: Set<String> = ["generated_answer", "context", "generation"]
    /// Columns that say what a row was about, the first that is there.
    private static let questionColumns = ["input_query", "question", "prompt", "completion_input"]

    init(_ runs: [SavedRun], _ options: ComparisonOptions) {
        self.runs = runs
        self.options = options
        let saved = runs.compactMap(\.key)
        key = options.key ?? (saved.count == runs.count && Set(saved).count == 1 ? saved.first : nil)
        cluster = options.cluster ?? runs.compactMap(\.cluster).first ?? []
        slices = options.sliceColumns.map { _ in [:] }
        join = RunJoin(runs, key: key)
    }

    // MARK: What can be known without rows

    mutating func check() throws {
        for run in runs where run.manifest?["status"]?.string.map({ $0 != "complete" }) ?? false {
            try refuse(
                Refusal(
                    .unfinished,
                    "\(run.path): the run is incomplete (\(run.manifest?["status"]?.string ?? "")), so its rows are "
                        + "a selection; to compare them anyway, use --allow unfinished"))
        }
        let common = runs.dropFirst().reduce(Set(runs[0].functions)) { $0.intersection($1.functions) }
        let wanted = options.functions.isEmpty ? runs[0].functions.filter(common.contains) : options.functions
        for function in wanted where !common.contains(function) {
            throw Refusal(
                .noCommonFunction,
                "\(function) is not in every run; all have: \(common.sorted().joined(separator: ", "))")
        }
        guard !wanted.isEmpty else {
            let lists = runs.map { "\($0.path): \($0.functions.joined(separator: ", "))" }
            throw Refusal(.noCommonFunction, "no function is in every run; \(lists.joined(separator: "; "))")
        }
        for run in runs {
            let others = run.functions.filter { !common.contains($0) }
            if !others.isEmpty { notes.append("only in \(run.name): \(others.joined(separator: ", "))") }
            if run.isUnverified {
                warnings.append(
                    Comparison.Warning(
                        code: "not_verified",
                        message: "\(run.path) has only rows, so definitions, judges and plugins cannot be verified"))
            }
        }
        for function in wanted where try isComparable(function) { functions.append(function) }
        let answers = Self.answerColumns.union(options.answerColumns)
        dataColumns = runs[0].columns.filter { column in
            !answers.contains(column) && runs.allSatisfy { $0.columns.contains(column) } && column != "sample"
        }
        for column in (options.key ?? []) + cluster + options.sliceColumns {
            guard let run = runs.first(where: { !$0.columns.contains(column) }) else { continue }
            throw RunError(
                "\(run.path): the rows have no column \(quoted(column)); they have: "
                    + run.columns.joined(separator: ", "))
        }
    }

    /// Whether a function was the same in all runs.
    private mutating func isComparable(_ function: String) throws -> Bool {
        let definitions = runs.compactMap { $0.definitions[function] }
        guard definitions.count == runs.count else { return true }
        func relevant(_ definition: JSONValue) -> JSONValue {
            guard var object = definition.object else { return definition }
            object["description"] = nil
            object["metadata"] = nil
            return .object(object)
        }
        for (index, run) in runs.enumerated().dropFirst() {
            let judges = [runs[0], run].map { $0.provenance?["functions"]?[function]?["judge"] ?? .null }
            if let found = JSONValue.firstDifference(judges[0], judges[1]) {
                return try allow(
                    Refusal(
                        .judgeDiffers, function: function,
                        "the judge differs at \(found.pointer): \(Self.text(found.a)) and \(Self.text(found.b)). To "
                            + "compare judges, use assay agree", pointer: found.pointer))
            }
            guard let found = JSONValue.firstDifference(relevant(definitions[0]), relevant(definitions[index])) else {
                continue
            }
            let asksJudge = judges[0] != .null
            return try allow(
                Refusal(
                    asksJudge ? .judgeDiffers : .functionDiffers, function: function,
                    "the definition differs at \(found.pointer): \(Self.text(found.a)) and \(Self.text(found.b))"
                        + (asksJudge ? ". To compare judges, use assay agree" : ""), pointer: found.pointer))
        }
        let plugins = runs.map { $0.provenance?["functions"]?[function]?["plugin"] ?? .null }
        if let found = JSONValue.firstDifference(plugins[0], plugins.last ?? .null) {
            warnings.append(
                Comparison.Warning(
                    code: "plugin_version",
                    message: "\(function): the scorer plugin differs at \(found.pointer): \(Self.text(found.a)) and "
                        + Self.text(found.b)))
        }
        return true
    }

    private static func text(_ value: JSONValue?) -> String { value.map { shortened($0.text) } ?? "nothing" }

    /// Whether to go on in spite of what differs.
    private mutating func allow(_ refusal: Refusal) throws -> Bool {
        if refusal.code.canBeAllowed, options.allowed.contains(refusal.code) {
            warnings.append(Comparison.Warning(code: refusal.code.rawValue, message: refusal.description))
            return true
        }
        refusals.append(refusal)
        return false
    }

    private mutating func refuse(_ refusal: Refusal) throws {
        if !(try allow(refusal)) { throw refusal }
    }

    // MARK: Rows

    private var columns: [String] {
        var columns = key ?? []
        for column in cluster + options.sliceColumns + dataColumns + ["generated_answer"] + Self.questionColumns
        where !columns.contains(column) && runs.contains(where: { $0.columns.contains(column) }) {
            columns.append(column)
        }
        return columns
    }

    mutating func read(_ sink: ((JSONValue) throws -> Void)?) throws {
        if functions.isEmpty { return }
        let columns = columns
        func place(_ column: String) -> Int? { columns.firstIndex(of: column) }
        let readers = try runs.map { try RunRows($0, columns: columns, functions: functions) }
        pairs = functions.map(newPairs)
        differences = dataColumns.map { _ in DataDifference() }
        let dataPlaces = dataColumns.compactMap(place)
        let clusterPlaces = cluster.compactMap(place)
        let slicePlaces = options.sliceColumns.compactMap(place)
        let questionPlace = Self.questionColumns.compactMap(place).first ?? key.flatMap { $0.first.flatMap(place) }
        let answerPlace = place("generated_answer")

        var state = self
        func take(_ joined: JoinedRow) throws {
            let (a, b) = (joined.rows[0], joined.rows[1])
            for (index, place) in dataPlaces.enumerated() { state.compare(index, place, joined) }
            if let answerPlace, a.cells[answerPlace] == b.cells[answerPlace] { state.sameAnswers += 1 }
            var cluster = 0
            if !clusterPlaces.isEmpty { cluster = try state.cluster(of: a, clusterPlaces) }
            func text() -> String? { questionPlace.flatMap { a.cells[$0] }.map(Self.plainText) }
            for index in functions.indices {
                state.pairs[index].add(joined, index, cluster: cluster, text: text)
            }
            for (column, place) in slicePlaces.enumerated() {
                let value = a.cells[place].map(Self.plainText) ?? "(no value)"
                if state.slices[column][value] == nil { state.slices[column][value] = functions.map(newPairs) }
                for index in functions.indices {
                    state.slices[column][value]?[index].add(joined, index, cluster: cluster, text: { nil })
                }
            }
            if let sink { try sink(Self.line(joined, functions)) }
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

    private func newPairs(_ function: String) -> FunctionPairs {
        let wantsMedian = runs.contains { $0.aggregations(of: function)?.contains("median") ?? false }
        return FunctionPairs(
            isClustered: !cluster.isEmpty, regressions: options.regressions, keepsPairs: wantsMedian)
    }

    private mutating func compare(_ index: Int, _ place: Int, _ joined: JoinedRow) {
        let cells = joined.rows.map { $0.cells[place] }
        if cells[0] == cells[1] { return }
        let texts = cells.map { $0.map(canonicalText) ?? "null" }
        if texts[0] == texts[1] { return }
        if differences[index].rows == 0 {
            differences[index].firstKey = key == nil ? "row \(joined.key)" : joined.key
            (differences[index].a, differences[index].b) = (texts[0], texts[1])
        }
        differences[index].rows += 1
    }

    private mutating func cluster(of row: RunRow, _ places: [Int]) throws -> Int {
        let cells = places.map { row.cells[$0] }
        guard cells.allSatisfy({ $0 != nil }) else {
            throw RunError(
                "\(runs[0].path): row \(row.number): the column \(cluster.map(quoted).joined(separator: " and ")) is missing "
                    + "or null; with --cluster, every row needs a value")
        }
        let text = cells.map { $0.map(canonicalText) ?? "" }.joined(separator: "\u{0}")
        if let known = clusters[text] { return known }
        clusters[text] = clusters.count
        return clusters.count - 1
    }

    static func plainText(_ json: [UInt8]) -> String {
        let text = String(decoding: json, as: UTF8.self)
        return (try? JSONValue(parsing: text).string) ?? text
    }

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
        var changes = JSONObject()
        for (index, name) in functions.enumerated() {
            if case .number(let a) = joined.rows[0].scores[index], case .number(let b) = joined.rows[1].scores[index] {
                changes[name] = JSONValue(b - a)
            }
        }
        return [
            "key": (try? JSONValue(parsing: joined.key)) ?? .string(joined.key), "a": side(joined.rows[0]),
            "b": side(joined.rows[1]), "change": .object(changes),
        ]
    }

    // MARK: What rows show

    private mutating func conclude(_ readers: [RunRows]) throws {
        if join.matched == 0 {
            throw Refusal(
                .noCommonRows,
                "the runs have no row in common by \(key.map { $0.joined(separator: ",") } ?? "row number"); "
                    + suggestion(of: "--key COLUMN pairs them by the value of a column"))
        }
        let larger = readers.map(\.count).max() ?? 0
        if join.alone.reduce(0, +) * 20 > larger {
            warnings.append(
                Comparison.Warning(
                    code: "rows_missing",
                    message: "\(join.alone[0]) rows are only in A and \(join.alone[1]) only in B; they are left out"))
        }
        for (index, difference) in differences.enumerated() where difference.rows > 0 {
            let message =
                "\(quoted(dataColumns[index])) differs in \(difference.rows) of \(join.matched) rows, first "
                + "\(shortened(difference.firstKey)): \(shortened(difference.a)) and \(shortened(difference.b))"
            if key == nil {
                try refuse(
                    Refusal(
                        .dataDiffers,
                        "\(message). Rows are paired by number, so these may be different questions; "
                            + suggestion(of: "--key COLUMN pairs them by the value of a column")))
                continue
            }
            let affected = functions.filter { function in
                runs.contains { $0.columnsRead(by: function)?.contains(dataColumns[index]) ?? true }
            }
            for function in affected {
                if !(try allow(Refusal(.dataDiffers, function: function, message))),
                    let place = functions.firstIndex(of: function)
                {
                    functions.remove(at: place)
                    pairs.remove(at: place)
                    for column in slices.indices {
                        for value in slices[column].keys { slices[column][value]?.remove(at: place) }
                    }
                }
            }
        }
        if sameAnswers == join.matched, columns.contains("generated_answer") {
            notes.append("all answers are equal in A and B; what differs is the scoring")
        }
    }

    /// A hint at columns that may be keys.
    private func suggestion(of text: String) -> String {
        let candidates = ["id", "question_id", "key"] + Self.questionColumns
        guard let column = candidates.first(where: { name in runs.allSatisfy { $0.columns.contains(name) } }) else {
            return text
        }
        return "\(text), such as --key \(column)"
    }

    func comparison() -> Comparison {
        var comparison = Comparison(runs: runs)
        let summary = PairSummary(runs: runs, options: options, isClustered: !cluster.isEmpty)
        comparison.pairing = Comparison.Pairing(
            key: key, matched: join.matched, onlyInA: join.alone[0], onlyInB: join.alone[1])
        comparison.refusals = refusals
        comparison.warnings = warnings
        comparison.notes = notes
        comparison.adjustment = options.adjustment
        comparison.level = options.level
        comparison.margin = options.margin
        for (index, name) in functions.enumerated() {
            let pairs = pairs[index]
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
                slices[column].sorted { $0.key < $1.key }.compactMap { value, all in
                    summary.aggregations(of: name, all[index]).first.map {
                        Comparison.Slice(column: columnName, value: value, aggregation: $0)
                    }
                }
            }
            if pairs.unscoredP < 0.05 {
                comparison.warnings.append(
                    Comparison.Warning(
                        code: "unscored_uneven",
                        message:
                            "\(name): \(pairs.unscoredInA) rows have no score only in A, and \(pairs.unscoredInB) only "
                            + "in B; the remaining rows are a selection, and the bounds show what that may hide"))
            }
            comparison.functions.append(function)
        }
        comparison.adjust()
        return comparison
    }
}
