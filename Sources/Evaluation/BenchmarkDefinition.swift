public import JSON
import Platform
import ScoringDefinitions

/// A benchmark as a file defines it: the address of its rows, how prompts are made and answers are read, the scoring
/// functions, and what a run takes.
///
///     {"benchmark_id": "gsm8k", "description": "…",
///      "dataset": {"dataset_id": "openai/gsm8k", "purpose": "eval/question-answer",
///                  "uri": "huggingface://datasets/openai/gsm8k?split=test&name=main"},
///      "scoring_functions": ["basic::number"], "metadata": {"generation": {…}},
///      "size": {"rows": 1319, "prompt_tokens": 110, "reply_tokens": 200}}
public struct BenchmarkDefinition: Sendable {
    /// What a run takes: the number of rows, and estimates of tokens for each of them.
    public struct Size: Sendable, Hashable {
        public var rows: Int
        /// Tokens of a prompt, and of a reply without reasoning by a reasoning model.
        public var promptTokens: Int
        public var replyTokens: Int
        /// Tokens of a judge's prompt; nil without a judge.
        public var judgeTokens: Int?
    }

    public let id: String
    public let description: String
    /// The identifier of the dataset on a server.
    public let datasetID: String
    public let purpose: String
    /// The address of the rows.
    public let uri: String
    public let functions: [String]
    /// The benchmark's metadata, with "generation".
    public let metadata: JSONObject
    public let size: Size
    /// What to know before a run.
    public let note: String?
    /// The definition, unchanged.
    public let json: JSONObject

    private static let members = [
        "benchmark_id", "description", "dataset", "scoring_functions", "metadata", "size", "note",
    ]

    /// - Throws: the first fault.
    public init(_ json: JSONValue) throws(EvaluationError) {
        do throws(JSONFault) {
            let place = JSONPlace(json)
            self.json = try place.read(.object)
            try place.checkNames(Self.members)
            id = try place.required("benchmark_id", .nonEmptyText("the identifier of the benchmark"))
            description = try place.required("description", .text)
            _ = try place.required("dataset", .object)
            let dataset = place["dataset"] ?? place
            try dataset.checkNames(["dataset_id", "purpose", "uri"])
            datasetID = try dataset.required("dataset_id", .nonEmptyText("the identifier of the dataset"))
            purpose = try dataset.required("purpose", .nonEmptyText("a purpose, such as eval/question-answer"))
            uri = try dataset.required("uri", .nonEmptyText("the address of the rows"))
            functions = try place.required("scoring_functions", .texts("an array of identifiers"))
            metadata = try place.optional("metadata", .object) ?? [:]
            note = try place.optional("note", .text)
            _ = try place.required("size", .object)
            let size = place["size"] ?? place
            try size.checkNames(["rows", "prompt_tokens", "reply_tokens", "judge_tokens"])
            self.size = Size(
                rows: try size.required("rows", .integer(from: 0)),
                promptTokens: try size.required("prompt_tokens", .integer(from: 0)),
                replyTokens: try size.required("reply_tokens", .integer(from: 0)),
                judgeTokens: try size.optional("judge_tokens", .integer(from: 0)))
        } catch {
            throw EvaluationError(error)
        }
        _ = try GenerationSettings(metadata: metadata)
    }
}

/// The benchmarks of folders of definitions, by identifier.
public struct BenchmarkCatalog: Sendable {
    /// Sorted by identifier.
    public private(set) var benchmarks: [BenchmarkDefinition] = []
    /// What is wrong with files that are left out, in sentences.
    public private(set) var errors: [String] = []

    /// Reads every `*.json` in the folders. Of two benchmarks with the same identifier, the first one stays.
    public init(folders: [String]) {
        for folder in folders {
            let folder = DefinitionFolder(path: folder)
            errors += folder.errors.map { "\($0)" }
            for path in folder.files { add(path) }
        }
        benchmarks.sort { $0.id < $1.id }
    }

    /// The benchmark with this identifier; nil if there is none.
    public subscript(id: String) -> BenchmarkDefinition? {
        benchmarks.first { ExactText($0.id) == ExactText(id) }
    }

    private mutating func add(_ path: String) {
        do {
            let bytes = try RegularFile.read(path, limit: DefinitionFile.maximumSize)
            let benchmark = try BenchmarkDefinition(JSONValue(parsing: bytes))
            if self[benchmark.id] == nil { benchmarks.append(benchmark) }
        } catch {
            errors.append("\(path): \(error)")
        }
    }
}
