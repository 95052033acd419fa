public import JSON
import ScoringCore
package import Statistics

/// What the verdicts of a pairwise judge say of several systems.
public struct SystemRatings: Sendable {
    package var run: SavedRun
    package var function: String
    /// In order of their names.
    package var systems: [String]
    package var verdicts = 0
    package var ties = 0
    /// Rows without a verdict.
    package var unscored = 0
    /// Wins of each system and half of its ties, of the pairs that it is in.
    package var winRates: [Estimate]
    /// 1000 for the first system, as of chess; nil where they do not exist.
    package var ratings: [Double]?
    /// Of the difference to the first.
    package var errors: [Double]?
    /// Why there are no ratings.
    package var reason: String?
    /// How often the longer of two answers won, of the pairs that were decided.
    package var longerWins: Estimate?
    package var level = 0.95

    /// Reads the verdicts of a run.
    ///
    /// - Parameters:
    ///   - columns: those that name the system whose answer is A, and the one whose answer is B.
    ///   - answers: the columns of the two answers, for their lengths.
    ///   - key: the columns that say which question a row is about; nil: each row is a question.
    public init(
        _ run: SavedRun, function wanted: String?, columns: (String, String),
        answers: (String, String) = ("generated_answer", "baseline_answer"), key: [String]?, level: Double = 0.95
    ) throws {
        self.run = run
        self.level = level
        guard let function = wanted ?? (run.functions.count == 1 ? run.functions.first : nil) else {
            throw RunError(
                "\(run.path): name the judge with --fn; the run has: \(run.functions.joined(separator: ", "))"
            )
        }
        guard run.functions.contains(function) else {
            throw RunError(
                "--fn \(function): the run has no such function; it has: \(run.functions.joined(separator: ", "))")
        }
        self.function = function
        let key = (key ?? []).filter { $0 != columns.0 && $0 != columns.1 }
        for name in [columns.0, columns.1] + key where !run.columns.contains(name) {
            throw RunError(
                "\(run.path): the rows have no column \(quoted(name)); they have: \(run.columns.joined(separator: ", "))"
            )
        }
        let hasAnswers = run.columns.contains(answers.0) && run.columns.contains(answers.1)
        let rows = try RunRows(
            run, columns: [columns.0, columns.1] + key + (hasAnswers ? [answers.0, answers.1] : []),
            functions: [function])
        var read: [(a: String, b: String, question: Int, winner: PairwiseVerdict)] = []
        var questions: [String: Int] = [:]
        var (longer, decided) = (0, 0)
        while let row = try rows.read() {
            guard let a = row.cells[0].map(Comparer.plainText), let b = row.cells[1].map(Comparer.plainText), a != b
            else {
                throw RunError(
                    "\(run.path): row \(row.number): \(quoted(columns.0)) and \(quoted(columns.1)) must name two systems"
                )
            }
            guard case .category(let text) = row.scores[0] else {
                if case .number = row.scores[0] {
                    throw RunError("\(run.path): row \(row.number): the score is a number; a verdict is A, B or tie")
                }
                unscored += 1
                continue
            }
            let name = keyText(key.indices.map { row.cells[2 + $0].map(canonicalText) ?? "null" })
            let question = key.isEmpty ? read.count : questions[name] ?? questions.count
            if !key.isEmpty { questions[name] = question }
            let winner = PairwiseVerdict(verdict: text)
            read.append((a, b, question, winner))
            guard hasAnswers, winner != .tie else { continue }
            let lengths = [0, 1].map { side in
                row.cells[2 + key.count + side].map { Comparer.plainText($0).unicodeScalars.count } ?? 0
            }
            guard lengths[0] != lengths[1] else { continue }
            decided += 1
            if (lengths[0] > lengths[1]) == (winner == .a) { longer += 1 }
        }
        systems = Set(read.flatMap { [$0.a, $0.b] }).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let places = Dictionary(uniqueKeysWithValues: systems.enumerated().map { ($1, $0) })
        var all: [BradleyTerry.Verdict] = []
        var shares: [[Int: ClusterSum]] = systems.map { _ in [:] }
        for verdict in read {
            guard let a = places[verdict.a], let b = places[verdict.b] else { continue }
            all.append(BradleyTerry.Verdict(question: verdict.question, a: a, b: b, winner: verdict.winner))
            let share = verdict.winner == .a ? 1 : verdict.winner == .b ? 0 : 0.5
            shares[a][verdict.question, default: ClusterSum()].add(share)
            shares[b][verdict.question, default: ClusterSum()].add(1 - share)
        }
        verdicts = all.count
        ties = all.count { $0.winner == .tie }
        winRates = shares.map { ClusteredMean($0.values).estimate(isBinary: false, level: level) }
        if hasAnswers { longerWins = .proportion(longer, of: decided, level: level) }
        if systems.count > 2 {
            let fit = BradleyTerry(systems: systems.count, all)
            (ratings, errors) = (fit?.ratings, fit?.ratingErrors)
            if fit == nil { reason = Self.reason(systems, all) }
        }
    }

    /// Who keeps strengths from existing.
    private static func reason(_ systems: [String], _ verdicts: [BradleyTerry.Verdict]) -> String {
        var (won, lost) = (Set<Int>(), Set<Int>())
        for verdict in verdicts {
            if verdict.winner != .b {
                won.insert(verdict.a)
                lost.insert(verdict.b)
            }
            if verdict.winner != .a {
                won.insert(verdict.b)
                lost.insert(verdict.a)
            }
        }
        let undefeated = systems.indices.filter { !lost.contains($0) }.map { systems[$0] }
        let winless = systems.indices.filter { !won.contains($0) }.map { systems[$0] }
        if !undefeated.isEmpty {
            return "\(undefeated.joined(separator: ", ")) never lost, so ratings cannot be computed"
        }
        if !winless.isEmpty {
            return "\(winless.joined(separator: ", ")) never won, so ratings cannot be computed"
        }
        return "some systems never lost to others, directly or indirectly, so ratings cannot be computed"
    }
}

extension SystemRatings {
    /// The systems, the best first.
    private var order: [Int] {
        systems.indices.sorted { one, other in
            let values = [one, other].map { ratings?[$0] ?? winRates[$0].value ?? 0 }
            return (-values[0], one) < (-values[1], other)
        }
    }

    /// For people to read.
    public var text: String {
        var lines = ["\(run.path)  \(function)"]
        var counts = "\(counted(verdicts, "verdict")) on \(counted(systems.count, "system")), \(counted(ties, "tie"))"
        if unscored > 0 { counts += "; \(counted(unscored, "row")) without a verdict" }
        lines += [counts, ""]
        var rows = [
            ["", "", "wins", "\(percent(level)) interval"] + (ratings == nil ? [] : ["rating", "± to \(systems[0])"])
        ]
        for place in order {
            let rate = winRates[place]
            var row = [
                "", shortened(systems[place], to: 40), rate.value.map(fixed) ?? "–",
                rate.interval.map { "\(fixed($0.lower)) … \(fixed($0.upper))" } ?? "–",
            ]
            if let ratings {
                row.append(String(Int(ratings[place].rounded())))
                row.append(place == 0 ? "" : String(Int((errors?[place] ?? 0).rounded())))
            }
            rows.append(row)
        }
        lines += Ranking.aligned(rows)
        if let reason { lines += ["", "No ratings: \(reason)."] }
        if let longerWins, let value = longerWins.value, let interval = longerWins.interval {
            lines += [
                "",
                "The longer answer won \(fixed(value)) of the decided pairs "
                    + "(\(fixed(interval.lower)) … \(fixed(interval.upper))).",
            ]
        }
        lines += [
            "", "A tie is half a win for each. Ratings are Bradley–Terry strengths, 400 points for odds of 10 to 1.",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    /// `{"systems": [{"name", "win_rate", "rating", "standard_error_to_first"}], …}`; what is undefined is null, with a reason.
    public var json: JSONValue {
        var json: JSONObject = [
            "function": .string(function), "verdicts": JSONValue(verdicts), "ties": JSONValue(ties),
            "unscored": JSONValue(unscored),
            "systems": .array(
                order.map { place in
                    [
                        "name": .string(systems[place]), "win_rate": winRates[place].comparisonJSON,
                        "rating": JSONValue(ratings?[place]), "standard_error_to_first": JSONValue(errors?[place]),
                    ]
                }),
            "first": systems.first.map { .string($0) } ?? .null,
            "longer_wins": longerWins?.comparisonJSON ?? .null,
        ]
        if let reason { json["reason"] = .string(reason) }
        return .object(json)
    }
}
