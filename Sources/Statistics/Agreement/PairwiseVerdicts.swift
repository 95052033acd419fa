import Glibc

/// What a pairwise judge says of two answers.
package enum PairwiseVerdict: String, Hashable, Sendable {
    case a = "A"
    case b = "B"
    case tie
}

/// Whether a pairwise judge prefers a place: each pair is asked in both orders, and verdicts are named by the answer that
/// won, not by its place.
package struct PositionBias: Sendable {
    /// Pairs with both verdicts.
    package private(set) var pairs = 0
    package private(set) var oneOrderOnly = 0
    package private(set) var flips = 0
    /// Flips where the answer that was shown first won both times, and where the second did.
    package private(set) var firstWins = 0
    package private(set) var secondWins = 0
    /// Both verdicts as one: what they agree on, else a tie (L. Zheng et al., "Judging LLM-as-a-judge", 2023).
    package private(set) var reduced: [PairwiseVerdict: Int] = [:]

    /// No pairs.
    package init() {}

    /// Adds a pair.
    ///
    /// - Parameters:
    ///   - first: the verdict with A shown first; nil where there is none.
    ///   - second: the verdict with B shown first.
    package mutating func add(_ first: PairwiseVerdict?, _ second: PairwiseVerdict?) {
        guard let first, let second else {
            if first != nil || second != nil { oneOrderOnly += 1 }
            return
        }
        pairs += 1
        reduced[first == second ? first : .tie, default: 0] += 1
        if first == second { return }
        flips += 1
        if first == .a, second == .b { firstWins += 1 }
        if first == .b, second == .a { secondWins += 1 }
    }

    package mutating func merge(_ other: PositionBias) {
        pairs += other.pairs
        oneOrderOnly += other.oneOrderOnly
        flips += other.flips
        firstWins += other.firstWins
        secondWins += other.secondWins
        reduced.merge(other.reduced, uniquingKeysWith: +)
    }

    package func write(to writer: inout StateWriter) {
        let verdicts = [PairwiseVerdict.a, .b, .tie].map { reduced[$0] ?? 0 }
        for count in [pairs, oneOrderOnly, flips, firstWins, secondWins] + verdicts { writer.append(count: count) }
    }

    package init(_ reader: inout StateReader) throws(StateFault) {
        pairs = try reader.count()
        oneOrderOnly = try reader.count()
        flips = try reader.count(limit: pairs)
        firstWins = try reader.count(limit: flips)
        secondWins = try reader.count(limit: flips - firstWins)
        for verdict in [PairwiseVerdict.a, .b, .tie] {
            let count = try reader.count(limit: pairs)
            if count > 0 { reduced[verdict] = count }
        }
        guard reduced.values.reduce(0, +) == pairs else { throw .invalid }
    }

    /// How often A wins, a tie being half a win, with the interval of a mean.
    package func winRate(level: Double = 0.95) -> Estimate {
        var scores = Moments()
        for (verdict, score) in [(PairwiseVerdict.a, 1.0), (.b, 0.0), (.tie, 0.5)] {
            scores.add(score, times: reduced[verdict] ?? 0)
        }
        return .realMean(of: scores, level: level)
    }

    package func flipRate(level: Double = 0.95) -> Estimate { .proportion(flips, of: pairs, level: level) }

    /// McNemar's mid-p of the two kinds of flips.
    package var p: Double { PairedBinary(onlyA: firstWins, onlyB: secondWins).p }

    /// B's wins and half of the ties, of all pairs.
    package var winRateOfB: Double? {
        pairs > 0 ? (Double(reduced[.b] ?? 0) + Double(reduced[.tie] ?? 0) / 2) / Double(pairs) : nil
    }
}

/// Strengths of several systems from verdicts on pairs of them (R. A. Bradley, M. E. Terry, 1952): P(i beats j) =
/// 1 / (1 + e^-(θi - θj)), by maximum likelihood, where a tie is half a win for each.
package struct BradleyTerry: Sendable {
    package struct Verdict: Sendable {
        package var question: Int
        package var a: Int
        package var b: Int
        package var winner: PairwiseVerdict

        package init(question: Int, a: Int, b: Int, winner: PairwiseVerdict) {
            self.question = question
            self.a = a
            self.b = b
            self.winner = winner
        }
    }

    /// They add up to 0.
    package let strengths: [Double]
    /// Of the difference of each to the first, clustered by question.
    package let errorsToFirst: [Double]

    /// 1000 + 400/ln 10 · (θ - θ of the first).
    package var ratings: [Double] { strengths.map { 1000 + 400 / log(10) * ($0 - strengths[0]) } }

    /// The errors in the unit of the ratings.
    package var ratingErrors: [Double] { errorsToFirst.map { 400 / log(10) * $0 } }

    /// Nil where strengths do not exist: unless every system has lost to every other, if only by way of others, one of
    /// them would be infinitely strong (L. R. Ford, 1957).
    package init?(systems: Int, _ verdicts: [Verdict]) {
        guard systems > 1, Self.isConnected(systems, verdicts) else { return nil }
        // The first is the reference, at 0.
        let free = systems - 1
        var theta = [Double](repeating: 0, count: systems)
        for _ in 0..<200 {
            let factor = choleskyFactor(Self.information(systems, verdicts, theta))
            var gradient = [Double](repeating: 0, count: free)
            for verdict in verdicts {
                let residual = Self.residual(verdict, theta)
                if verdict.a > 0 { gradient[verdict.a - 1] += residual }
                if verdict.b > 0 { gradient[verdict.b - 1] -= residual }
            }
            let step = solve(factor, gradient)
            let longest = step.map(\.magnitude).max() ?? 0
            guard longest.isFinite else { return nil }
            let scale = longest > 2 ? 2 / longest : 1
            for i in 0..<free { theta[i + 1] += scale * step[i] }
            if longest < 1e-12 { break }
        }
        let mean = theta.reduce(0, +) / Double(systems)
        strengths = theta.map { $0 - mean }
        errorsToFirst = [0] + Self.errors(systems, verdicts, theta)
    }

    private static func residual(_ verdict: Verdict, _ theta: [Double]) -> Double {
        let won =
            switch verdict.winner {
            case .a: 1.0
            case .b: 0.0
            case .tie: 0.5
            }
        return won - 1 / (1 + exp(theta[verdict.b] - theta[verdict.a]))
    }

    private static func information(_ systems: Int, _ verdicts: [Verdict], _ theta: [Double]) -> [[Double]] {
        var matrix = [[Double]](repeating: Array(repeating: 0, count: systems), count: systems)
        for verdict in verdicts {
            let p = 1 / (1 + exp(theta[verdict.b] - theta[verdict.a]))
            let weight = p * (1 - p)
            matrix[verdict.a][verdict.a] += weight
            matrix[verdict.b][verdict.b] += weight
            matrix[verdict.a][verdict.b] -= weight
            matrix[verdict.b][verdict.a] -= weight
        }
        return matrix.dropFirst().map { Array($0.dropFirst()) }
    }

    /// The sandwich estimator, clustered by question, times G/(G - 1).
    private static func errors(_ systems: Int, _ verdicts: [Verdict], _ theta: [Double]) -> [Double] {
        let free = systems - 1
        let factor = choleskyFactor(information(systems, verdicts, theta))
        var scores: [Int: [Double]] = [:]
        for verdict in verdicts {
            let residual = residual(verdict, theta)
            var score = scores[verdict.question] ?? [Double](repeating: 0, count: free)
            if verdict.a > 0 { score[verdict.a - 1] += residual }
            if verdict.b > 0 { score[verdict.b - 1] -= residual }
            scores[verdict.question] = score
        }
        var variances = [ExactSum](repeating: ExactSum(), count: free)
        for score in scores.values {
            let influence = solve(factor, score)
            for i in 0..<free { variances[i].add(product: influence[i], influence[i]) }
        }
        let groups = Double(scores.count)
        return variances.map { ($0.value * groups / max(1, groups - 1)).squareRoot() }
    }

    /// Whether every system reaches every other over "lost to".
    private static func isConnected(_ systems: Int, _ verdicts: [Verdict]) -> Bool {
        var lostTo = [[Int]](repeating: [], count: systems)
        var beat = lostTo
        for verdict in verdicts {
            if verdict.winner != .a {
                lostTo[verdict.a].append(verdict.b)
                beat[verdict.b].append(verdict.a)
            }
            if verdict.winner != .b {
                lostTo[verdict.b].append(verdict.a)
                beat[verdict.a].append(verdict.b)
            }
        }
        func reachesAll(_ edges: [[Int]]) -> Bool {
            var (seen, open) = (Set([0]), [0])
            while let system = open.popLast() {
                for next in edges[system] where seen.insert(next).inserted { open.append(next) }
            }
            return seen.count == systems
        }
        return reachesAll(lostTo) && reachesAll(beat)
    }
}
