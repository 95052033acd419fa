import Inference
import JSON
import ScorerHost
import ScoringCore
import ScoringDefinitions
import Statistics

/// What a run computes, as far as states must agree on it to be merged.
struct StateHeader: Sendable {
    /// In the order of the request.
    var functions: [StateFunction]
    /// The grouping columns, and the most values of each.
    var groups: [String]
    var groupLimit: Int
    /// The columns that tell clusters and questions apart; empty without them.
    var cluster: [String]
    var questions: [String]
    /// The lowest score at which a sample passes.
    var passThreshold: Double
    /// How thinking in answers was treated.
    var reasoning: String

    init(_ plan: RunPlan, _ request: ScoringRequest) {
        functions = plan.functions.map(StateFunction.init)
        groups = plan.groupNames
        groupLimit = plan.groupLimit
        cluster = plan.cluster?.names ?? []
        questions = plan.question?.names ?? []
        passThreshold = plan.passThreshold
        reasoning = request.reasoning.rawValue
    }

    var units: UnitTallies.Kinds {
        UnitTallies.Kinds(
            hasClusters: !cluster.isEmpty, hasQuestions: !questions.isEmpty, passThreshold: passThreshold)
    }

    var json: JSONValue {
        [
            "functions": .array(functions.map(\.json)), "by": .array(groups.map { .string($0) }),
            "by_limit": JSONValue(groupLimit), "cluster": .array(cluster.map { .string($0) }),
            "samples": .array(questions.map { .string($0) }), "pass_at": JSONValue(passThreshold),
            "reasoning": .string(reasoning),
        ]
    }

    /// - Parameter origin: the file, for messages.
    init(_ json: JSONValue, origin: String) throws(StateFault) {
        guard let functions = json["functions"]?.array, !functions.isEmpty, functions.count <= 10_000,
            let limit = json["by_limit"]?.number?.int, (1...100_000).contains(limit),
            let threshold = json["pass_at"]?.number?.double, let reasoning = json["reasoning"]?.string
        else { throw .invalid }
        func names(_ member: String) throws(StateFault) -> [String] {
            guard let values = json[member]?.array, values.count <= 1_000 else { throw .invalid }
            let names = values.compactMap(\.string)
            guard names.count == values.count else { throw .invalid }
            return names
        }
        groups = try names("by")
        cluster = try names("cluster")
        questions = try names("samples")
        groupLimit = limit
        passThreshold = threshold
        self.reasoning = reasoning
        self.functions = []
        for function in functions { self.functions.append(try StateFunction(function, origin: origin)) }
    }

    /// An aggregator for each function that has seen no rows.
    var aggregators: [Aggregator] {
        functions.map {
            Aggregator(
                functions: $0.definition.aggregationFunctions, kind: $0.kind, keepsDistribution: false, units: units,
                statistics: $0.statistics)
        }
    }

    /// Why states with these headers do not belong together, as the end of a sentence; nil if they do.
    ///
    /// - Parameters:
    ///   - name: the file of this header.
    ///   - otherName: the file of the other.
    func difference(from other: StateHeader, _ name: String, _ otherName: String) -> String? {
        let (identifiers, others) = (
            functions.map(\.definition.identifier), other.functions.map(\.definition.identifier)
        )
        if identifiers != others {
            return "the functions are \(identifiers.joined(separator: ", ")) in \(name), but "
                + "\(others.joined(separator: ", ")) in \(otherName)"
        }
        guard let found = JSONValue.firstDifference(json, other.json) else { return nil }
        func shown(_ value: JSONValue?) -> String { value.map { excerpt($0) } ?? "missing" }
        var place = found.pointer.split(separator: "/")
        var what = "--\(place[0].replacing("_", with: "-"))"
        if place.count > 1, place[0] == "functions", let index = Int(place[1]), identifiers.indices.contains(index) {
            place.removeFirst(2)
            what = "\(identifiers[index]): \(place.joined(separator: "/"))"
        }
        return "\(what) is \(shown(found.a)) in \(name), but \(shown(found.b)) in \(otherName)"
    }
}

/// One function of a state: what its results depend on.
struct StateFunction: Sendable {
    let definition: ScoringFunction
    let kind: ScoreKind
    let range: ClosedRange<Double>?
    /// The number of statistics of a row.
    let statistics: Int
    /// Whether its judge is asked about pairs in both orders.
    let hasPosition: Bool
    let json: JSONValue

    /// The number of sums of statistics that it keeps.
    var corpusStatistics: Int {
        definition.aggregationFunctions.contains { if case .corpus = $0 { true } else { false } } ? statistics : 0
    }

    /// The version of its plugin.
    var pluginVersion: String? { json["plugin"]?["version"]?.string }

    private static let kinds: [(kind: ScoreKind, name: String)] = [
        (.number, "number"), (.text, "text"), (.boolean, "boolean"), (.json, "json"),
    ]

    init(_ function: BoundFunction) {
        definition = function.function
        kind = function.scoreKind
        range = function.range
        statistics = function.description.statistics.count
        hasPosition = function.ordersOutput != nil
        var json = definition.json.object ?? [:]
        json["description"] = nil
        json["metadata"] = nil
        let plugin = function.scorer.plugin
        json["plugin"] = ["id": .string(plugin.id), "version": .string(plugin.version)]
        let kind = kind
        json["kind"] = Self.kinds.first { $0.kind == kind }.map { .string($0.name) } ?? .null
        json["score_range"] = range.map { [JSONValue($0.lowerBound), JSONValue($0.upperBound)] } ?? .null
        json["statistics"] = JSONValue(statistics)
        json["position"] = .bool(hasPosition)
        var models = JSONObject()
        for (role, model) in function.models.sorted(by: { $0.key < $1.key }) { models[role] = .string(model.name) }
        json["models"] = .object(models)
        self.json = .object(json)
    }

    init(_ json: JSONValue, origin: String) throws(StateFault) {
        var definition = json.object ?? [:]
        for own in ["plugin", "kind", "score_range", "statistics", "position", "models"] { definition[own] = nil }
        do {
            self.definition = try ScoringFunction(.object(definition), origin: origin, allowsPlainIdentifier: true)
        } catch {
            throw StateFault("holds a function that is not valid: \(error)")
        }
        guard let kind = Self.kinds.first(where: { $0.name == json["kind"]?.string })?.kind,
            let statistics = json["statistics"]?.number?.int, (0...10_000).contains(statistics),
            let hasPosition = json["position"]?.bool, let range = json["score_range"]
        else { throw .invalid }
        if let ends = range.array?.compactMap(\.number?.double), ends.count == 2, ends[0] <= ends[1] {
            self.range = ends[0]...ends[1]
        } else if range == .null {
            self.range = nil
        } else {
            throw .invalid
        }
        (self.kind, self.statistics, self.hasPosition, self.json) = (kind, statistics, hasPosition, json)
    }
}
