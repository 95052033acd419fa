import Inference
import JSON
public import ScoringCore
import ScoringDefinitions
import Statistics

/// What the rows of a run add up to, in a form that can be kept and merged with those of runs over other rows. The merged
/// state gives the results that one run over all the rows would have given, to the last bit, in whatever order the states
/// are merged. The rows and the reasons of unscored ones are not part of it.
///
///     var state = try RunState(bytes, named: "part-0.state")
///     try state.merge(others, named: "part-1.state")
///     print(try engine.results(of: state).json.text)
public struct RunState: Sendable {
    private let header: StateHeader
    private var totals: RunTotals
    /// The file that the state was first read from.
    private let name: String

    /// Nil for rows that are samples without a column that says of which question.
    init?(_ totals: RunTotals, _ plan: RunPlan, _ request: ScoringRequest) {
        guard plan.samples == 1 else { return nil }
        header = StateHeader(plan, request)
        self.totals = totals
        name = plan.dataset.name
    }

    /// Reads a state.
    ///
    /// - Parameters:
    ///   - bytes: what `bytes` of a state were. They may be anything.
    ///   - name: the file, for messages.
    public init(_ bytes: [UInt8], named name: String) throws(StateError) {
        do throws(StateFault) {
            var reader = StateReader(try StateFile.contents(of: bytes))
            header = try Self.header(&reader, origin: name)
            let limit = header.groupLimit
            totals = RunTotals(
                functions: zip(header.functions, header.aggregators).map { function, aggregator in
                    RunTotals.Function(aggregator: aggregator, position: function.hasPosition ? PositionBias() : nil)
                },
                groups: header.groups.map { GroupTotals(column: $0, registry: GroupRegistry(limit: limit)) },
                clusters: GroupRegistry(limit: .max), questions: GroupRegistry(limit: .max))
            self.name = name
            try read(&reader)
        } catch {
            throw StateError("\(name) \(error)")
        }
    }

    /// Adds the rows of another state.
    ///
    /// - Throws: if the bytes are not a state, or if it is the state of a run that differs in more than its rows. This state
    ///   then must not be used any more.
    public mutating func merge(_ bytes: [UInt8], named other: String) throws(StateError) {
        var difference: String?
        do throws(StateFault) {
            var reader = StateReader(try StateFile.contents(of: bytes))
            difference = header.difference(from: try Self.header(&reader, origin: other), name, other)
            if difference == nil {
                try read(&reader)
                try checkLimits()
            }
        } catch {
            throw StateError("\(other) \(error)")
        }
        if let difference { throw StateError("\(other) does not belong to \(name): \(difference)") }
    }

    /// Adds rows whose scores were computed elsewhere to one function.
    ///
    /// - Parameters:
    ///   - function: its identifier.
    ///   - outcomes: one for each row; a row that is not scored has no score, whatever `scores` says.
    ///   - scores: one for each row. A score that is not finite counts as one that is not a number.
    ///   - weights: one for each row; nil for functions whose rows have none.
    /// - Throws: if the state needs more of a row than its score: statistics of the corpus, groups, clusters or questions; if
    ///   the function's scores are not numbers or booleans; for a boolean that is not 0 or 1; for a weight below 0.
    public mutating func addResults(
        of function: String, outcomes: [RowOutcome], scores: [Double], weights: [Double]? = nil
    ) throws(StateError) {
        guard let index = header.functions.firstIndex(where: { $0.definition.identifier == function }) else {
            throw StateError(
                "\(name) has no function \(function); its functions are "
                    + header.functions.map(\.definition.identifier).joined(separator: ", "))
        }
        let wanted = header.functions[index]
        let obstacle: String? =
            if wanted.kind != .number && wanted.kind != .boolean {
                "its scores are not numbers"
            } else if wanted.statistics > 0 {
                "it adds up more of each row than a score"
            } else if !header.groups.isEmpty || !header.cluster.isEmpty || !header.questions.isEmpty {
                "the state tells rows apart by a column"
            } else {
                nil
            }
        if let obstacle {
            throw StateError(
                "\(name): scores of \(function) cannot be added, because \(obstacle); score the rows with Assay")
        }
        guard scores.count == outcomes.count, weights.map({ $0.count == outcomes.count }) ?? true else {
            throw StateError("\(name): scores of \(function): the numbers of outcomes, scores and weights differ")
        }
        for row in outcomes.indices where outcomes[row] == .scored {
            guard wanted.kind == .number || scores[row] == 0 || scores[row] == 1 else {
                throw StateError(
                    "\(name): row \(row) has the score \(scores[row]) of \(function), whose scores are booleans; expected "
                        + "1 or 0")
            }
            if let weight = weights?[row], weight < 0 {
                throw StateError(
                    "\(name): row \(row) of \(function) has the weight \(weight); expected 0 or more")
            }
        }
        totals.functions[index].aggregator.add(
            outcomes: outcomes.span, scores: scores.span, weights: weights?.span)
    }

    private static func header(_ reader: inout StateReader, origin: String) throws(StateFault) -> StateHeader {
        guard let json = try? JSONValue(parsing: try reader.text()) else { throw .invalid }
        let header = try StateHeader(json, origin: origin)
        // Each sum takes a byte at least. In memory it takes many, which are allocated before the sums are read.
        let statistics = header.functions.reduce(0) { $0 + $1.corpusStatistics }
        guard statistics <= reader.bytesLeft else { throw .invalid }
        return header
    }

    /// Which values of a column have groups of their own depends on all rows, so such groups cannot be merged.
    private func checkLimits() throws(StateFault) {
        for group in totals.groups where group.byPlace[group.registry.restPlace] != nil {
            throw StateFault(
                "cannot be merged: there are more than \(header.groupLimit) values of the column \(quoted(group.column)); "
                    + "score the parts again with a larger --by-limit")
        }
    }

    /// The aggregates.
    ///
    /// - Parameter finalize: computes a function's own aggregations.
    func results(
        _ finalize: (_ function: Int, _ sums: [Double], _ rows: Int) -> [String: AggregateResult.CorpusValue]
    ) -> ScoringResults {
        let functions = totals.results(header.functions.map(\.definition)) { aggregator, index in
            aggregator.result(range: header.functions[index].range) { finalize(index, $0, $1) }
        }
        return ScoringResults(
            functions: functions, unscored: [], failure: nil, isCancelled: false, usage: totals.usage)
    }

    var functions: [StateFunction] { header.functions }
}

/// Why states cannot be read or merged: which, and what to do.
public struct StateError: Error, CustomStringConvertible {
    public var description: String

    init(_ description: String) { self.description = description }
}

// MARK: - Bytes

extension RunState {
    /// The state in bytes: the same rows give the same bytes, in whatever order and parts they were scored, except for the
    /// models that were asked.
    public var bytes: [UInt8] {
        var writer = StateWriter()
        writer.append(text: header.json.canonical.text)
        let places = UnitPlaces(
            clusters: Self.write(totals.clusters, to: &writer), questions: Self.write(totals.questions, to: &writer))
        for function in totals.functions {
            function.aggregator.write(to: &writer, places)
            function.position?.write(to: &writer)
            Self.write(function.usage, to: &writer)
        }
        Self.write(totals.usage, to: &writer)
        for group in totals.groups {
            let order = group.registry.order.filter { group.byPlace[$0.place] != nil }
            writer.append(count: order.count)
            for entry in order {
                writer.append(text: entry.text)
                for aggregator in group.byPlace[entry.place] ?? [] { aggregator.write(to: &writer, places) }
            }
            let rest = group.byPlace[group.registry.restPlace]
            writer.append(flag: rest != nil)
            for aggregator in rest ?? [] { aggregator.write(to: &writer, places) }
        }
        return StateFile.frame(writer.bytes)
    }

    /// Writes the values of a table, and returns the number of each in the state.
    private static func write(_ registry: GroupRegistry, to writer: inout StateWriter) -> [Int: Int] {
        let order = registry.order
        writer.append(count: order.count)
        var places: [Int: Int] = [:]
        for (index, entry) in order.enumerated() {
            writer.append(text: entry.text)
            places[entry.place] = index
        }
        return places
    }

    private static func write(_ usage: ModelUsage?, to writer: inout StateWriter) {
        writer.append(flag: usage != nil)
        guard let usage else { return }
        writer.append(text: JSONValue.object(usage.state).text)
        usage.costParts.known.write(to: &writer)
        usage.costParts.estimated.write(to: &writer)
    }

    /// Adds the rows of a state whose header is this one's.
    private mutating func read(_ reader: inout StateReader) throws(StateFault) {
        let empty = header.aggregators
        let places = UnitPlaces(
            clusters: try Self.readTable(&reader, into: &totals.clusters),
            questions: try Self.readTable(&reader, into: &totals.questions))
        for index in totals.functions.indices {
            var aggregator = empty[index]
            try aggregator.read(&reader, places)
            guard aggregator.counts.total <= StateReader.mostRows - totals.functions[index].aggregator.counts.total
            else { throw StateFault("has more rows than can be counted") }
            totals.functions[index].aggregator.merge(aggregator)
            if header.functions[index].hasPosition {
                let position = try PositionBias(&reader)
                guard position.pairs + position.oneOrderOnly <= aggregator.counts.total else { throw .invalid }
                totals.functions[index].position?.merge(position)
            }
            try Self.readUsage(&reader, into: &totals.functions[index].usage)
        }
        try Self.readUsage(&reader, into: &totals.usage)
        for column in totals.groups.indices { try readGroups(&reader, column, empty, places) }
        guard reader.bytesLeft == 0 else { throw .invalid }
    }

    private mutating func readGroups(
        _ reader: inout StateReader, _ column: Int, _ empty: [Aggregator], _ places: UnitPlaces
    ) throws(StateFault) {
        // Every row of a function is in one of the groups.
        var left = totals.functions.map { $0.aggregator.counts.total }
        func aggregators(_ reader: inout StateReader) throws(StateFault) -> [Aggregator] {
            var read = empty
            for index in read.indices {
                try read[index].read(&reader, places)
                left[index] -= read[index].counts.total
                guard left[index] >= 0 else { throw .invalid }
            }
            return read
        }
        let size = 1 + empty.count * Aggregator.leastStateSize
        let count = try reader.length(ofElementsOf: size)
        guard count <= header.groupLimit else { throw .invalid }
        for _ in 0..<count {
            let key = try Self.key(&reader)
            let read = try aggregators(&reader)
            totals.groups[column].add(read, at: totals.groups[column].registry.place(of: key))
        }
        if try reader.flag() {
            let read = try aggregators(&reader)
            totals.groups[column].add(read, at: totals.groups[column].registry.restPlace)
        }
    }

    /// Reads the values of a table, and returns the number of each here.
    private static func readTable(
        _ reader: inout StateReader, into registry: inout GroupRegistry
    ) throws(StateFault) -> [Int: Int] {
        let count = try reader.length(ofElementsOf: 1)
        var places: [Int: Int] = [:]
        for index in 0..<count { places[index] = registry.place(of: try key(&reader)) }
        guard Set(places.values).count == count else { throw .invalid }
        return places
    }

    /// An empty text is a missing value.
    private static func key(_ reader: inout StateReader) throws(StateFault) -> GroupKey {
        let text = try reader.text()
        if text.isEmpty { return .missing }
        guard let value = try? JSONValue(parsing: text) else { throw .invalid }
        return .value(value.canonical)
    }

    private static func readUsage(_ reader: inout StateReader, into usage: inout ModelUsage?) throws(StateFault) {
        guard try reader.flag() else { return }
        guard let state = try? JSONValue(parsing: try reader.text()).object,
            var read = ModelUsage(state: state, limit: StateReader.mostRows)
        else { throw .invalid }
        read.costParts = (try Expansion(&reader), try Expansion(&reader))
        usage = usage.map { $0 + read } ?? read
    }
}

extension GroupRegistry {
    /// The values in the order of their texts, each with its index here.
    fileprivate var order: [(text: String, place: Int)] {
        keys.indices.map { place in
            switch keys[place] {
            case .value(let value): (value.text, place)
            case .missing: ("", place)
            }
        }
        .sorted { $0.text.utf8.lexicographicallyPrecedes($1.text.utf8) }
    }
}
