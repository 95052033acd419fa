import CScorerPlugin
import JSON
public import ScoringCore

/// The scorer's own aggregations of some rows being computed: collects what the plugin sets.
final class Finalization {
    private let scorer: ScorerDescription
    private var values: [String: AggregateResult.CorpusValue] = [:]
    /// What was refused, in words.
    private(set) var faults: [HostMisuse] = []

    init(_ scorer: ScorerDescription) {
        self.scorer = scorer
    }

    var token: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    /// Takes the value of an aggregation. Returns false where it is refused.
    func set(_ aggregation: UInt32, _ json: String) -> Bool {
        guard Int(aggregation) < scorer.aggregations.count else {
            faults.append(.aggregateUndeclared(aggregation))
            return false
        }
        let name = scorer.aggregations[Int(aggregation)].name
        guard let object = try? JSONValue(parsing: json).object else {
            faults.append(.aggregateValue(name))
            return false
        }
        values[name] = AggregateResult.CorpusValue(
            json: JSONValue.object(object).withShortNumbers.text, number: object.figure(name))
        return true
    }

    /// The values by name, once the plugin has returned.
    func end(_ status: assay_status) -> FinalizedAggregates {
        if status != ASSAY_OK { return FinalizedAggregates(values: [:], fault: .gaveUp(status), misuses: faults) }
        return FinalizedAggregates(values: values, misuses: faults)
    }
}

/// What a scorer made of the sums of its statistics.
struct FinalizedAggregates {
    var values: [String: AggregateResult.CorpusValue]
    /// Why there are none.
    var fault: UnscoredReason?
    var misuses: [HostMisuse] = []
}

extension JSONValue {
    /// The same with fractions in as few digits as keep them: C's `%.17g` writes 0.80000000000000004.
    fileprivate var withShortNumbers: JSONValue {
        switch self {
        case .number(let number) where number.int == nil && number.double.isFinite: JSONValue(number.double)
        case .array(let elements): .array(elements.map(\.withShortNumbers))
        case .object(let object): .object(JSONObject(object.members.map { ($0.key, $0.value.withShortNumbers) }))
        default: self
        }
    }
}

extension Scorer {
    /// The scorer's own aggregations of some rows.
    ///
    /// - Parameters:
    ///   - sums: the sum of each statistic over the scored rows.
    ///   - rows: their number, at least 1.
    /// - Returns: values by name. One that is missing could not be computed; the plugin's log says why if that is a fault.
    public func finalize(_ sums: [Double], rows: Int) -> [String: AggregateResult.CorpusValue] {
        let made = instance.finalize(sums, rows: rows)
        for misuse in made.misuses { instance.tell(.misuse(scorer: description.id, misuse)) }
        if let fault = made.fault {
            instance.tell(.notFinalized(scorer: description.id, fault))
        }
        return made.values
    }
}
