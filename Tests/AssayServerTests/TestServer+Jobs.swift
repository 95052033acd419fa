import JSON
import Testing

/// Where the benchmarks are, for clients of the newer family.
let benchmarks = "/v1alpha/eval/benchmarks"

/// Asks for a job.
let jobRequest: JSONValue = [
    "benchmark_config": ["eval_candidate": ["type": "model", "model": "m", "sampling_params": [:]]]
]

/// What the scripted provider generates for a row.
func generation(_ row: Int) -> JSONValue {
    ["generated_answer": .string("a\(row)"), "generation": .string("so: a\(row)")]
}

/// How it scores the row.
func score(_ row: Int, _ function: String) -> JSONValue {
    ["score": JSONValue(Double(row)), "of": .string(function)]
}

extension TestServer {
    /// Registers a benchmark with the functions `f` and `g::h`, and its dataset with so many rows.
    func register(
        _ id: String, rows: Int, family: String = benchmarks, provider: String = "scripted", metadata: JSONValue = [:]
    ) async throws {
        let dataset = "rows-of-" + id
        let rows = (0..<rows).map { ["question": .string("q\($0)")] as JSONValue }
        let source: JSONValue = ["type": "rows", "rows": .array(rows)]
        let made = try await post(
            "/v1/datasets", ["dataset_id": .string(dataset), "purpose": "eval/question-answer", "source": source])
        #expect(made.status == 200, "\(made.body)")
        let benchmark = try await post(
            family,
            [
                "benchmark_id": .string(id), "dataset_id": .string(dataset), "scoring_functions": ["f", "g::h"],
                "provider_id": .string(provider), "metadata": metadata,
            ])
        #expect(benchmark.status == 200, "\(benchmark.body)")
    }

    /// Starts a job, and returns its path.
    func start(_ benchmark: String) async throws -> String {
        let made = try await post("\(benchmarks)/\(benchmark)/jobs", jobRequest)
        return "\(benchmarks)/\(benchmark)/jobs/" + (try #require(made.json["job_id"]?.string, "\(made.body)"))
    }

    /// The job at `path`, once it is as it should be.
    func job(_ path: String, until isReady: (JSONValue) -> Bool) async throws -> JSONValue {
        for _ in 0..<4_000 {
            let job = try await get(path).json
            if isReady(job) { return job }
            try await Task.sleep(for: .milliseconds(5))
        }
        let last = try await get(path)
        return try #require(nil, "the job never was as expected: \(last.body)")
    }
}
