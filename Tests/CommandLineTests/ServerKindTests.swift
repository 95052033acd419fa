import FakeModel
import JSON
import Testing

/// What becomes of one row whose judge or candidate is a kind of server. The candidate is asked at temperature 0, and the
/// judge too.
private struct KindRun: Sendable, CustomTestStringConvertible {
    enum End: Sendable, Hashable {
        /// The row has its score, or its generation.
        case done
        /// It has an outcome of this name instead.
        case outcome(String)
        /// The run is ended.
        case ended
    }

    var kind: ServerKind
    var judge: End
    var candidate: End
    /// Where there is no score, or no generation, what the message holds.
    var message: String
    var requests: Int
    /// What a candidate is taken to have answered, where it has.
    var answer: String?
    /// What the model is known to have thought.
    var thought: String? { Self.thinking.contains(kind) ? Self.thought : nil }

    var testDescription: String { kind.rawValue }

    private init(
        _ kind: ServerKind, judge: End = .done, candidate: End = .done, _ message: String = "", requests: Int = 1,
        answer: String? = Self.text
    ) {
        (self.kind, self.judge, self.candidate, self.message) = (kind, judge, candidate, message)
        (self.requests, self.answer) = (requests, candidate == .done ? answer : nil)
    }

    private static let thinking: Set<ServerKind> = [
        .thinkingInText, .thinkingOpenedByTemplate, .reasoningContent, .reasoning, .reasoningDetails, .parts, .harmony,
        .harmonyCall, .nullContentAtLength, .emptyContentAtLength, .cutOffInThinking,
    ]

    static let text = "Total rating: 8"
    static let thought = "A first guess is Total rating: 3"

    static let all: [KindRun] = {
        let answering: [ServerKind] = [
            .plain, .thinkingInText, .thinkingOpenedByTemplate, .reasoningContent, .reasoning, .reasoningDetails,
            .parts, .harmony, .keepAliveLines, .refusesSeed, .refusesSeedByName, .refusesTopPBesideTemperature,
            .refusesResponseFormat,
        ]
        let cutOffInThinking: [ServerKind] = [.nullContentAtLength, .emptyContentAtLength, .cutOffInThinking]
        let refusing: [(ServerKind, String)] = [
            (.errorWithStatus200, "Provider does not take this prompt"), (.refusedKey, "Incorrect API key provided"),
            (.invalidKeyWithStatus400, "API key not valid"), (.flaggedPrompt, "content filter"),
            (.filteredPrompt, "content filter"), (.legalReasons, "legal reasons"), (.unknownModel, "does not exist"),
            (.tooLongForContext, "maximum context length"),
        ]
        let ending: [(ServerKind, String)] = [
            (.spentQuota, "add credit"), (.noCredit, "add credit"), (.responsesOnly, #""api": "responses""#),
        ]
        var runs = answering.map { KindRun($0) }
        runs += cutOffInThinking.map { KindRun($0, judge: .outcome("unparsed"), "max_tokens", answer: "") }
        runs.append(KindRun(.cutOffAsMaxTokens, judge: .outcome("unparsed"), "max_tokens"))
        runs.append(KindRun(.filteredWithoutMessage, judge: .outcome("unparsed"), "content filter", answer: ""))
        runs.append(KindRun(.toolCall, judge: .outcome("unparsed"), answer: ""))
        runs.append(KindRun(.functionCall, judge: .outcome("unparsed"), answer: ""))
        runs.append(KindRun(.harmonyCall, judge: .outcome("unparsed"), "get_weather", answer: ""))
        runs.append(
            KindRun(.refusal, judge: .outcome("unparsed"), "the model refused", answer: "I cannot rate that 8."))
        runs.append(KindRun(.errorInChoiceOnce, requests: 2))
        runs.append(KindRun(.refusesTemperature, requests: 2))
        runs.append(KindRun(.refusesTemperatureAndMaxTokens, requests: 2))
        for (kind, message) in refusing {
            runs.append(KindRun(kind, judge: .outcome("model_error"), candidate: .outcome("model_error"), message))
        }
        for (kind, message) in ending { runs.append(KindRun(kind, judge: .ended, candidate: .ended, message)) }
        return runs
    }()
}

/// A server that is of the kind that the request's model is called by.
private func makeServer() throws -> FakeModelServer {
    try FakeModelServer(
        .choosing { request in
            guard let kind = ServerKind(rawValue: model(of: request)) else { return .status(404) }
            return .server(kind, answering: KindRun.text, thinking: KindRun.thought)
        }.reporting(.fixed(input: 100, output: 2000)))
}

private func model(of request: ReceivedRequest) -> String {
    (try? JSONValue(parsing: request.body))?["model"]?.string ?? ""
}

@Suite("Judges and candidates on each kind of server, from the command line and over HTTP")
struct ServerKindTests {
    @Test("every kind has a case")
    func complete() {
        #expect(Set(KindRun.all.map(\.kind)) == Set(ServerKind.allCases))
    }

    @Test("assay score", arguments: KindRun.all)
    fileprivate func judge(_ run: KindRun) throws {
        let server = try makeServer()
        let folder = try TemporaryFolder([
            "rows.jsonl": #"{"input_query": "x", "generated_answer": "y"}"# + "\n",
            "functions/judge.json": ratingJudge.replacing("\"fake\"", with: "\"\(run.kind.rawValue)\""),
        ])
        let result = try folder.command([
            "score", "rows.jsonl", "--fn-dir", "functions", "--fn", "test::rating", "--model-url", server.url,
            "--no-cache", "--output", "out.jsonl",
        ]).run()
        #expect(server.totals.requests == run.requests)
        guard run.judge != .ended else {
            #expect(result.ending == .status(1))
            #expect(result.errors.contains(run.message), "\(result.errors)")
            return
        }
        let row = try JSONValue(parsing: folder.read("out.jsonl"))["scores"]?["test::rating"]
        if case .outcome(let outcome) = run.judge {
            #expect(result.ending == .status(3), "\(result.errors)")
            #expect(row?["score"] == .null)
            #expect(row?["outcome"]?.string == outcome, "\(result.errors)")
            #expect(row?["message"]?.string?.contains(run.message) == true, "\(row?.text ?? "")")
        } else {
            #expect(result.ending == .status(0), "\(result.errors)")
            #expect(row?["score"] == JSONValue(8.0))
            #expect(row?["judge_feedback"]?.string == KindRun.text)
        }
        #expect(row?["reasoning"]?.string == run.thought)
        try checkUsage(result.value("usage"), run.judge, run)
    }

    @Test("assay evaluate", arguments: KindRun.all)
    fileprivate func candidate(_ run: KindRun) throws {
        let server = try makeServer()
        let folder = try TemporaryFolder([
            "rows.jsonl": "{\"question\": \"x\", \"answer\": \"\(KindRun.text)\"}\n"
        ])
        let result = try folder.command([
            "evaluate", "rows.jsonl", "--fn", "basic::equality", "--model", run.kind.rawValue, "--model-url",
            server.url,
            "--no-cache", "--output", "out.jsonl",
        ]).run()
        #expect(server.totals.requests == run.requests)
        guard run.candidate != .ended else {
            #expect(result.ending == .status(1))
            #expect(result.errors.contains(run.message), "\(result.errors)")
            return
        }
        let row = try JSONValue(parsing: folder.read("out.jsonl"))
        if case .outcome(let outcome) = run.candidate {
            #expect(result.ending == .status(3), "\(result.errors)")
            #expect(row["generation_error"]?["outcome"]?.string == outcome, "\(row.text)")
            #expect(row["generation_error"]?["message"]?.string?.contains(run.message) == true, "\(row.text)")
        } else {
            #expect(row["generated_answer"]?.string == run.answer, "\(row.text)")
        }
        #expect(row["generation_reasoning"]?.string == run.thought)
        let isCall = [.toolCall, .functionCall, .harmonyCall].contains(run.kind)
        #expect(row["tool_calls"]?.array?.first?["function"]?["name"]?.string == (isCall ? "get_weather" : nil))
        #expect((row["finish_reason"] == "refusal") == (run.kind == .refusal))
        try checkUsage(result.value("generation", "usage"), run.candidate, run)
    }

    /// What was paid for is counted once.
    private func checkUsage(_ usage: JSONValue, _ end: KindRun.End, _ run: KindRun) throws {
        let output = try #require(usage["output_tokens"]?.number?.int)
        let isAnswered = end == .done || end == .outcome("unparsed")
        // The answer that was an error has tokens of its own, which may be counted too.
        #expect(run.kind == .errorInChoiceOnce ? output >= 2000 : output == (isAnswered ? 2000 : 0))
        #expect(usage["requests"]?.number?.int == run.requests)
        let isAdapted = [.refusesTemperature, .refusesTemperatureAndMaxTokens].contains(run.kind)
        #expect(usage["refusals"]?.number?.int == (run.kind == .refusal ? 1 : nil))
        #expect(usage["adaptations"]?.array?.first?["parameter"]?.string == (isAdapted ? "temperature" : nil))
    }

    @Test("judges and candidates of a server")
    func served() async throws {
        let server = try makeServer()
        let folder = try TemporaryFolder()
        let serving = try Serving(folder, ["--model-url", server.url])
        let rows: JSONValue = [["question": "x", "answer": .string(KindRun.text)]]
        let dataset: JSONValue = [
            "dataset_id": "d", "purpose": "eval/question-answer", "source": ["type": "rows", "rows": rows],
        ]
        #expect(try await serving.post("/v1/datasets", dataset).status == 200)
        let benchmark: JSONValue = ["benchmark_id": "b", "dataset_id": "d", "scoring_functions": ["basic::equality"]]
        #expect(try await serving.post("/v1/eval/benchmarks", benchmark).status == 200)
        for run in KindRun.all {
            let name = JSONValue.string(run.kind.rawValue)
            let judge: JSONValue = [
                "type": "llm_as_judge", "judge_model": name, "prompt_template": "{question}",
                "judge_score_regexes": ["Total rating: (\\d+)"],
            ]
            let scoring = try await serving.post(
                "/v1/scoring/score", ["input_rows": rows, "scoring_functions": ["llm-as-judge::base": judge]])
            check(scoring, run, run.judge) { json in
                let row = json["results"]?["llm-as-judge::base"]?["score_rows"]?.array?.first
                #expect(row?["score"] == (run.judge == .done ? JSONValue(8.0) : .null), "\(run.kind)")
                #expect(row?["reasoning"]?.string == run.thought, "\(run.kind)")
                return row?["message"]?.string
            }
            // One server is asked by both: what the judge found out need not be found out again.
            let asked = server.requests.count { model(of: $0) == run.kind.rawValue }
            #expect(asked == run.requests, "\(run.kind)")
            guard run.judge != .ended else { continue }

            let candidate: JSONValue = [
                "type": "model", "model": name, "sampling_params": ["strategy": ["type": "greedy"]],
            ]
            let evaluation = try await serving.post(
                "/v1/eval/benchmarks/b/evaluations",
                [
                    "benchmark_config": ["eval_candidate": candidate], "input_rows": rows,
                    "scoring_functions": ["basic::equality"],
                ])
            check(evaluation, run, run.candidate) { json in
                let row = json["generations"]?.array?.first
                #expect(row?["generated_answer"]?.string == run.answer, "\(run.kind): \(row?.text ?? "")")
                #expect(row?["generation_reasoning"]?.string == run.thought, "\(run.kind)")
                return row?["generation_error"]?["message"]?.string
            }
            #expect(server.requests.count { model(of: $0) == run.kind.rawValue } - asked <= run.requests)
        }
    }

    /// - Parameter read: checks what a row has, and returns why it has no more.
    private func check(
        _ answer: (status: Int, json: JSONValue), _ run: KindRun, _ end: KindRun.End,
        _ read: (JSONValue) -> String?
    ) {
        switch end {
        case .ended:
            #expect(answer.status >= 400, "\(run.kind)")
            #expect(answer.json["error"]?["message"]?.string?.contains(run.message) == true, "\(answer.json.text)")
        case .outcome:
            #expect(answer.status == 200, "\(run.kind): \(answer.json.text)")
            #expect(read(answer.json)?.contains(run.message) == true, "\(run.kind): \(answer.json.text)")
        case .done:
            #expect(answer.status == 200, "\(run.kind): \(answer.json.text)")
            _ = read(answer.json)
        }
    }
}
