import Concurrency
import Evaluation
import Inference
import JSON

/// An engine that answers each row with its number, and does what the test and the benchmark's metadata say.
///
/// Metadata: `fail_at`: fails before this row; `asks`: a model that is asked before each row.
final class ScriptedProvider: EvaluationProvider {
    private struct State {
        var allowed: Int
        var events: [String] = []
        var states: [JSONValue?] = []
    }

    let id: String
    let type = "inline::scripted"
    private let state: Monitor<State>

    /// - Parameter allowed: rows of each job that may be done until `allow` says otherwise.
    init(_ id: String = "scripted", allowed: Int = .max) {
        self.id = id
        state = Monitor(State(allowed: allowed))
    }

    /// Lets more rows of each job be done.
    func allow(_ rows: Int) { state.update { $0.allowed = rows } }

    /// What happened, in its order: `register B`, `begin B`, `interrupt B`, `suspend B`.
    var events: [String] { state.update { $0.events } }

    /// What each run of a job was given as the state that an earlier one kept.
    var states: [JSONValue?] { state.update { $0.states } }

    func register(_ benchmark: Benchmark) throws(EvaluationError) {
        if benchmark.metadata["refused"] != nil {
            throw EvaluationError(.invalid, "nobody wants it", at: "/metadata/refused")
        }
        note("register \(benchmark.id)")
    }

    func evaluateRows(_ run: EvaluationRun) throws(EvaluationError) -> EvaluationResult { try answer(run) }

    func runJob(_ run: EvaluationRun) throws(EvaluationError) -> EvaluationResult {
        state.update { $0.states.append(run.state) }
        try run.keep(["runs": JSONValue((run.state?["runs"]?.number?.int ?? 0) + 1)])
        return try answer(run)
    }

    private func note(_ event: String) { state.update { $0.events.append(event) } }

    private func answer(_ run: EvaluationRun) throws(EvaluationError) -> EvaluationResult {
        note("begin \(run.benchmark.id)")
        guard run.dataset != nil, let count = run.rowCount else {
            throw EvaluationError(.dataset, "there is no dataset \(quoted(run.benchmark.datasetID))")
        }
        let total = min(count, run.configuration.numExamples ?? count)
        run.progress.update(done: 0, total: total)
        run.cancellation.onCancel { [state] in state.update { _ in } }
        var done = 0
        while done < total {
            _ = state.wait { $0.allowed > done || run.cancellation.isCancelled ? true : nil }
            if run.cancellation.isCancelled {
                note("\(run.suspension.isCancelled ? "suspend" : "interrupt") \(run.benchmark.id)")
                break
            }
            if done == run.benchmark.metadata["fail_at"]?.number?.int {
                throw EvaluationError(.provider, "the engine broke at row \(done)")
            }
            if let model = run.benchmark.metadata["asks"]?.string { try ask(model, run) }
            try write(done, run)
            done += 1
            run.progress.update(done: done)
        }
        var scores = JSONObject()
        for function in run.functions {
            scores[function] = [
                "aggregated_results": ["average": ["average": JSONValue(1.0)]], "rows": ["total": JSONValue(done)],
            ]
        }
        return EvaluationResult(
            scores: scores, generation: ["rows": ["total": JSONValue(done)]], isCancelled: done < total)
    }

    private func write(_ row: Int, _ run: EvaluationRun) throws(EvaluationError) {
        var scores = JSONObject()
        for function in run.functions { scores[function] = ["score": JSONValue(Double(row)), "of": .string(function)] }
        let line: JSONValue = [
            "question": .string("q\(row)"), "generated_answer": .string("a\(row)"),
            "generation": .string("so: a\(row)"),
            "scores": .object(scores),
        ]
        do {
            try Array((line.text + "\n").utf8).withUnsafeBytes { try run.output($0) }
        } catch {
            throw EvaluationError(.output, "\(error)")
        }
    }

    private func ask(_ model: String, _ run: EvaluationRun) throws(EvaluationError) {
        guard let inference = run.inference else { throw EvaluationError(.model, "there are no models") }
        do {
            let request = InferenceRequest(body: #"{"messages": [{"role": "user", "content": "?"}]}"#)
            let found = try inference.catalog.find(model)
            _ = try waiting { try await inference.session().ask(request, of: found, for: "f") }
        } catch {
            throw EvaluationError(.model, "\(error)")
        }
    }
}
