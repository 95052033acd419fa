import Encodings
import Evaluation
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
        /// The commit of a dataset of the Hugging Face Hub, once rows were read.
        var revision: @Sendable () -> String?
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

    private let setup: Setup
    private let options: SaveOptions
    private let writer: RunFolderWriter
    private let functions: [FunctionProvenance]
    private let started = Timestamp.now
    private let start = ContinuousClock.now

    /// - Returns: nil where nothing is to be kept, or where a function is at fault, which the run itself says.
    init?(_ setup: Setup, _ options: SaveOptions, _ engine: Engine) throws {
        guard let folder = options.save else { return nil }
        self.setup = setup
        self.options = options
        var functions: [FunctionProvenance] = []
        for (identifier, parameters) in setup.functions {
            guard let definition = try? engine.definitions.find(identifier).overriding(with: parameters),
                let function = FunctionProvenance(of: definition, in: engine)
            else { return nil }
            functions += [function] + function.furtherScores
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
            let result = results[function.definition.functionIdentifier]
            var members = function.json(judgeModel: setup.judgeModel, served: result?.usage?.servedModels ?? []) {
                fileDigest($0.path)
            }
            if function.definition.furtherScore == nil, let calibration = result?.calibration, calibration != .null {
                members["calibration"] = calibration
            }
            described[function.definition.identifier] = .object(members)
        }
        provenance["functions"] = .object(described)
        if var candidate = setup.candidate?.object {
            candidate["served"] = servedByCandidate.namesInOrder
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
        var described: JSONObject = [
            "source": .string(setup.dataset),
            "sha256": setup.path.flatMap(fileDigest).map { .string($0) } ?? .null,
            "rows": JSONValue(rows), "where": .array(setup.filters.map(JSONValue.string)),
            "limit": setup.limit.map { JSONValue($0) } ?? .null, "map": .object(mapping),
            "columns": .object(writer.columnDigests),
        ]
        if let revision = setup.revision() { described["revision"] = .string(revision) }
        return .object(described)
    }
}

/// The SHA-256 of a file, in hexadecimal; nil if it cannot be read.
private func fileDigest(_ path: String) -> String? {
    SHA256.digest(ofFile: path).map { hexadecimal($0.bytes) }
}
