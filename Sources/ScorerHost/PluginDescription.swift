import CScorerPlugin
import ScoringCore

/// A plugin's description of itself, copied from its table and checked.
public struct PluginDescription: Sendable, Hashable {
    /// The `provider_id` of the definitions that use it.
    public var id: String
    public var version: String
    public var description: String
    /// The version of the plugin header that the plugin was built with.
    public var abiMajor: UInt32
    public var abiMinor: UInt32
    public var scorers: [ScorerDescription]

    public init(
        id: String, version: String, description: String, abiMajor: UInt32, abiMinor: UInt32,
        scorers: [ScorerDescription]
    ) {
        self.id = id
        self.version = version
        self.description = description
        self.abiMajor = abiMajor
        self.abiMinor = abiMinor
        self.scorers = scorers
    }
}

extension PluginDescription {
    /// Reads a plugin's table, except for its functions.
    init(_ pointer: UnsafePointer<assay_plugin>) throws(TableFault) {
        // The version precedes everything that another major version may have changed.
        guard pointer.pointee.abi_major == ASSAY_ABI_MAJOR else {
            throw TableFault(
                message:
                    "built for ABI version \(pointer.pointee.abi_major).\(pointer.pointee.abi_minor), but this host has version "
                    + "\(ASSAY_ABI_MAJOR).\(ASSAY_ABI_MINOR); build the plugin with this host's header")
        }
        try checkSize(
            pointer.pointee.struct_size, MemoryLayout<assay_plugin>.offset(of: \.finalize), named: "assay_plugin")
        let plugin = known(pointer, size: pointer.pointee.struct_size, assay_plugin())
        abiMajor = plugin.abi_major
        abiMinor = plugin.abi_minor
        id = try text(plugin.id, "the plugin's id")
        version = try text(plugin.version, "the plugin's version")
        description = try text(plugin.description, "the plugin's description")
        scorers = []
        for table in pointers(plugin.scorers) {
            let scorer = try ScorerDescription(table, abiMinor: abiMinor)
            if scorers.contains(where: { $0.id == scorer.id }) {
                throw TableFault(message: "the scorer \"\(scorer.id)\" is listed twice")
            }
            scorers.append(scorer)
        }
        if scorers.isEmpty { throw TableFault(message: "it has no scorers") }
    }

    /// Whether a scorer computes aggregations of its own.
    var hasAggregations: Bool { scorers.contains { !$0.aggregations.isEmpty } }

    /// A description of the first difference from `other`; nil if there is none.
    ///
    /// - Parameter other: the description in the plugin itself; this one is from its manifest.
    package func firstDifference(from other: PluginDescription) -> String? {
        let (ones, others) = (facts, other.facts)
        for (one, other) in zip(ones, others) where one != other {
            if one.name != other.name {
                return "the manifest continues with \(one.name), but the plugin with \(other.name)"
            }
            return "\(one.name) is \(one.value) in the manifest and \(other.value) in the plugin"
        }
        if ones.count == others.count { return nil }
        let rest = ones.count > others.count ? ones[others.count] : others[ones.count]
        return "\(rest.name) is only in the \(ones.count > others.count ? "manifest" : "plugin")"
    }

    /// All its parts in order, each with a name.
    private var facts: [Fact] {
        var facts = [
            Fact("its id", id), Fact("its version", version), Fact("its description", description),
            Fact("its ABI version", "\(abiMajor).\(abiMinor)"),
        ]
        for (number, scorer) in scorers.enumerated() {
            facts.append(Fact("the id of scorer \(number + 1)", scorer.id))
            let name = "scorer \"\(scorer.id)\""
            facts.append(Fact("the description of \(name)", scorer.description))
            facts.append(Fact("the concurrency of \(name)", "\(scorer.concurrency)"))
            facts.append(Fact("the parameter schema of \(name)", scorer.parametersSchema ?? "none"))
            for statistic in scorer.statistics { facts.append(Fact("a statistic of \(name)", statistic)) }
            for aggregation in scorer.aggregations {
                facts.append(Fact("an aggregation of \(name)", aggregation.name))
                facts.append(
                    Fact("the description of aggregation \"\(aggregation.name)\" of \(name)", aggregation.description))
            }
            for role in scorer.roles { facts.append(Fact("a role of \(name)", role)) }
            for (kind, columns) in [("input", scorer.inputs), ("output", scorer.outputs)] {
                for (number, column) in columns.enumerated() {
                    facts.append(Fact("the name of \(kind) \(number + 1) of \(name)", column.name))
                    let place = "\(kind) \"\(column.name)\" of \(name)"
                    facts.append(Fact("the type of \(place)", column.type.name))
                    facts.append(Fact("the description of \(place)", column.description))
                    let flags = "\(column.isOptional ? "optional" : "required")\(column.isLenient ? ", lenient" : "")"
                    facts.append(Fact("whether values are needed in \(place)", flags))
                    let range = column.range.map { "\($0.lowerBound) to \($0.upperBound)" } ?? "not known"
                    facts.append(Fact("the range of \(place)", range))
                }
            }
        }
        return facts
    }

    private struct Fact: Equatable {
        var name: String
        var value: String

        init(_ name: String, _ value: String) {
            self.name = name
            self.value = "\"\(value)\""
        }
    }
}

/// The elements of a list of pointers that ends with NULL.
func pointers<Element>(_ list: UnsafePointer<UnsafePointer<Element>?>?) -> [UnsafePointer<Element>] {
    var elements: [UnsafePointer<Element>] = []
    guard var next = list else { return [] }
    while let element = next.pointee {
        elements.append(element)
        next += 1
    }
    return elements
}
