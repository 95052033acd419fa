import JSON
import ScoringCore
package import Statistics

/// How far a judge agrees with itself: over several votes on a row, and over both orders of two answers.
public struct JudgeConsistency: Sendable {
    /// The function, and the run where there are several.
    package var name: String
    /// Of verdicts on pairs that were asked in both orders.
    package var position: PositionBias?
    /// Of several votes.
    package var votes: SelfConsistency?

    /// The pairs of orders of a run whose rows hold one order each.
    ///
    /// - Parameters:
    ///   - column: tells which order a row has: two values, in the first of which (by value) A is shown first.
    ///   - key: the columns that say which pair a row is about.
    init(_ run: SavedRun, function: String, name: String, orderColumn column: String, key: [String]) throws {
        self.name = name
        for name in key + [column] where !run.columns.contains(name) {
            throw RunError(
                "\(run.path): the rows have no column \(quoted(name)); they have: \(run.columns.joined(separator: ", "))"
            )
        }
        let rows = try RunRows(run, columns: key + [column], functions: [function])
        var orders: [String: [String: RunScore]] = [:]
        var values: Set<String> = []
        while let row = try rows.read() {
            let parts = row.cells.map { $0.map(canonicalText) }
            guard let order = parts[key.count], !parts.contains(nil) else {
                throw Refusal(
                    .missingKey,
                    "\(run.path): row \(row.number) has no value in "
                        + (key + [column]).map(quoted).joined(separator: " or "))
            }
            let pair = keyText(parts.dropLast().compactMap(\.self))
            values.insert(order)
            guard orders[pair, default: [:]].updateValue(row.scores[0], forKey: order) == nil else {
                throw Refusal(
                    .duplicateKey,
                    "\(run.path): row \(row.number): the pair \(shortened(pair)) has the order \(shortened(order)) "
                        + "twice")
            }
        }
        let names = values.map { OrderedKey($0) }.sorted().map(\.text)
        guard names.count == 2 else {
            throw RunError(
                "--swap \(column): the column has \(names.count) values, but a pair has two orders; expected two values"
            )
        }
        var position = PositionBias()
        for pair in orders.values {
            // Verdicts are of places; in the other order, A is what was shown second.
            position.add(Self.verdict(pair[names[0]]), Self.verdict(pair[names[1]]).map(\.exchanged))
        }
        self.position = position
    }

    /// What the rows of a run hold: the votes, and the orders of a judge with `swap`.
    init(_ run: SavedRun, function: String, name: String) throws {
        self.name = name
        let rows = try RunRows(run, columns: [], functions: [function], scoreMembers: ["orders", "votes"])
        var position = PositionBias()
        var hasOrders = false
        var votes: [[Double]] = []
        var places: [JSONValue: Double] = [:]
        while let row = try rows.read() {
            if let pair = row.members[0].flatMap(Self.array), pair.count == 2 {
                hasOrders = true
                let verdicts = pair.map { $0.string.flatMap { PairwiseVerdict(rawValue: $0) } }
                position.add(verdicts[0], verdicts[1])
            }
            guard let list = row.members[1].flatMap(Self.array) else { continue }
            // Votes on one order; those on the other are of another prompt.
            let own = list.filter { $0["order"]?.string != "BA" }.compactMap { $0["score"] }.filter { $0 != .null }
            guard own.count > 1 else { continue }
            votes.append(
                own.map { score in
                    let place = places[score] ?? Double(places.count)
                    places[score] = place
                    return place
                })
        }
        self.position = hasOrders ? position : nil
        self.votes = votes.isEmpty ? nil : SelfConsistency(votes)
    }

    private static func array(_ json: [UInt8]) -> [JSONValue]? {
        (try? JSONValue(parsing: String(decoding: json, as: UTF8.self)))?.array
    }

    private static func verdict(_ score: RunScore?) -> PairwiseVerdict? {
        guard case .category(let text)? = score else { return nil }
        return PairwiseVerdict(verdict: text)
    }
}

extension PairwiseVerdict {
    /// A verdict as a judge writes it: A, B, or anything else for a tie.
    init(verdict text: String) {
        self = text == "A" || text == "a" ? .a : text == "B" || text == "b" ? .b : .tie
    }

    /// The verdict with the answers in each other's place.
    var exchanged: PairwiseVerdict {
        switch self {
        case .a: .b
        case .b: .a
        case .tie: .tie
        }
    }
}

extension JudgeConsistency {
    var text: [String] {
        var rows: [(String, String)] = []
        func interval(_ estimate: Estimate) -> String {
            estimate.interval.map { "   \(fixed($0.lower)) … \(fixed($0.upper))" } ?? ""
        }
        if let position {
            let rate = position.flipRate()
            rows.append(("flips", rate.value.map { fixed($0) + interval(rate) } ?? "–"))
            rows.append(
                (
                    "  first place wins",
                    "\(grouped(position.firstWins)) of \(grouped(position.flips)) flips; the second "
                        + "\(grouped(position.secondWins))   p \(pText(position.p))"
                ))
            let rateOfA = position.winRate()
            rows.append(("A wins", (rateOfA.value.map { fixed($0) } ?? "–") + interval(rateOfA) + "   ties count half"))
        }
        if let votes {
            rows.append(("equal votes", votes.pairwiseAgreement.map(fixed) ?? "–"))
            rows.append(("unanimous", "\(grouped(votes.unanimous)) of \(grouped(votes.rows)) rows"))
            rows.append(
                ("alpha of votes", votes.alpha.alpha.map(fixed) ?? "– (\(votes.alpha.reason ?? "not defined"))"))
        }
        let width = rows.map(\.0.count).max() ?? 0
        var header = "\(name) with itself"
        if let position {
            header += ": \(counted(position.pairs, "pair")) in both orders"
            if position.oneOrderOnly > 0 { header += ", \(grouped(position.oneOrderOnly)) in one order only" }
        }
        return [header] + rows.map { "  \($0.0.padded(to: width))  \($0.1)" }
    }

    var json: JSONValue {
        var json = JSONObject()
        if let position {
            json["position"] = [
                "pairs": JSONValue(position.pairs), "one_order_only": JSONValue(position.oneOrderOnly),
                "flips": JSONValue(position.flips), "flip_rate": position.flipRate().comparisonJSON,
                "first_wins_flips": JSONValue(position.firstWins),
                "second_wins_flips": JSONValue(position.secondWins), "position_p": JSONValue(position.p),
                "win_rate": position.winRate().comparisonJSON,
            ]
        }
        if let votes {
            json["votes"] = [
                "rows": JSONValue(votes.rows), "pairwise_agreement": JSONValue(votes.pairwiseAgreement),
                "unanimous": JSONValue(votes.unanimous), "majority_share": JSONValue(votes.majorityShare),
                "alpha": JSONValue(votes.alpha.alpha),
            ]
        }
        return .object(json)
    }
}
