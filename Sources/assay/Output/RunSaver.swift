import Encodings
import Glibc
import Hashing
import Inference
import JSON
import Platform
import Reports
import Runs
import ScorerHost
import ScoringCore
import ScoringDefinitions
import ScoringEngine

/// Keeps a run in a folder while it is under way.
///
/// `@unchecked Sendable`: the run hands it lines from one thread at a time, and it is finished after that.
final class RunSaver: @unchecked Sendable {
    /// What is known of a run before it starts.
    struct Setup {
        var command: String
        /// The dataset as the command line names it, and the file that it is.
        var dataset: String
        var path: String?
        var functions: [(identifier: String, parameters: JSONObject?)]
        var mapping: [String: String]
        var filters: [String]
        var limit: Int?
        var jobs: Int
        var key: [String]
        var cluster: [String]
        var groups: [String]
        var samples: Int?
        var judgeModel: String?
        var candidate: JSONValue?
        var requirements: [RequirementArgument] = []
        /// The name that the run has by itself.
        var name: String?
    }

    private struct Function {
        var definition: ScoringFunction
        var plugin: Plugin?
        var columns: [String]
        var range: ClosedRange<Double>?
        var asksModels: Bool
    }

    private let setup: Setup
    private let options: SaveOptions
    private let writer: RunFolderWriter
    private let functions: [Function]
    private let started = Timestamp.now
    private let start = ContinuousClock.now

    /// - Returns: nil where nothing is to be kept, or where a function is at fault, which the run itself says.
    init?(_ setup: Setup, _ options: SaveOptions, _ engine: Engine) throws {
        guard let folder = options.save else { return nil }
        self.setup = setup
        self.options = options
        var functions: [Function] = []
        for (identifier, parameters) in setup.functions {
            guard let definition = try? engine.definitions.find(identifier).overriding(with: parameters),
                let scorer = try? engine.bind(definition)
            else { return nil }
            let description = scorer.description
            functions.append(
                Function(
                    definition: definition, plugin: engine.plugins[definition.providerID],
                    columns: description.inputs.map(\.name), range: description.outputs[description.scoreOutput].range,
                    asksModels: !description.roles.isEmpty))
        }
        self.functions = functions
        let wanted =
            functions.flatMap(\.columns) + ["input_query", "question", "generated_answer"] + setup.key + setup.cluster
            + setup.groups + options.columns + (setup.samples == nil ? [] : ["sample"])
        var columns: [RunFolderWriter.Column] = []
        for name in wanted where !columns.contains(where: { $0.name == name }) {
            columns.append(RunFolderWriter.Column(name: name, source: setup.mapping[name] ?? name))
        }
        do {
            writer = try RunFolderWriter(folder, replaces: options.overwrite, columns: columns, key: setup.key)
        } catch {
            throw Failure("\(error)")
        }
    }

    /// What takes the run's output lines, which hold the rows' own columns, and passes them on.
    ///
    /// - Parameter withInput: whether the lines that are passed on are to hold them, too.
    func sink(to next: RowSink?, withInput: Bool) -> RowSink {
        { [writer] lines in
            if withInput, let next {
                try writer.write(lines)
                try next(lines)
            } else {
                try writer.write(lines, withoutInput: next)
            }
        }
    }

    /// Gives the folder its name.
    ///
    /// - Parameters:
    ///   - generation: what was generated, if anything was.
    ///   - servedByCandidate: the models that generated, as their servers name them.
    func finish(
        _ results: ScoringResults, generation: JSONObject? = nil, servedByCandidate: Set<String> = []
    ) throws {
        // What models were asked differs from one time to the next, as replies come from the cache.
        var lasting = results
        lasting.usage = nil
        for index in lasting.functions.indices { lasting.functions[index].usage = nil }
        let rows = results.functions.first?.aggregates.counts.total ?? 0
        var provenance: JSONObject = [
            "assay": ["version": .string(Assay.version)],
            "dataset": dataset(rows: rows),
            "key": setup.key.isEmpty ? .null : .array(setup.key.map(JSONValue.string)),
            "cluster": setup.cluster.isEmpty ? .null : .array(setup.cluster.map(JSONValue.string)),
            "key_order": writer.keysAscend ? "ascending" : .null,
            "samples": setup.samples.map { JSONValue($0) } ?? .null,
        ]
        var described = JSONObject()
        for function in functions {
            let result = results[function.definition.identifier]
            var members = json(of: function, result?.usage).object ?? [:]
            if let calibration = result?.calibration, calibration != .null { members["calibration"] = calibration }
            described[function.definition.identifier] = .object(members)
        }
        provenance["functions"] = .object(described)
        if var candidate = setup.candidate?.object {
            candidate["served"] = names(servedByCandidate)
            provenance["candidate"] = .object(candidate)
        }
        var saved: JSONObject = [
            "schema": .string(SavedRun.schema),
            "status": results.isCancelled ? "interrupted" : "complete",
        ]
        if let name = options.name ?? setup.name { saved["name"] = .string(name) }
        saved["provenance"] = .object(provenance)
        saved["results"] = lasting.json["results"] ?? [:]
        let checked = ResultRequirements(setup.requirements).check(results)
        if !checked.isEmpty { saved["requirements"] = .array(checked.map(\.json)) }
        if var members = generation {
            members["usage"] = nil
            saved["generation"] = .object(members)
        }
        var run: JSONObject = [
            "command": .string(setup.command),
            "started": .string(started.text), "finished": .string(Timestamp.now.text),
            "seconds": JSONValue(Double((ContinuousClock.now - start) / .milliseconds(1)).rounded() / 1000),
            "jobs": JSONValue(setup.jobs),
        ]
        if let usage = results.json["usage"] { run["usage"] = usage }
        if let usage = generation?["usage"] { run["candidate_usage"] = usage }
        do {
            try writer.finish(
                results: saved, definitions: functions.map { ($0.definition.identifier, $0.definition.json) }, run: run)
        } catch {
            throw Failure("\(error)")
        }
        writeReport()
    }

    /// Writes `report.html`. The run is kept, whatever becomes of that.
    private func writeReport() {
        guard let folder = options.save, !options.withoutReport else { return }
        var report = ReportOptions()
        report.version = Assay.version
        do {
            let html = try Report(SavedRun(folder), options: report).html()
            try RegularFile.write(html, to: folder + "/report.html", mode: 0o644)
        } catch {
            let message = (error as? RegularFile.Fault)?.message ?? "\(error)"
            printError("warning: \(folder)/report.html was not written: \(oneLine(message, limit: 1000))")
        }
    }

    private func dataset(rows: Int) -> JSONValue {
        var mapping = JSONObject()
        for (name, source) in setup.mapping.sorted(by: { $0.key < $1.key }) { mapping[name] = .string(source) }
        return [
            "source": .string(setup.dataset),
            "sha256": setup.path.flatMap(Self.digest(ofFile:)).map { .string($0) } ?? .null,
            "rows": JSONValue(rows), "where": .array(setup.filters.map(JSONValue.string)),
            "limit": setup.limit.map { JSONValue($0) } ?? .null, "map": .object(mapping),
            "columns": .object(writer.columnDigests),
        ]
    }

    private func json(of function: Function, _ usage: ModelUsage?) -> JSONValue {
        let definition = function.definition
        var lasting = definition.json.object ?? [:]
        lasting["description"] = nil
        lasting["metadata"] = nil
        var json: JSONObject = [
            "definition_sha256": .string(
                hexadecimal(SHA256.digest(of: JSONValue.object(lasting).canonical.text).bytes)),
            "provider": .string(definition.providerID), "resource": .string(definition.providerResourceID),
            "columns": .array(function.columns.map(JSONValue.string)),
            "aggregations": .array(definition.aggregationFunctions.map { .string($0.rawValue) }),
            "score_range": function.range.map { [JSONValue($0.lowerBound), JSONValue($0.upperBound)] } ?? .null,
        ]
        if let plugin = function.plugin {
            json["plugin"] = [
                "id": .string(plugin.id), "version": .string(plugin.version),
                "sha256": Self.digest(ofFile: plugin.path).map { .string($0) } ?? .null,
                "shipped": .bool(plugin.isShipped),
            ]
        }
        if function.asksModels {
            json["judge"] = definition.judgeJSON(judgeModel: setup.judgeModel, served: usage?.servedModels ?? [])
        }
        return .object(json)
    }

    /// The SHA-256 of a regular file; nil where it cannot be read.
    private static func digest(ofFile path: String) -> String? {
        guard let (descriptor, _) = try? RegularFile.open(path) else { return nil }
        defer { close(descriptor) }
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 { return nil }
            if count == 0 { return hexadecimal(hash.finalize().bytes) }
            buffer.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }
}

extension Plugin {
    /// Whether it comes with Assay.
    fileprivate var isShipped: Bool {
        PluginIsolation.shippedFolders.contains { folder in
            guard let resolved = realpath(folder, nil) else { return false }
            defer { free(resolved) }
            return path.hasPrefix(String(cString: resolved) + "/")
        }
    }
}

/// Names in order; null for none.
private func names(_ names: Set<String>) -> JSONValue {
    names.isEmpty ? .null : .array(names.sorted().map(JSONValue.string))
}

extension ScoringFunction {
    /// What its judge is: `{"model": …, "models": …, "prompt_sha256": …, "served": …}`.
    ///
    /// - Parameters:
    ///   - judgeModel: the model of a judge that names none.
    ///   - served: the models as their servers name them in replies.
    func judgeJSON(judgeModel: String?, served: Set<String>) -> JSONValue {
        [
            "model": params["judge_model"] ?? judgeModel.map { .string($0) } ?? .null,
            "models": params["judge_models"] ?? .null, "prompt_sha256": .string(promptDigest), "served": names(served),
        ]
    }

    /// What identifies a judge's prompt: the SHA-256 of its template and system message, as JSON.
    var promptDigest: String {
        let prompt: JSONValue = [
            "prompt_template": params["prompt_template"] ?? .null, "system_prompt": params["system_prompt"] ?? .null,
        ]
        return hexadecimal(SHA256.digest(of: prompt.text).bytes)
    }
}
