import Glibc
public import JSON
import Platform
import ScoringCore

/// A plugin's description of itself, as a file next to it, so that it can be listed and bound without running any of its code:
/// `NAME.plugin.json` for `NAME.so`.
public enum PluginManifest {
    /// The path of the manifest of a plugin.
    public static func path(for plugin: String) -> String {
        (plugin.hasSuffix(".so") ? String(plugin.dropLast(3)) : plugin) + ".plugin.json"
    }

    /// Runs a plugin in a worker, and writes its description of itself next to it.
    ///
    /// - Returns: the path of the manifest.
    public static func write(for plugin: String, _ settings: WorkerSettings = WorkerSettings()) throws(PluginError)
        -> String
    {
        let loaded = try Plugin(isolating: plugin, settings: settings) { _, _, _ in }
        let path = path(for: loaded.path)
        do throws(RegularFile.Fault) {
            try RegularFile.write(json(of: loaded.contents).prettyText + "\n", to: path, mode: 0o644)
        } catch {
            throw PluginError(path: path, error.message)
        }
        return path
    }

    /// Reads the manifest of a plugin; nil if there is none.
    package static func read(for plugin: String) throws(PluginError) -> PluginDescription? {
        let path = path(for: plugin)
        do {
            guard let bytes = try RegularFile.readIfPresent(path) else { return nil }
            return try PluginDescription(manifest: JSONPlace(JSONValue(parsing: bytes)))
        } catch let error as RegularFile.Fault {
            throw PluginError(path: path, error.message)
        } catch {
            throw PluginError(path: path, "\(error)")
        }
    }

    /// A plugin's description as its manifest has it.
    public static func json(of plugin: PluginDescription) -> JSONValue {
        [
            "manifest": 1,
            "id": .string(plugin.id),
            "version": .string(plugin.version),
            "description": .string(plugin.description),
            "abi": .string("\(plugin.abiMajor).\(plugin.abiMinor)"),
            "scorers": .array(plugin.scorers.map(json)),
        ]
    }

    private static func json(of scorer: ScorerDescription) -> JSONValue {
        var object: JSONObject = [
            "id": .string(scorer.id),
            "description": .string(scorer.description),
            "concurrency": .string(scorer.concurrency.name),
            "inputs": .array(scorer.inputs.map(json)),
            "outputs": .array(scorer.outputs.map(json)),
        ]
        if !scorer.roles.isEmpty { object["roles"] = .array(scorer.roles.map { .string($0) }) }
        if !scorer.statistics.isEmpty { object["statistics"] = .array(scorer.statistics.map { .string($0) }) }
        if !scorer.aggregations.isEmpty {
            object["aggregations"] = .array(
                scorer.aggregations.map { aggregation in
                    var object: JSONObject = ["name": .string(aggregation.name)]
                    if !aggregation.description.isEmpty { object["description"] = .string(aggregation.description) }
                    return .object(object)
                })
        }
        // As the plugin wrote it, since it is compared with that.
        if let schema = scorer.parametersSchema { object["parameters_schema"] = .string(schema) }
        return .object(object)
    }

    private static func json(of column: ColumnDescription) -> JSONValue {
        var object: JSONObject = ["name": .string(column.name), "type": .string(column.type.name)]
        if !column.description.isEmpty { object["description"] = .string(column.description) }
        if column.isOptional { object["optional"] = true }
        if column.isLenient { object["lenient"] = true }
        if let range = column.range { object["range"] = [JSONValue(range.lowerBound), JSONValue(range.upperBound)] }
        return .object(object)
    }
}

extension ScorerConcurrency: CaseIterable {
    public static let allCases: [ScorerConcurrency] = [.parallel, .instanceSerial, .processSerial]

    fileprivate var name: String {
        switch self {
        case .parallel: "parallel"
        case .instanceSerial: "instance-serial"
        case .processSerial: "process-serial"
        }
    }
}

// MARK: Reading

extension PluginDescription {
    fileprivate init(manifest place: JSONPlace) throws(JSONFault) {
        _ = try place.required("manifest", JSONExpectation("1, the version of manifests") { $0 == 1 ? 1 : nil })
        let abi = try place.required("abi", .version)
        self.init(
            id: try place.required("id", .text), version: try place.required("version", .text),
            description: try place.required("description", .text), abiMajor: abi.major, abiMinor: abi.minor,
            scorers: try place.required("scorers", .array("an array", of: .scorer)))
    }
}

extension JSONExpectation<(major: UInt32, minor: UInt32)> {
    fileprivate static var version: Self {
        Self("a version such as \"1.1\"") { value in
            let parts = value.string?.split(separator: ".", omittingEmptySubsequences: false).map { UInt32($0) } ?? []
            guard parts.count == 2, let major = parts[0], let minor = parts[1] else { return nil }
            return (major, minor)
        }
    }
}

extension JSONExpectation<ScorerDescription> {
    fileprivate static var scorer: Self {
        parts("an object") { place throws(JSONFault) in
            let concurrency = try place.required("concurrency", .oneOf(ScorerConcurrency.allCases, \.name))
            let columns = JSONExpectation<[ColumnDescription]>.array("an array", of: .column)
            guard
                let scorer = ScorerDescription(
                    id: try place.required("id", .text), description: try place.required("description", .text),
                    inputs: try place.required("inputs", columns), outputs: try place.required("outputs", columns),
                    roles: try place.optional("roles", .texts) ?? [],
                    parametersSchema: try place.optional("parameters_schema", .text), concurrency: concurrency,
                    statistics: try place.optional("statistics", .texts) ?? [],
                    aggregations: try place.optional("aggregations", .array("an array", of: .aggregation)) ?? [])
            else {
                throw JSONFault(
                    at: place.pointer.appending("outputs"), found: "no output \"score\"", expected: "one")
            }
            return scorer
        }
    }
}

extension JSONExpectation<AggregationDescription> {
    fileprivate static var aggregation: Self {
        parts("an object") { place throws(JSONFault) in
            AggregationDescription(
                name: try place.required("name", .text), description: try place.optional("description", .text) ?? "")
        }
    }
}

extension JSONExpectation<ColumnDescription> {
    fileprivate static var column: Self {
        parts("an object") { place throws(JSONFault) in
            let range = JSONExpectation<ClosedRange<Double>>("two numbers in ascending order") { value in
                guard let numbers = value.array, numbers.count == 2, let low = numbers[0].number?.double,
                    let high = numbers[1].number?.double, low < high
                else { return nil }
                return low...high
            }
            return ColumnDescription(
                name: try place.required("name", .text), description: try place.optional("description", .text) ?? "",
                type: try place.required("type", .oneOf(ValueType.allCases, \.name)),
                isOptional: try place.optional("optional", .flag) ?? false,
                isLenient: try place.optional("lenient", .flag) ?? false, range: try place.optional("range", range))
        }
    }
}
