public import JSON
package import Statistics

/// What the comparison of three or more runs came to, over the rows that all of them have scored.
public struct Ranking: Sendable {
    package struct Function: Sendable {
        package var identifier: String
        package var aggregations: [Aggregation] = []
        /// Rows that some run has not scored.
        package var leftOut = 0
        /// The rows that each run has not scored.
        package var unscored: [Int] = []
        package var slices: [Slice] = []
    }

    package struct Aggregation: Sendable {
        package var name: String
        /// Of each run.
        package var runs: [Estimate]
        /// The ranks that each run may have; nil where not all pairs were tested.
        package var ranks: [ClosedRange<Int>]?
        package var pairs: [Pair]

        /// The runs, the best first; those without a value, last.
        package var order: [Int] {
            runs.indices.sorted {
                (-(runs[$0].value ?? -.infinity), $0) < (-(runs[$1].value ?? -.infinity), $1)
            }
        }
    }

    /// Two of the runs.
    package struct Pair: Sendable {
        package var a: Int
        package var b: Int
        package var comparison: Comparison.Aggregation
    }

    package struct Slice: Sendable {
        package var column: String
        package var value: String
        package var aggregation: Aggregation
    }

    package var runs: [SavedRun]
    /// The columns of the key; nil: row numbers.
    package var key: [String]?
    /// Rows that every run has.
    package var matched = 0
    /// The rows of each run that some other does not have.
    package var alone: [Int]
    package var functions: [Function] = []
    package var refusals: [Refusal] = []
    package var warnings: [Comparison.Warning] = []
    package var notes: [String] = []
    package var adjustment = Adjustment.holm
    package var tests = 0
    package var level = 0.95
    package var power = 0.8
    package var againstFirst = false

    /// Whether something was refused.
    public var hasRefusals: Bool { !refusals.isEmpty }

    /// A, B, …, Z, AA, …
    package static func letter(_ index: Int) -> String {
        let last = String(UnicodeScalar(UInt8(ascii: "A") + UInt8(index % 26)))
        return index < 26 ? last : letter(index / 26 - 1) + last
    }
}

extension Ranking {
    /// Compares three or more runs with one another, or with the first.
    ///
    /// - Parameter row: takes every row that was compared, as a JSON object.
    /// - Throws: `Refusal` where nothing can be compared, and `RunError` where a run cannot be read.
    public init(
        _ runs: [SavedRun], options: ComparisonOptions = ComparisonOptions(),
        row: ((JSONValue) throws -> Void)? = nil
    ) throws {
        precondition(runs.count > 1, "There must be runs to compare.")
        // What got worse is between two runs.
        var options = options
        options.regressions = 0
        var comparer = try Comparer(runs, options)
        try comparer.read(row)
        self.runs = runs
        key = comparer.checks.key
        matched = comparer.join.matched
        alone = comparer.join.alone
        refusals = comparer.checks.refusals
        warnings = comparer.checks.warnings
        notes = comparer.checks.notes
        adjustment = options.adjustment
        level = options.level
        power = options.power
        againstFirst = options.againstFirst
        for (index, name) in comparer.checks.functions.enumerated() {
            let scores = comparer.functions[index]
            var function = Function(identifier: name)
            function.leftOut = scores.leftOut
            function.unscored = scores.unscored
            function.aggregations = Self.aggregations(of: name, scores, comparer.summary)
            function.slices = options.sliceColumns.enumerated().flatMap { column, columnName in
                comparer.sorted(comparer.slices[column]).compactMap { value, all in
                    Self.aggregations(of: name, all[index], comparer.summary).first.map {
                        Slice(column: columnName, value: value, aggregation: $0)
                    }
                }
            }
            for (place, pairs) in zip(scores.places, scores.pairs) {
                let letters = (Self.letter(place.a), Self.letter(place.b))
                if let warning = comparer.unevenWarning(name, pairs, letters) { warnings.append(warning) }
            }
            functions.append(function)
        }
        conclude(margin: options.margin)
    }

    private static func aggregations(
        of function: String, _ scores: FunctionRuns, _ summary: PairSummary
    ) -> [Aggregation] {
        // The aggregations of each pair, which are the same.
        let pairs = scores.pairs.map { summary.aggregations(of: function, $0) }
        return (pairs.first ?? []).indices.map { index in
            let own = zip(scores.places, pairs).map { place, all in
                Pair(a: place.a, b: place.b, comparison: all[min(index, all.count - 1)])
            }
            // Every run is compared with the first.
            let others = own.filter { $0.a == 0 }
            return Aggregation(
                name: own[0].comparison.name, runs: [others[0].comparison.a] + others.map(\.comparison.b),
                pairs: own)
        }
    }

    /// Adjusts p values, of all pairs and functions as one family and of slices as another, and concludes.
    private mutating func conclude(margin: Double?) {
        let alpha = 1 - level
        let p = functions.flatMap { $0.aggregations.flatMap { $0.pairs.map(\.comparison.difference.p) } }
        tests = p.count { $0 != nil }
        var adjusted = adjustment.adjust(p)[...]
        let sliceP = functions.flatMap { $0.slices.flatMap { $0.aggregation.pairs.map(\.comparison.difference.p) } }
        var adjustedSlices = (adjustment == .none ? Adjustment.none : .bh).adjust(sliceP)[...]
        for f in functions.indices {
            for a in functions[f].aggregations.indices {
                functions[f].aggregations[a].conclude(&adjusted, alpha, margin, ranks: !againstFirst)
            }
            for s in functions[f].slices.indices {
                functions[f].slices[s].aggregation.conclude(&adjustedSlices, alpha, margin, ranks: !againstFirst)
            }
        }
    }
}

extension Ranking.Aggregation {
    fileprivate mutating func conclude(
        _ adjusted: inout ArraySlice<Double?>, _ alpha: Double, _ margin: Double?, ranks isRanked: Bool
    ) {
        for index in pairs.indices {
            pairs[index].comparison.pAdjusted = adjusted.removeFirst()
            pairs[index].comparison.conclude(alpha: alpha, margin: margin)
        }
        guard isRanked, runs.contains(where: { $0.value != nil }) else { return }
        ranks = rankIntervals(
            runs: runs.count,
            pairs: pairs.map { pair in
                // A difference that was found, by whatever test.
                let isBetter = pair.comparison.isBBetter(alpha: alpha)
                return (pair.a, pair.b, isBetter.map { $0 ? 1 : -1 }, isBetter == nil ? nil : 0)
            }, alpha: alpha)
    }
}

extension Ranking {
    /// Checks a requirement for each run after the first, against the first.
    public func check(_ requirement: Requirement) -> [CheckedRequirement] {
        runs.indices.dropFirst().flatMap { index -> [CheckedRequirement] in
            comparison(with: index).check(requirement).map { checked in
                var checked = checked
                checked.function += ", \(Self.letter(index)) against A"
                return checked
            }
        }
    }

    /// The comparison of a run with the first.
    private func comparison(with run: Int) -> Comparison {
        var comparison = Comparison(runs: [runs[0], runs[run]])
        comparison.pairing = Comparison.Pairing(key: key, matched: matched, onlyInA: alone[0], onlyInB: alone[run])
        comparison.refusals = refusals
        comparison.functions = functions.map { function in
            Comparison.Function(
                identifier: function.identifier,
                aggregations: function.aggregations.compactMap { aggregation in
                    aggregation.pairs.first { $0.a == 0 && $0.b == run }?.comparison
                })
        }
        return comparison
    }
}
