import Concurrency
import Glibc
import Inference
import JSON
import Platform
import Synchronization
import Testing

@testable import Evaluation

/// A program in the place of lm_eval: a shell script that finds in `OUT` the folder for its results, and in `HERE` a folder
/// with what the test put there, where it leaves the words and the environment that it was started with.
final class HarnessFixture: Sendable {
    let path: String
    let settings: EvaluationSettings.Harness
    private let taken = Taken()

    private final class Taken: Sendable {
        let bytes = Mutex<[UInt8]>([])
    }

    /// Writes `results.json` and `samples.jsonl` as lm_eval would for a task `gsm`.
    static let writesResults = """
        cp "$HERE/results.json" "$OUT/results_2026-01-02.json"
        cp "$HERE/samples.jsonl" "$OUT/samples_gsm_2026-01-02.jsonl"
        """

    /// The program of that name that is installed.
    init(installed program: String) throws {
        path = try Self.makeFolder()
        settings = EvaluationSettings.Harness(command: [program], allowsCustomTasks: true)
    }

    init(
        _ script: String = writesResults, timeout: Duration? = nil, keeps: Bool = false,
        files: KeyValuePairs<String, String> = ["results.json": results, "samples.jsonl": samples]
    ) throws {
        path = try Self.makeFolder()
        settings = EvaluationSettings.Harness(
            command: ["/bin/sh", "\(path)/lm_eval"], outputFolder: keeps ? path : nil, timeout: timeout,
            allowsCustomTasks: true, passedVariables: ["HF_TOKEN", "OPENAI_API_KEY", "NOT_SET"])
        for (name, text) in files { try write(text, to: name) }
        try write(
            """
            HERE='\(path)'
            for word in "$@"; do case $word in --output_path=*) OUT="${word#*=}/model" ;; esac; done
            mkdir -p "$OUT"
            printf '%s\\n' "$@" > "$HERE/words"
            env > "$HERE/environment"
            pwd > "$HERE/place"
            \(script)
            """, to: "lm_eval")
    }

    deinit {
        HarnessFolder(existing: path)?.remove()
    }

    private static func makeFolder() throws -> String {
        var template = Array("/tmp/assay-harness-test-XXXXXX".utf8CString)
        return String(cString: try #require(mkdtemp(&template)))
    }

    func write(_ text: String, to name: String) throws {
        let file = try #require(fopen("\(path)/\(name)", "we"))
        fputs(text, file)
        fclose(file)
    }

    func read(_ name: String) -> String {
        LineFile("\(path)/\(name)")?.rest(limit: 1 << 20).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// The value of an option that the program was given.
    func option(_ name: String) -> String? {
        read("words").split(separator: "\n").first { $0.hasPrefix("--\(name)=") }.map {
            String($0.dropFirst(name.count + 3))
        }
    }

    /// Waits until the program has written a file, and gives its text.
    func waited(for name: String) async throws -> String {
        while true {
            let text = read(name)
            if text.hasSuffix("\n") { return String(text.dropLast()) }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// The rows that came out.
    var rows: [JSONValue] {
        get throws {
            try taken.bytes.withLock { String(decoding: $0, as: UTF8.self) }.split(separator: "\n").map {
                try JSONValue(parsing: String($0))
            }
        }
    }

    var provider: HarnessProvider {
        HarnessProvider(settings) { name in
            [
                "PATH": environmentVariable("PATH") ?? "/usr/bin:/bin", "SECRET_OF_OURS": "never-to-be-seen",
                "OPENAI_API_KEY": "never-to-be-seen", "HF_TOKEN": "hf-token-of-ours",
            ][name]
        }
    }

    /// A run of a benchmark with these metadata, by a model `small` with the key `sk-very-secret`.
    func run(
        _ metadata: JSONObject = ["task": "gsm"], configuration: String = "", sampling: String = "{}",
        url: String = "http://127.0.0.1:9/v1", headers: [ModelConfiguration.Header] = [], state: JSONValue? = nil,
        cancellation: Cancellation = Cancellation(), suspension: Cancellation = Cancellation(),
        keep: @escaping @Sendable (JSONValue) throws(EvaluationError) -> Void = { _ in }
    ) throws -> EvaluationRun {
        let catalog = ModelCatalog([
            ModelConfiguration(
                id: "small", url: url, model: "org/small-1", apiKeyVariable: "KEY", headers: headers,
                limits: ModelLimits(maxConcurrency: 3, timeout: .seconds(7), maxRetries: 1))
        ]) { $0 == "KEY" ? "sk-very-secret" : nil }
        let json = try JSONValue(
            parsing: """
                {"eval_candidate": {"type": "model", "model": "small", "sampling_params": \(sampling),
                  "system_message": "-Be brief."}\(configuration)}
                """)
        return EvaluationRun(
            jobID: "job-1",
            benchmark: Benchmark(
                id: "ours", providerID: HarnessProvider.id, datasetID: "none", functions: [], metadata: metadata),
            configuration: try BenchmarkConfiguration(json), dataset: nil,
            inference: InferenceService(catalog: catalog),
            cancellation: cancellation, suspension: suspension, state: state, keep: keep
        ) { [taken] bytes in taken.bytes.withLock { $0 += Array(bytes) } }
    }

    static let results = """
        {"results": {"gsm": {"name": "gsm", "alias": "gsm", "sample_len": 2, "exact_match,strict": 0.0,
           "exact_match_stderr,strict": NaN, "exact_match,flexible": 0.5, "exact_match_stderr,flexible": 0.25}},
         "groups": {"all": {"alias": "all", "exact_match,none": 0.5, "exact_match_stderr,none": "N/A"}},
         "n-samples": {"gsm": {"original": 2, "effective": 2}}}
        """

    static let samples = """
        {"doc_id": 0, "doc": {"question": "1+1?", "NaN": "\\"NaN"}, "target": "2", "resps": [["It is 2."]], \
        "filtered_resps": ["[invalid]"], "filter": "strict", "metrics": ["exact_match"], "exact_match": 0.0}
        {"doc_id": 1, "doc": {"question": "Why? \u{1F914}"}, "target": "42", "resps": [["41"]], \
        "filtered_resps": ["[invalid]"], "filter": "strict", "metrics": ["exact_match"], "exact_match": 0.0}
        {"doc_id": 0, "doc": {"question": "1+1?"}, "target": "2", "resps": [["It is 2."]], \
        "filtered_resps": ["2"], "filter": "flexible", "metrics": ["exact_match"], "exact_match": 1.0}
        {"doc_id": 1, "doc": {"question": "Why?"}, "target": "42", "resps": [["41"]], \
        "filtered_resps": ["41"], "filter": "flexible", "metrics": ["exact_match"], "exact_match": NaN}

        """
}
