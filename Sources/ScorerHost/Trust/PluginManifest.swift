import Glibc
public import JSON
import Platform
import ScoringCore

/// What a plugin says of itself, as a file beside it, so that it can be listed and bound without running any of its code:
/// `NAME.plugin.json` for `NAME.so`.
public enum PluginManifest {
    /// The path of the manifest of a plugin.
    public static func path(for plugin: String) -> String {
        (plugin.hasSuffix(".so") ? String(plugin.dropLast(3)) : plugin) + ".plugin.json"
    }

    /// Runs a plugin in a worker, and writes what it says of itself beside it.
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
            return try ManifestReader(JSONValue(parsing: bytes)).plugin()
        } catch let error as RegularFile.Fault {
            throw PluginError(path: path, error.message)
        } catch let error as JSONError {
            throw PluginError(path: path, "\(error)")
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

/// Reads a manifest's JSON.
private struct ManifestReader {
    /// What is wrong, and where.
    struct Fault: Error, CustomStringConvertible {
        var place: String
        var expected: String

        var description: String { "\(place.isEmpty ? "" : "\(place): ")expected \(expected)" }
    }

    private let json: JSONValue

    init(_ json: JSONValue) {
        self.json = json
    }

    func plugin() throws(Fault) -> PluginDescription {
        guard json["manifest"] == 1 else { throw Fault(place: "/manifest", expected: "1, the version of manifests") }
        let abi = try text(json, "", "abi").split(separator: ".", omittingEmptySubsequences: false).map { UInt32($0) }
        guard abi.count == 2, let major = abi[0], let minor = abi[1] else {
            throw Fault(place: "/abi", expected: "a version such as \"1.1\"")
        }
        return PluginDescription(
            id: try text(json, "", "id"), version: try text(json, "", "version"),
            description: try text(json, "", "description"), abiMajor: major, abiMinor: minor,
            scorers: try list(json, "", "scorers", scorer))
    }

    private func scorer(_ json: JSONValue, _ place: String) throws(Fault) -> ScorerDescription {
        let name = try text(json, place, "concurrency")
        guard let concurrency = ScorerConcurrency.allCases.first(where: { $0.name == name }) else {
            let names = ScorerConcurrency.allCases.map { "\"\($0.name)\"" }.joined(separator: ", ")
            throw Fault(place: "\(place)/concurrency", expected: "one of \(names)")
        }
        let roles = try texts(json, place, "roles")
        guard
            let scorer = ScorerDescription(
                id: try text(json, place, "id"), description: try text(json, place, "description"),
                inputs: try list(json, place, "inputs", column), outputs: try list(json, place, "outputs", column),
                roles: roles,
                parametersSchema: json["parameters_schema"] == nil
                    ? nil : try text(json, place, "parameters_schema"),
                concurrency: concurrency, statistics: try texts(json, place, "statistics"),
                aggregations: json["aggregations"] == nil ? [] : try list(json, place, "aggregations", aggregation))
        else { throw Fault(place: "\(place)/outputs", expected: "an output \"score\"") }
        return scorer
    }

    private func aggregation(_ json: JSONValue, _ place: String) throws(Fault) -> AggregationDescription {
        AggregationDescription(
            name: try text(json, place, "name"),
            description: json["description"] == nil ? "" : try text(json, place, "description"))
    }

    /// A list of strings; empty if it is missing.
    private func texts(_ json: JSONValue, _ place: String, _ name: String) throws(Fault) -> [String] {
        if json[name] == nil { return [] }
        return try list(json, place, name) { text, place throws(Fault) in
            guard let text = text.string else { throw Fault(place: place, expected: "a string") }
            return text
        }
    }

    private func column(_ json: JSONValue, _ place: String) throws(Fault) -> ColumnDescription {
        let name = try text(json, place, "type")
        guard let type = ValueType.allCases.first(where: { $0.name == name }) else {
            let names = ValueType.allCases.map { "\"\($0.name)\"" }.joined(separator: ", ")
            throw Fault(place: "\(place)/type", expected: "one of \(names)")
        }
        var range: ClosedRange<Double>?
        if let bounds = json["range"] {
            guard let numbers = bounds.array, numbers.count == 2, case .number(let low) = numbers[0],
                case .number(let high) = numbers[1], low.double < high.double
            else { throw Fault(place: "\(place)/range", expected: "two numbers in ascending order") }
            range = low.double...high.double
        }
        return ColumnDescription(
            name: try text(json, place, "name"),
            description: json["description"] == nil ? "" : try text(json, place, "description"), type: type,
            isOptional: json["optional"] == true, isLenient: json["lenient"] == true, range: range)
    }

    private func text(_ json: JSONValue, _ place: String, _ name: String) throws(Fault) -> String {
        guard let text = json[name]?.string else { throw Fault(place: "\(place)/\(name)", expected: "a string") }
        return text
    }

    private func list<Element>(
        _ json: JSONValue, _ place: String, _ name: String, _ read: (JSONValue, String) throws(Fault) -> Element
    ) throws(Fault) -> [Element] {
        guard let elements = json[name]?.array else { throw Fault(place: "\(place)/\(name)", expected: "an array") }
        var list: [Element] = []
        for (index, element) in elements.enumerated() { list.append(try read(element, "\(place)/\(name)/\(index)")) }
        return list
    }
}
