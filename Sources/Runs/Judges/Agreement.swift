import JSON
package import Statistics

/// How agreement is measured.
public struct AgreementOptions: Sendable {
    public var key: [String]?
    /// The functions whose scores are judgements; empty: all that the runs have in common.
    public var functions: [String] = []
    /// `COLUMN`, `FILE` or `FILE:COLUMN`; nil: judges are compared with one another.
    public var labels: String?
    public var labelMap: [(String, String)] = []
    /// What judgements and labels mean; nil: as the data show.
    package var level: KrippendorffAlpha.Level?
    package var weights = Kappa.Weights.quadratic
    /// Numbers from here on are 1, the others 0.
    public var threshold: Double?
    /// How many disagreements are kept.
    public var disagreements = 3
    public var confidence = 0.95
    /// The column that tells the order of two answers, for pairs whose rows hold one order each.
    public var swapColumn: String?
    /// Whether the votes in the rows are held against one another.
    public var comparesVotes = false

    public init() {}
}

/// How far judgements agree with labels, or with one another.
public struct Agreement: Sendable {
    package struct Disagreement: Sendable {
        package var row: Int
        package var label: String
        package var judgement: String
        package var text: String?
    }

    /// A judge against labels, or against another judge.
    package struct Pair: Sendable {
        package var name: String
        package var level: KrippendorffAlpha.Level
        package var rows: Int
        /// Rows with a label and without a judgement, by outcome.
        package var unjudged: [(outcome: String, count: Int)]
        package var unlabelled: Int
        package var agreement: Estimate
        package var labels: [String]
        package var table: ConfusionTable?
        package var kappa: Estimate?
        package var weights: Kappa.Weights
        /// Judgements less labels; for two categories, how often the second is given.
        package var bias: PairedResult?
        package var biasOf: String?
        package var means: (label: Double?, judge: Double?)
        package var meanAbsoluteError: Double?
        package var correlations: Correlations?
        package var disagreements: [Disagreement]
        package var disagreementCount: Int
    }

    package var pairs: [Pair] = []
    /// Of all judges, where there are several and no labels.
    package var alpha: Estimate?
    package var alphaLevel: KrippendorffAlpha.Level?
    package var judges: [String] = []
    package var hasLabels = false
    /// How far judges agree with themselves.
    package var consistency: [JudgeConsistency] = []
    package var warnings: [Comparison.Warning] = []
    package var confidence = 0.95

    /// Compares the judgements of runs with labels, or with one another.
    ///
    /// - Throws: `Refusal` where rows do not belong together, and `RunError` where something cannot be read.
    public init(_ runs: [SavedRun], options: AgreementOptions) throws {
        let common = runs.dropFirst().reduce(Set(runs[0].functions)) { $0.intersection($1.functions) }
        let functions = options.functions.isEmpty ? runs[0].functions.filter(common.contains) : options.functions
        for function in functions where !common.contains(function) {
            throw RunError(
                "--fn \(function): not in every run; all have: \(common.sorted().joined(separator: ", "))")
        }
        let saved = runs.compactMap(\.key)
        let key = options.key ?? (saved.count == runs.count && Set(saved).count == 1 ? saved.first : nil)
        for name in key ?? [] {
            if let run = runs.first(where: { !$0.columns.contains(name) }) {
                throw RunError(
                    "\(run.path): the rows have no column \(quoted(name)); they have: "
                        + run.columns.joined(separator: ", "))
            }
        }
        let labels = try options.labels.map {
            try Labels(
                $0, columns: runs[0].columns, key: key, map: options.labelMap, threshold: options.threshold)
        }
        let judges = runs.flatMap { run in
            functions.map { runs.count == 1 ? $0 : functions.count == 1 ? run.name : "\(run.name) \($0)" }
        }
        self.judges = judges
        confidence = options.confidence
        consistency = try Self.consistency(runs, functions, judges, key, options)
        guard labels != nil || judges.count > 1 else {
            if !consistency.isEmpty { return }
            throw RunError(
                "one judge alone cannot be compared; name the labels with --labels COLUMN or --labels FILE, or a second "
                    + "function or run. A judge with \"swap\" or votes is compared with itself; rows in both orders need "
                    + "--swap COLUMN")
        }
        let question = ["input_query", "question", "prompt"].first { name in runs[0].columns.contains(name) }
        var columns = key ?? []
        for name in [labels?.byKey == nil ? labels?.column : nil, question, "generated_answer"] {
            if let name, runs[0].columns.contains(name), !columns.contains(name) { columns.append(name) }
        }
        let readers = try runs.map { try RunRows($0, columns: columns, functions: functions) }
        var join = RunJoin(runs, key: key)
        let labelPlace = labels.flatMap { columns.firstIndex(of: $0.column) }
        let textPlace = question.flatMap { columns.firstIndex(of: $0) }
        var raters: [[RunScore?]] = (judges + (labels == nil ? [] : ["label"])).map { _ in [] }
        var outcomes: [[String: Int]] = judges.map { _ in [:] }
        var rowNumbers: [Int] = []
        var texts: [String?] = []
        try join.forEach(readers) { joined in
            let label = labels.flatMap {
                $0.label(key: joined.key, cell: labelPlace.flatMap { joined.rows[0].cells[$0] })
            }
            for (index, score) in joined.rows.flatMap(\.scores).enumerated() {
                if case .missing(let outcome) = score {
                    raters[index].append(nil)
                    if labels == nil || label != nil { outcomes[index][outcome, default: 0] += 1 }
                } else {
                    raters[index].append(options.threshold.map { score.split(at: $0) } ?? score)
                }
            }
            if labels != nil { raters[judges.count].append(label) }
            rowNumbers.append(joined.rows[0].number)
            let cell = textPlace.flatMap { joined.rows[0].cells[$0] }
            texts.append(cell.map { shortened(String(decoding: $0, as: UTF8.self), to: 60) })
        }
        hasLabels = labels != nil
        let measure = Measure(options: options, rows: rowNumbers, texts: texts)
        if labels != nil {
            for (index, judge) in judges.enumerated() {
                pairs.append(
                    try measure.pair(judge, labels: raters[judges.count], judgements: raters[index], outcomes[index]))
            }
            warnOfStrangers(options.labels ?? "")
        } else {
            for i in judges.indices {
                for j in judges.indices where j > i {
                    pairs.append(
                        try measure.pair(
                            "\(judges[i]) and \(judges[j])", labels: raters[i], judgements: raters[j], [:]))
                }
            }
            (alpha, alphaLevel) = measure.alpha(raters)
        }
    }

    /// How far each judge agrees with itself, as far as the rows tell.
    private static func consistency(
        _ runs: [SavedRun], _ functions: [String], _ judges: [String], _ key: [String]?, _ options: AgreementOptions
    ) throws -> [JudgeConsistency] {
        var all: [JudgeConsistency] = []
        let pairs = runs.flatMap { run in functions.map { (run, $0) } }
        for (name, (run, function)) in zip(judges, pairs) {
            if let column = options.swapColumn {
                guard let key else {
                    throw RunError("--swap \(column): the rows of a pair have one key; name it with --key COLUMN")
                }
                all.append(
                    try JudgeConsistency(
                        run, function: function, name: name, orderColumn: column, key: key.filter { $0 != column }))
                continue
            }
            var found = try JudgeConsistency(run, function: function, name: name)
            if !options.comparesVotes && options.labels != nil { found.votes = nil }
            if options.comparesVotes && found.votes == nil {
                throw RunError("--votes: \(name) has one vote in each row; a judge with \"votes\" has several")
            }
            if found.position != nil || found.votes != nil { all.append(found) }
        }
        return all
    }

    /// A label that no judgement has, or the other way round, is often a misspelling.
    private mutating func warnOfStrangers(_ source: String) {
        for pair in pairs {
            guard let table = pair.table else { continue }
            let judged = pair.labels.indices.map { j in table.table.reduce(0) { $0 + $1[j] } }
            for (index, name) in pair.labels.enumerated() {
                let isLabel = table.support[index] > 0
                guard isLabel != (judged[index] > 0) else { continue }
                warnings.append(
                    Comparison.Warning(
                        code: "unmatched_category",
                        message: isLabel
                            ? "\(pair.name): no judgement is \(quoted(shortened(name))), which \(table.support[index]) labels "
                                + "are; --map-label OLD=NEW merges two names"
                            : "\(pair.name): no label is \(quoted(shortened(name))), which \(judged[index]) judgements are; "
                                + "--map-label OLD=NEW merges two names"))
            }
        }
    }
}

/// The work of an agreement.
private struct Measure {
    let options: AgreementOptions
    let rows: [Int]
    let texts: [String?]

    func pair(
        _ name: String, labels: [RunScore?], judgements: [RunScore?], _ outcomes: [String: Int]
    ) throws -> Agreement.Pair {
        let both = labels.indices.filter { labels[$0] != nil && judgements[$0] != nil }
        let pairs = both.compactMap { row in
            labels[row].flatMap { label in judgements[row].map { (label: label, judgement: $0, row: row) } }
        }
        let level = self.level(pairs.flatMap { [$0.label, $0.judgement] })
        if level != .nominal, pairs.contains(where: { $0.label.number == nil || $0.judgement.number == nil }) {
            throw RunError("\(name): a judgement or a label is text, but --level \(level.rawValue) needs numbers")
        }
        let values = Set(pairs.flatMap { [$0.label, $0.judgement] }).sorted(by: Self.isBefore)
        var table: ConfusionTable?
        var kappa: Estimate?
        if level != .interval, values.count <= 100 {
            let places = Dictionary(uniqueKeysWithValues: values.enumerated().map { ($1, $0) })
            var counts = values.map { _ in values.map { _ in 0 } }
            for pair in pairs {
                if let i = places[pair.label], let j = places[pair.judgement] { counts[i][j] += 1 }
            }
            table = ConfusionTable(counts)
            kappa = Kappa.estimate(
                counts, values: values.map { $0.number ?? 0 }, weights: level == .ordinal ? options.weights : .none,
                level: options.confidence)
        }
        var differences = PairedDifferences()
        var distances = Moments()
        var bias: PairedResult?
        var biasOf: String?
        if level != .nominal {
            for pair in pairs {
                let (label, judgement) = (pair.label.number ?? 0, pair.judgement.number ?? 0)
                differences.add(label, judgement)
                distances.add((judgement - label).magnitude)
            }
            bias = differences.result(level: options.confidence)
        } else if values.count == 2 {
            for pair in pairs {
                differences.add(pair.label == values[1] ? 1 : 0, pair.judgement == values[1] ? 1 : 0)
            }
            bias = differences.result(level: options.confidence)
            biasOf = values[1].name
        }
        let unequal = pairs.filter { $0.label != $0.judgement }
        return Agreement.Pair(
            name: name, level: level, rows: pairs.count,
            unjudged: outcomes.sorted { $0.key < $1.key }.map { ($0.key, $0.value) },
            unlabelled: labels.indices.count { labels[$0] == nil && judgements[$0] != nil },
            agreement: .proportion(pairs.count - unequal.count, of: pairs.count, level: options.confidence),
            labels: values.map(\.name), table: table.flatMap { $0.table.count <= 11 ? $0 : nil }, kappa: kappa,
            weights: level == .ordinal ? options.weights : .none, bias: bias, biasOf: biasOf,
            means: (differences.a.mean(), differences.b.mean()), meanAbsoluteError: distances.mean(),
            correlations: level == .nominal
                ? nil
                : Correlations(
                    pairs.compactMap(\.label.number), pairs.compactMap(\.judgement.number), level: options.confidence),
            disagreements: unequal.prefix(options.disagreements).map {
                Agreement.Disagreement(
                    row: rows[$0.row], label: $0.label.name, judgement: $0.judgement.name, text: texts[$0.row])
            }, disagreementCount: unequal.count)
    }

    /// Krippendorff's alpha of all raters.
    func alpha(_ raters: [[RunScore?]]) -> (Estimate, KrippendorffAlpha.Level) {
        let ratings = raters.flatMap { $0.compactMap(\.self) }
        let level = self.level(ratings)
        let places = Dictionary(
            uniqueKeysWithValues: Set(ratings).sorted(by: Self.isBefore).enumerated().map { ($1, Double($0)) })
        let units = rows.indices.map { row in
            raters.compactMap { $0[row] }.map { level == .nominal ? places[$0] ?? 0 : $0.number ?? places[$0] ?? 0 }
        }
        let bootstrap = Bootstrap(level: options.confidence)
        guard units.count <= FunctionPairs.resampledPairs else {
            let alpha = KrippendorffAlpha(units, level: level)
            return (Estimate(alpha.alpha, reason: alpha.reason ?? "too many rows to resample"), level)
        }
        return (KrippendorffAlpha.estimate(units, level: level, bootstrap: bootstrap).estimate, level)
    }

    private func level(_ values: [RunScore]) -> KrippendorffAlpha.Level {
        if let level = options.level { return level }
        let numbers = Set(values.compactMap(\.number))
        if values.contains(where: { $0.number == nil }) || numbers.isSubset(of: [0, 1]) { return .nominal }
        return numbers.count <= 11 && numbers.allSatisfy { $0 == $0.rounded() } ? .ordinal : .interval
    }

    private static func isBefore(_ one: RunScore, _ other: RunScore) -> Bool {
        switch (one.number, other.number) {
        case (let a?, let b?): a < b
        case (.some, nil): true
        case (nil, .some): false
        case (nil, nil): one.name < other.name
        }
    }
}

extension Agreement {
    /// The values that requirements may name.
    public static let requirableValues = [
        "agreement", "agreement.lower", "agreement.upper", "kappa", "kappa.lower", "kappa.upper", "alpha",
        "alpha.lower", "alpha.upper", "spearman", "spearman.lower", "spearman.upper", "bias", "bias.lower",
        "bias.upper", "flip_rate", "flip_rate.lower", "flip_rate.upper",
    ]

    /// Checks a requirement for each judge that it names.
    public func check(_ requirement: Requirement) -> [CheckedRequirement] {
        let parts = requirement.value.split(separator: ".")
        func value(_ estimate: Estimate?) -> Double? {
            switch parts.last {
            case "lower": estimate?.interval?.lower
            case "upper": estimate?.interval?.upper
            default: estimate?.value
            }
        }
        if parts.first == "alpha" {
            return [
                CheckedRequirement(
                    requirement, function: requirement.function, value: value(alpha),
                    reason: alpha.map { $0.reason ?? "not defined" } ?? "alpha needs several judges without labels")
            ]
        }
        if parts.first == "flip_rate" {
            let judges = consistency.filter { requirement.function == "*" || $0.name == requirement.function }
            guard !judges.isEmpty else {
                return [
                    CheckedRequirement(
                        requirement, function: requirement.function, value: nil,
                        reason: "the judge was not asked in both orders")
                ]
            }
            return judges.map { judge in
                let rate = judge.position?.flipRate(level: confidence)
                return CheckedRequirement(
                    requirement, function: judge.name, value: value(rate),
                    reason: rate.map { $0.reason ?? "not defined" } ?? "the judge was not asked in both orders")
            }
        }
        let named = pairs.filter { requirement.function == "*" || $0.name == requirement.function }
        guard !named.isEmpty else {
            return [
                CheckedRequirement(
                    requirement, function: requirement.function, value: nil, reason: "no judge has this name")
            ]
        }
        return named.map { pair in
            let estimate: Estimate? =
                switch parts.first {
                case "agreement": pair.agreement
                case "kappa": pair.kappa
                case "spearman": pair.correlations?.spearman
                default: pair.bias.map { Estimate($0.difference, interval: $0.interval, reason: $0.reason) }
                }
            return CheckedRequirement(
                requirement, function: pair.name, value: value(estimate), reason: estimate?.reason)
        }
    }
}
