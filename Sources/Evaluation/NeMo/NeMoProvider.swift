import Concurrency
import Encodings
import Inference
public import JSON
import NIOHTTP1
public import Platform

/// Runs benchmarks on a NeMo Evaluator microservice, by its API of version 1 (as the PyPI package `nemo-microservices` has
/// it): a benchmark is an evaluation configuration there, and a job of ours one of its jobs.
///
/// What is evaluated and how is the configuration's matter. Rows stay there; results come back as the service gives them.
public struct NeMoProvider: EvaluationProvider {
    static let id = "nvidia"

    private let settings: EvaluationSettings.NeMo?
    private let environment: @Sendable (String) -> String?
    private let custom: CustomEvaluation?

    public var id: String { Self.id }
    public var type: String { "remote::nvidia" }

    /// - Parameters:
    ///   - settings: where the service is; without them, every call fails as unavailable.
    ///   - environment: reads a variable of the process's environment.
    ///   - custom: runs configurations of the type `custom` if there is no service.
    public init(
        _ settings: EvaluationSettings.NeMo?,
        environment: @escaping @Sendable (String) -> String? = environmentVariable, custom: CustomEvaluation? = nil
    ) {
        self.custom = custom
        self.settings = settings
        self.environment = environment
    }

    /// Whether the metadata are an evaluation configuration, which has a type such as `mmlu` or `custom`.
    public func owns(_ metadata: JSONObject) -> Bool { Self.configuration(in: metadata)["type"]?.string != nil }

    /// The configuration in a benchmark's metadata: these themselves, or their one member "config", as the provider's first
    /// documentation has it.
    private static func configuration(in metadata: JSONObject) -> JSONObject {
        guard metadata.count == 1, let inner = metadata["config"]?.object, inner["type"]?.string != nil else {
            return metadata
        }
        return inner
    }

    /// Posts the benchmark's metadata as an evaluation configuration. One that is there already is fine if it says the
    /// same.
    public func register(_ benchmark: Benchmark) throws(EvaluationError) {
        if try native(benchmark) != nil { return }
        let (settings, client) = try connection()
        let configuration = Self.configuration(in: benchmark.metadata)
        for name in ["namespace", "name"] where configuration[name] != nil {
            throw EvaluationError(
                .invalid,
                "is not allowed in the metadata: configurations are named after their benchmark, in the namespace of "
                    + "the configuration file", at: "/metadata/\(name)")
        }
        var body: JSONObject = ["namespace": .string(settings.namespace), "name": .string(benchmark.resourceID)]
        for (name, value) in configuration.members { body[name] = value }
        do throws(NeMoClient.Failure) {
            _ = try client.send(.POST, "/v1/evaluation/configs", .object(body))
        } catch {
            switch error.status {
            case 409: try checkSame(.object(body), settings, client)
            case 400, 422: throw EvaluationError(.invalid, error.message, at: "/metadata")
            default: throw EvaluationError(.provider, error.message)
            }
        }
    }

    private func checkSame(
        _ body: JSONValue, _ settings: EvaluationSettings.NeMo, _ client: NeMoClient
    ) throws(EvaluationError) {
        let name = body["name"]?.string ?? ""
        let path = "/v1/evaluation/configs/\(percentEncoded(settings.namespace))/\(percentEncoded(name))"
        let found = try client.get(path, cancellation: Cancellation())
        guard let fault = found.firstDifference(from: body) else { return }
        throw EvaluationError(
            .invalid,
            "NeMo Evaluator has another configuration \(quoted("\(settings.namespace)/\(name)")), which differs at "
                + "\(fault); choose another provider_benchmark_id for the benchmark, or delete that configuration "
                + "there",
            at: "/metadata\(fault)")
    }

    public func check(_ run: EvaluationRun) throws(EvaluationError) {
        guard let (custom, configuration) = try native(run.benchmark) else { return }
        try custom.check(run, configuration)
    }

    /// The engine and the configuration of a benchmark that runs without the service; nil for others.
    private func native(
        _ benchmark: Benchmark
    ) throws(EvaluationError) -> (CustomEvaluation, CustomConfiguration)? {
        let configuration = Self.configuration(in: benchmark.metadata)
        guard settings == nil, let custom, configuration["type"] == "custom" else { return nil }
        let place = configuration.count == benchmark.metadata.count ? "/metadata" : "/metadata/config"
        return (custom, try CustomConfiguration(configuration, at: JSONPointer(place)))
    }

    public func evaluateRows(_ run: EvaluationRun) throws(EvaluationError) -> EvaluationResult {
        if let (custom, configuration) = try native(run.benchmark) {
            return try custom.evaluate(run, configuration, usesOwnRows: true)
        }
        throw EvaluationError(
            .unsupported,
            "NeMo Evaluator does not accept rows in a request: it evaluates the dataset that its configuration names; "
                + "run the benchmark as a job")
    }

    public func runJob(_ run: EvaluationRun) throws(EvaluationError) -> EvaluationResult {
        if let (custom, configuration) = try native(run.benchmark) { return try custom.evaluate(run, configuration) }
        let (settings, client) = try connection()
        let id: String
        if let known = run.state?["job"]?.string {
            id = known
        } else {
            id = try post(run, settings, client)
        }
        do throws(EvaluationError) {
            return try follow(id, run, settings, client)
        } catch {
            // Where only this process ends, the job goes on there, and the next one asks for it.
            guard run.cancellation.isCancelled, !run.suspension.isCancelled else { throw error }
            throw cancel(id, client)
        }
    }

    /// Starts the job there. A request that fails is not made again: whether it started one cannot be known.
    private func post(
        _ run: EvaluationRun, _ settings: EvaluationSettings.NeMo, _ client: NeMoClient
    ) throws(EvaluationError) -> String {
        let target: JSONValue = ["type": "model", "model": .string(try model(of: run))]
        if run.cancellation.isCancelled { throw EvaluationError(.cancelled, "cancelled before it was started") }
        let config = "\(settings.namespace)/\(run.benchmark.resourceID)"
        let body: JSONValue = ["config": .string(config), "target": target]
        let answer: JSONValue
        do throws(NeMoClient.Failure) {
            answer = try client.send(.POST, "/v1/evaluation/jobs", body)
        } catch {
            let doubt = error.isTransient ? "; the request is not repeated, because it may have started a job" : ""
            throw EvaluationError(.provider, error.message + doubt)
        }
        guard let id = answer["id"]?.string, !id.isEmpty else {
            throw EvaluationError(
                .provider,
                "NeMo Evaluator started a job and did not return its identifier: "
                    + client.redaction(answer.text).prefix(300))
        }
        do throws(EvaluationError) {
            try run.keep(["job": .string(id)])
        } catch {
            // Nobody would ever ask for it.
            _ = cancel(id, client)
            throw error
        }
        return id
    }

    /// Asks about the job until it has ended.
    private func follow(
        _ id: String, _ run: EvaluationRun, _ settings: EvaluationSettings.NeMo, _ client: NeMoClient
    ) throws(EvaluationError) -> EvaluationResult {
        let path = "/v1/evaluation/jobs/\(percentEncoded(id))"
        var job = NeMoJob(longestPause: settings.pollInterval)
        while true {
            let action = job.next(after: try client.get(path, cancellation: run.cancellation))
            run.progress.update(isWaiting: job.isWaiting)
            if let done = job.done { run.progress.update(done: done, total: job.total) }
            switch action {
            case .ask(let pause):
                client.pause(pause, run.cancellation)
                if run.cancellation.isCancelled { throw EvaluationError(.cancelled, "cancelled") }
            case .fail(let message):
                throw EvaluationError(.provider, client.redaction(message))
            case .end:
                throw EvaluationError(.cancelled, "the job was cancelled on NeMo Evaluator")
            case .getResults:
                let results = try client.get(path + "/results", waitsForIt: true, cancellation: run.cancellation)
                guard results.object != nil else {
                    throw EvaluationError(
                        .provider, "the job is complete on NeMo Evaluator, but its results are \(results.kind)")
                }
                return EvaluationResult(scores: [run.benchmark.id: ["aggregated_results": results]])
            }
        }
    }

    /// Has the job cancelled there, as far as that can be done in a short time.
    ///
    /// - Returns: the error that the run ends with.
    private func cancel(_ id: String, _ client: NeMoClient) -> EvaluationError {
        var message = ""
        for attempt in 1...3 {
            do throws(NeMoClient.Failure) {
                _ = try client.send(
                    .POST, "/v1/evaluation/jobs/\(percentEncoded(id))/cancel", [:], timeout: .seconds(3))
                return EvaluationError(.cancelled, "cancelled")
            } catch {
                message = error.message
                guard error.isTransient, attempt < 3 else { break }
                client.pause(.milliseconds(100 * attempt), Cancellation())
            }
        }
        return EvaluationError(.cancelled, "cancelled here; the job \(id) may still run on NeMo Evaluator: \(message)")
    }

    /// The name that the service is to know the candidate by.
    private func model(of run: EvaluationRun) throws(EvaluationError) -> String {
        guard case .model(let name, _, let systemMessage) = run.configuration.candidate else {
            throw EvaluationError(
                .unsupported, "NeMo Evaluator evaluates models only, but the candidate is an agent",
                at: "\(EvaluationError.candidatePointer)/type")
        }
        if systemMessage != nil {
            throw EvaluationError(
                .unsupported,
                "NeMo Evaluator does not accept a system message for a job; put it into the benchmark's metadata",
                at: "\(EvaluationError.candidatePointer)/system_message")
        }
        if run.configuration.numExamples != nil {
            throw EvaluationError(
                .unsupported,
                "NeMo Evaluator does not accept a number of examples with a job; put it in the benchmark's metadata "
                    + "(params.limit_samples)", at: "/benchmark_config/num_examples")
        }
        guard let inference = run.inference else { return name }
        do throws(InferenceError) {
            return try inference.catalog.find(name).name
        } catch {
            // It need not be configured here to be known there.
            if error.code == .unknownModel { return name }
            throw EvaluationError(.model, error.message)
        }
    }

    private func connection() throws(EvaluationError) -> (EvaluationSettings.NeMo, NeMoClient) {
        guard let settings else {
            throw EvaluationError(
                .unavailable,
                "the address of NeMo Evaluator is not configured; add its URL to the configuration file: "
                    + #"{"evaluation": {"nvidia": {"url": "http://HOST:PORT"}}}"#
                    + "; to run one of lm_eval's tasks instead, use the provider \"lm-evaluation-harness\" with the "
                    + "metadata "
                    + #"{"task": "mmlu"}"#, at: "/provider_id")
        }
        return (settings, try NeMoClient(settings, environment: environment))
    }
}

extension JSONValue {
    /// The JSON pointer of the first place where this value is not what `other` says there. What only this one says, such
    /// as defaults that were filled in, does not count.
    fileprivate func firstDifference(from other: JSONValue) -> String? {
        switch (self, other) {
        case (.object(let own), .object(let other)):
            for (name, value) in other.members {
                let place = JSONPointer().appending(name).description
                if let rest = (own[name] ?? .null).firstDifference(from: value) { return place + rest }
            }
            return nil
        case (.array(let own), .array(let other)) where own.count == other.count:
            for (index, pair) in zip(own, other).enumerated() {
                if let rest = pair.0.firstDifference(from: pair.1) { return "/\(index)\(rest)" }
            }
            return nil
        case (.number(let own), .number(let other)):
            return own.double == other.double ? nil : ""
        default:
            return self == other ? nil : ""
        }
    }
}
