import Datasets
import JSON
import ScorerHost
import ScoringCore
import ScoringDefinitions

/// A value of a grouping column.
enum GroupKey: Hashable, Sendable {
    case value(JSONValue)
    /// The row has no value, or null.
    case missing
}

/// The values of a column in a chunk, or those of several columns together.
struct ChunkGroups {
    /// Each once, in the order of their first rows.
    private(set) var keys: [GroupKey] = []
    /// The index of each row's value in `keys`.
    private(set) var rows: [Int] = []

    init(_ columns: [Int], of batch: RowBatch) {
        var places: [[String]: Int] = [:]
        var placesOfKeys: [GroupKey: Int] = [:]
        rows.reserveCapacity(batch.count)
        for row in 0..<batch.count {
            let texts = columns.map { column in
                batch.states(column)[row] == CellState.value.rawValue
                    ? String(decoding: batch.text(column, row: row), as: UTF8.self) : ""
            }
            if let place = places[texts] {
                rows.append(place)
                continue
            }
            // The same value may be written in several ways.
            let key = Self.key(texts)
            let place = placesOfKeys[key] ?? keys.count
            if place == keys.count { keys.append(key) }
            places[texts] = place
            placesOfKeys[key] = place
            rows.append(place)
        }
    }

    /// The first readable row without a value.
    func firstRowWithout(in batch: RowBatch) -> Int? {
        guard let missing = keys.firstIndex(of: .missing) else { return nil }
        return rows.indices.first { rows[$0] == missing && batch.isReadable($0) }
    }

    /// - Parameter texts: the JSON of each column's value; no JSON is empty.
    private static func key(_ texts: [String]) -> GroupKey {
        if texts.contains("") { return .missing }
        // Which of two equal values comes first must not matter.
        let values = texts.map { ((try? JSONValue(parsing: $0)) ?? .string($0)).canonical }
        return .value(values.count == 1 ? values[0] : .array(values))
    }
}

/// The values of one column that are aggregated separately: the first ones in the order of the rows.
struct GroupRegistry: Sendable {
    let limit: Int
    private(set) var keys: [GroupKey] = []
    private var places: [GroupKey: Int] = [:]

    init(limit: Int) {
        self.limit = limit
    }

    /// The index for the rows of all values beyond the limit.
    var restPlace: Int { limit }

    /// The indices of a chunk's rows. Chunks must be registered in order.
    mutating func places(of groups: ChunkGroups) -> [Int] {
        let placesOfKeys = groups.keys.map { place(of: $0) }
        return groups.rows.map { placesOfKeys[$0] }
    }

    /// The index of a value.
    mutating func place(of key: GroupKey) -> Int {
        if let place = places[key] { return place }
        guard keys.count < limit else { return restPlace }
        keys.append(key)
        places[key] = keys.count - 1
        return keys.count - 1
    }
}

/// The aggregates of a run's functions for each value of one column.
struct GroupAggregators {
    private let functions: [BoundFunction]
    private let units: UnitTallies.Kinds
    /// By index in the registry, one for each function.
    private(set) var byPlace: [Int: [Aggregator]] = [:]

    init(_ functions: [BoundFunction], units: UnitTallies.Kinds) {
        self.functions = functions
        self.units = units
    }

    /// Adds the results of a slice.
    ///
    /// - Parameters:
    ///   - places: the indices of the slice's rows.
    ///   - results: the results of each function.
    ///   - units: what the rows belong to.
    mutating func add(_ places: ArraySlice<Int>, _ results: [RowResults], _ units: RowUnits?) {
        var rows: [Int: [Int]] = [:]
        for (row, place) in places.enumerated() { rows[place, default: []].append(row) }
        let empty = newAggregators
        for (index, results) in results.enumerated() {
            let scores = RowScores(
                results, functions[index].description, isNumber: functions[index].scoreKind == .number, units: units)
            for (place, rows) in rows {
                scores.selecting(rows).add(to: &byPlace[place, default: empty][index])
                if empty[index].wantsStatistics {
                    byPlace[place, default: empty][index].add(
                        statistics: results.statistics.values.span, outcomes: results.outcomes.span, selected: rows)
                }
            }
        }
    }

    mutating func merge(_ other: GroupAggregators) {
        for (place, aggregators) in other.byPlace {
            guard byPlace[place] != nil else {
                byPlace[place] = aggregators
                continue
            }
            for (index, aggregator) in aggregators.enumerated() { byPlace[place]?[index].merge(aggregator) }
        }
    }

    private var newAggregators: [Aggregator] {
        functions.map {
            Aggregator(
                functions: $0.function.aggregationFunctions, kind: $0.scoreKind, keepsDistribution: false,
                units: units, statistics: $0.description.statistics.count)
        }
    }
}

/// The scores of rows, for aggregation.
struct RowScores {
    private enum Values {
        case numbers([Double])
        case texts([String])
    }

    private var outcomes: [RowOutcome]
    private var values: Values
    private var weights: [Double]?
    private var units: RowUnits?

    /// - Parameters:
    ///   - isNumber: whether the function's scores are numbers.
    ///   - units: what the rows belong to.
    init(_ results: RowResults, _ description: ScorerDescription, isNumber: Bool, units: RowUnits?) {
        self.units = units
        outcomes = Array(results.outcomes(of: description.scoreOutput))
        let score = results.outputs[description.scoreOutput]
        let rows = 0..<results.count
        switch score.type {
        case .f64: values = .numbers(rows.map { score.numbers[$0] })
        case .i64, .bool: values = .numbers(rows.map { score.hasValue($0) ? Double(score.view.integer($0)) : 0 })
        case .text, .json, .textList:
            var texts = rows.map { score.hasValue($0) ? String(decoding: score.view.text($0), as: UTF8.self) : "" }
            // If numbers are expected, a string is passed on unchanged, not as JSON.
            if score.type == .json, isNumber { texts = texts.map(contents(of:)) }
            values = .texts(texts)
        }
        if let index = description.weightOutput {
            let weight = results.outputs[index]
            weights = rows.map { weight.hasValue($0) ? weight.numbers[$0] : .nan }
        }
    }

    func selecting(_ rows: [Int]) -> RowScores {
        var selected = self
        selected.outcomes = rows.map { outcomes[$0] }
        switch values {
        case .numbers(let numbers): selected.values = .numbers(rows.map { numbers[$0] })
        case .texts(let texts): selected.values = .texts(rows.map { texts[$0] })
        }
        selected.weights = weights.map { weights in rows.map { weights[$0] } }
        selected.units = units?.selecting(rows)
        return selected
    }

    func add(to aggregator: inout Aggregator) {
        switch values {
        case .numbers(let numbers):
            aggregator.add(outcomes: outcomes.span, scores: numbers.span, weights: weights?.span, units: units)
        case .texts(let texts):
            aggregator.add(outcomes: outcomes.span, texts: texts.span, weights: weights?.span, units: units)
        }
    }
}

/// The contents of a JSON string; other JSON unchanged.
private func contents(of json: String) -> String {
    json.utf8.first == UInt8(ascii: "\"") ? (try? JSONValue(parsing: json).string) ?? json : json
}
