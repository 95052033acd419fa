import Encodings
import Evaluation
import Glibc
import JSON
import Platform

/// The command that a job runs.
///
/// Parameters have the names of the command's options, with underscores instead of hyphens, as in the Python package.
struct EvalHubCommandLine {
    private(set) var words: [String] = []

    /// The options that a job may set. What an option reads or writes on the adapter's machine is the adapter's own affair.
    static let options = [
        "by", "by_limit", "cluster", "judge_model", "key", "limit", "map", "max_concurrency",
        "max_cost", "max_patterns", "max_prompt_size", "max_requests", "max_retries", "model_api", "pass_at",
        "reasoning",
        "require", "samples", "sampling", "system_message", "timeout", "where",
    ]
    private static let own = ["functions", "dataset", "benchmark"]

    init(
        _ job: EvalHubJob, _ environment: EvalHubEnvironment, in folder: String, benchmarks: String?, saving run: String
    ) throws {
        let generates = !job.modelURL.isEmpty
        words = [generates ? "evaluate" : "score"]
        do {
            try job.parameters.checkNames(Self.own + Self.options)
            try Self.check(job.parameters, against: environment.privateFolders(of: job))
            if let place = job.parameters["dataset"] {
                let dataset = try place.read(.nonEmptyText())
                if dataset.hasPrefix("-") { throw place.fault("the path or URI of a dataset") }
                words.append(dataset)
            }
            try addBenchmark(job, generates, in: folder, benchmarks)
            try addFunctions(job.parameters["functions"])
            for (name, place) in try job.parameters.members() where Self.options.contains(name) {
                if name == "limit" && job.limit != nil { continue }
                try add(name, place)
            }
        } catch {
            throw Failure("parameters of the job: \(error)")
        }
        if let limit = job.limit { words += ["--limit", "\(limit)"] }
        if generates {
            words += ["--model=\(job.modelName)", "--model-url=\(job.modelURL)"]
            try addCredentials(job, environment)
        }
        words += ["--save=\(run)", "--overwrite", "--format", "json"]
    }

    /// Checks that no text names a file of a private folder: what a job reads, its model and its results get to see.
    private static func check(_ place: JSONPlace, against folders: [String]) throws(JSONFault) {
        switch place.value {
        case .string(let text):
            for path in paths(in: text) where path.utf8.count < 4096 {
                guard let path = realPath(path),
                    folders.contains(where: { path == $0 || path.hasPrefix($0 + "/") })
                else { continue }
                throw place.fault("a file that is not private to the adapter")
            }
        case .array: for element in try place.elements() { try check(element, against: folders) }
        case .object: for (_, member) in try place.members() { try check(member, against: folders) }
        default: break
        }
    }

    /// What may be a path in a text: all of it, or what follows a mark, as in `@FILE`, `NAME=FILE` and `file://FILE`.
    private static func paths(in text: String) -> [String] {
        // No path is longer, with each byte percent-encoded.
        let whole = (text.firstIndex(of: "#").map { text[..<$0] } ?? text[...]).suffix(3 * 4096 + 100)
        return [text, String(whole)]
            + whole.indices.filter { "@=:,".contains(whole[$0]) }.flatMap { mark in
                let rest = String(whole[whole.index(after: mark)...])
                guard rest.hasPrefix("//") else { return [rest] }
                // The URI of a file may name a host.
                let path = rest.dropFirst(2).drop { $0 != "/" }
                return [rest, String(decoding: percentDecoded(path) ?? [], as: UTF8.self)]
            }
    }

    /// The benchmark that the parameters define, one of the installation's, or an open benchmark.
    private mutating func addBenchmark(
        _ job: EvalHubJob, _ generates: Bool, in folder: String, _ benchmarks: String?
    ) throws {
        if let benchmark = job.parameters["benchmark"] {
            guard generates else { throw benchmark.fault("nothing, since the job has no model (/model/url is empty)") }
            let path = "\(folder)/benchmark.json"
            try RegularFile.write(JSONValue.object(try benchmark.read(.object)).text, to: path, mode: 0o600)
            words += ["--benchmark", path]
        } else if generates, let benchmarks, !job.benchmarkID.contains("/"),
            FileStatus(ofPath: "\(benchmarks)/\(job.benchmarkID).json") != nil
        {
            words.append("--benchmark=\(benchmarks)/\(job.benchmarkID).json")
        } else if generates, (try? BenchmarkCatalog.installed().find(job.benchmarkID)) != nil {
            words.append("--benchmark=\(job.benchmarkID)")
        } else if job.parameters["dataset"] == nil || job.parameters["functions"] == nil {
            throw Failure(
                "\(quoted(job.benchmarkID)) is neither a file of --benchmarks nor an open benchmark ('assay benchmarks list'); set \"dataset\" "
                    + "and \"functions\", or \"benchmark\"")
        }
    }

    /// Names of functions, or an object with the parameters of each.
    private mutating func addFunctions(_ place: JSONPlace?) throws(JSONFault) {
        guard let place else { return }
        if place.value.object != nil {
            for (name, parameters) in try place.members() {
                words.append("--fn=" + (parameters.value == .null ? name : "\(name)=\(parameters.value.text)"))
            }
        } else {
            for name in try place.read(.texts("an array of identifiers, or an object with parameters by identifier")) {
                words.append("--fn=\(name)")
            }
        }
    }

    private mutating func add(_ name: String, _ place: JSONPlace) throws(JSONFault) {
        let option = "--" + name.split(separator: "_").joined(separator: "-")
        // One word, so that a value is never read as an option.
        func word(_ value: String) -> String { "\(option)=\(value)" }
        switch place.value {
        case .null: break
        case .string(let text): words.append(word(text))
        case .number(let number): words.append(word(number.text))
        case .array: for text in try place.read(.texts) { words.append(word(text)) }
        case .object(let object) where name == "map":
            for (key, value) in object.members {
                guard let text = value.string else { throw place.fault("an object with column names") }
                words.append(word("\(key)=\(text)"))
            }
        case .object: words.append(word(place.value.text))
        case .bool: throw place.fault("a string, a number, an array or an object")
        }
    }

    /// The keys in the files `api-key` and `hf-token`, and the certificates in `ca_cert`, pass through the environment.
    private mutating func addCredentials(_ job: EvalHubJob, _ environment: EvalHubEnvironment) throws {
        let folder = try environment.credentials(of: job)
        if let key = environment.text("\(folder)/api-key") {
            setenv("EVALHUB_MODEL_API_KEY", key, 1)
            words += ["--api-key-env", "EVALHUB_MODEL_API_KEY"]
        }
        if let token = environment.text("\(folder)/hf-token") { setenv("HF_TOKEN", token, 1) }
        if FileStatus(ofPath: "\(folder)/ca_cert") != nil { setenv("SSL_CERT_FILE", "\(folder)/ca_cert", 1) }
    }
}
