import CSubprocess
import Concurrency
import FakeModel
import Glibc
import Inference
import JSON
import Platform
import Synchronization
import Testing

@testable import Evaluation

@Suite struct HarnessProviderTests {
    private func error(_ fixture: HarnessFixture, _ run: EvaluationRun) async -> EvaluationError? {
        await #expect(throws: EvaluationError.self) { try await offPool { _ = try fixture.provider.runJob(run) } }
    }

    private func isGone(_ path: String) -> Bool { access(path, F_OK) != 0 }

    /// Waits until there is no such process any more, or only what its parent has not taken note of.
    private func waitForEnd(of pid: String) async throws {
        let pid = try #require(pid_t(pid))
        while kill(pid, 0) == 0 {
            let status = LineFile("/proc/\(pid)/stat")?.rest(limit: 4096).map { String(decoding: $0, as: UTF8.self) }
            if status?.contains(") Z ") == true { return }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    // MARK: At the start

    @Test("a folder for output is made with those above it where it is missing, and an unusable one is named")
    func outputFolder() throws {
        var template = Array("/tmp/assay-harness-out-XXXXXX".utf8CString)
        let parent = String(cString: try #require(mkdtemp(&template)))
        defer { HarnessFolder(existing: parent)?.remove() }
        let folder = try HarnessFolder(in: parent + "/a/b c/d")
        #expect(access(folder.path, W_OK) == 0)
        let again = try HarnessFolder(in: parent + "/a/b c/d/")
        #expect(again.path != folder.path)
        let error = #expect(throws: EvaluationError.self) { try HarnessFolder(in: "/proc/none/x") }
        #expect(error?.message.contains("/proc/none") ?? false)
    }

    @Test("a program that is missing, or lacks packages, is said in one line where it was configured")
    func startupFaults() throws {
        var template = Array("/tmp/assay-harness-start-XXXXXX".utf8CString)
        let parent = String(cString: try #require(mkdtemp(&template)))
        defer { HarnessFolder(existing: parent)?.remove() }
        func program(_ name: String, _ text: String) throws -> String {
            let path = "\(parent)/\(name)"
            let file = try #require(fopen(path, "we"))
            fputs(text, file)
            fclose(file)
            chmod(path, 0o700)
            return path
        }
        func fault(_ command: [String], isConfigured: Bool = true) -> String? {
            var settings = EvaluationSettings.Harness(command: command)
            settings.isConfigured = isConfigured
            return HarnessProvider(settings) { $0 == "PATH" ? "/usr/bin:/bin" : nil }.startupFault()
        }
        let missing = fault([parent + "/none"])
        #expect(missing?.contains("pip install 'lm-eval[api]'") == true && missing?.contains("\n") == false)
        #expect(fault([parent + "/none"], isConfigured: false) == nil)
        // A stand-in for Python that says which modules it lacks, as the question's program would.
        let python = try program("python3", "#!/bin/sh\necho tenacity aiohttp\n")
        let lacking = try fault([program("lm_eval", "#!\(python)\nimport lm_eval\n")])
        #expect(lacking?.contains("tenacity, aiohttp") == true, "\(lacking ?? "")")
        #expect(fault([python, "-m", "lm_eval"])?.contains("tenacity") == true)
        let whole = try program("python3.12", "#!/bin/sh\necho\n")
        #expect(fault([whole, "-m", "lm_eval"]) == nil)
        #expect(fault(["/bin/sh"]) == nil)
    }

    // MARK: Results

    @Test func givesResultsByMetricAndRowsByDocument() async throws {
        let fixture = try HarnessFixture()
        let run = try fixture.run()
        let result = try await offPool { try fixture.provider.runJob(run) }
        func rows(_ scored: Int) -> JSONValue {
            [
                "total": 2, "scored": JSONValue(scored), "unparsed": 0, "input_error": 0,
                "scorer_error": JSONValue(2 - scored), "model_error": 0, "timed_out": 0, "plugin_crashed": 0,
                "not_asked": 0,
            ]
        }
        #expect(
            result.scores == [
                "gsm::exact_match,strict": [
                    "aggregated_results": ["exact_match": ["exact_match": JSONValue(0.0)]], "rows": rows(2),
                ],
                "gsm::exact_match,flexible": [
                    "aggregated_results": ["exact_match": ["exact_match": JSONValue(0.5)]],
                    "standard_error": ["exact_match": JSONValue(0.25)], "rows": rows(1),
                ],
                "all::exact_match": ["aggregated_results": ["exact_match": ["exact_match": JSONValue(0.5)]]],
            ])
        #expect(
            try fixture.rows == [
                [
                    "question": "1+1?", "NaN": "\"NaN", "generated_answer": "[invalid]", "generation": "It is 2.",
                    "expected_answer": "2",
                    "scores": [
                        "gsm::exact_match,strict": ["score": JSONValue(0.0), "parsed_answer": "[invalid]"],
                        "gsm::exact_match,flexible": ["score": JSONValue(1.0), "parsed_answer": "2"],
                    ],
                ],
                [
                    "question": "Why? \u{1F914}", "generated_answer": "[invalid]", "generation": "41",
                    "expected_answer": "42",
                    "scores": [
                        "gsm::exact_match,strict": ["score": JSONValue(0.0), "parsed_answer": "[invalid]"],
                        "gsm::exact_match,flexible": [
                            "score": .null, "outcome": "scorer_error",
                            "message": "lm_eval has no value for this row", "parsed_answer": "41",
                        ],
                    ],
                ],
            ])
        #expect(run.progress.done == 2)
        #expect(run.progress.total == 2)
    }

    @Test(arguments: [
        ("exit 0", "lm_eval wrote no results"),
        (#"echo '{"results": {' > "$OUT/results_1.json""#, "lm_eval wrote results that cannot be read: results_1.json"),
        (#"echo '{"a": {}}' > "$OUT/results_1.json""#, "lm_eval wrote results without \"results\": results_1.json"),
        (
            #"echo '{"results": {"gsm": {"alias": "gsm"}}}' > "$OUT/results_1.json""#,
            "lm_eval wrote results without a metric: results_1.json"
        ),
        (#"cp "$HERE/results.json" "$OUT/results_1.json""#, "lm_eval wrote results without samples"),
        (
            HarnessFixture.writesResults + "\necho '{\"doc\": 1}' >> \"$OUT/samples_gsm_2026-01-02.jsonl\"",
            #"lm_eval wrote samples of gsm whose file has a line that is not a sample: {"doc": 1}"#
        ),
        (
            HarnessFixture.writesResults
                + "\nhead -n 3 \"$HERE/samples.jsonl\" > \"$OUT/samples_gsm_2026-01-02.jsonl\"",
            "lm_eval wrote samples of gsm whose file does not have the same documents for each filter"
        ),
        ("exit 3", "lm_eval ended with status 3, and wrote nothing"),
        (
            "echo one; printf '\\rRequesting API:   0%%|   | 0/2 [00:00<?, ?it/s]\\rLoading: 5%%|' >&2; echo >&2; "
                + "echo 'Error: key sk-very-secret' >&2; exit 1",
            "lm_eval ended with status 1; its last output:\none\nError: key [redacted]"
        ),
        ("kill -SEGV $$", "lm_eval was ended by signal 11, and wrote nothing"),
        (
            "printf '%0370d %s %s\\n' 0 sk-very-secret hf-token-of-ours; exit 1",
            "lm_eval ended with status 1; its last output:\n" + String(repeating: "0", count: 370)
                + " [redacted] [redacted]"
        ),
        ("exit 255", "lm_eval ended with status 255, and wrote nothing"),
        (
            "echo 'NotImplementedError: Loglikelihood is not supported for chat completions.'; exit 1",
            "lm_eval ended with status 1: the task compares the likelihoods of given answers, which needs "
                + "\"endpoint\": \"completions\" and a \"tokenizer\" in the benchmark's metadata; its last output:\n"
                + "NotImplementedError: Loglikelihood is not supported for chat completions."
        ),
    ])
    func saysWhatWentWrong(_ script: String, _ message: String) async throws {
        let fixture = try HarnessFixture(script)
        let found = await error(fixture, try fixture.run())
        #expect(found == EvaluationError(.provider, message))
    }

    // MARK: What lm_eval is given

    @Test func givesTheProgramAllThatItNeedsAndNoMore() async throws {
        let fixture = try HarnessFixture()
        let run = try fixture.run(
            ["task": "gsm", "num_fewshot": 4], configuration: #", "num_examples": 2"#,
            sampling: #"{"strategy": {"type": "top_p", "temperature": 0.5, "top_p": 0.9}, "max_tokens": 60}"#)
        _ = try await offPool { try fixture.provider.runJob(run) }
        let place = fixture.read("place").dropLast()
        #expect(
            fixture.read("words").split(separator: "\n") == [
                "--model=local-chat-completions",
                "--model_args={\"model\": \"org/small-1\", \"base_url\": \"http://127.0.0.1:9/v1/chat/completions\", "
                    + "\"num_concurrent\": 3, \"max_retries\": 2, \"timeout\": 7}",
                "--tasks=gsm", "--output_path=\(place)/results", "--log_samples", "--use_cache=\(place)/cache/answers",
                "--batch_size=1", "--apply_chat_template", "--num_fewshot=4", "--limit=2",
                "--gen_kwargs={\"max_gen_toks\": 60, \"temperature\": 0.5, \"top_p\": 0.9, \"do_sample\": true}",
                "--system_instruction=-Be brief.",
            ])
        let environment = fixture.read("environment").split(separator: "\n")
        #expect(environment.contains("OPENAI_API_KEY=sk-very-secret"))
        #expect(environment.contains("HF_TOKEN=hf-token-of-ours"))
        #expect(!environment.contains { $0.hasPrefix("NOT_SET") })
        #expect(!environment.contains { $0.contains("never-to-be-seen") })
        #expect(isGone(String(place)))
    }

    @Test func writesATaskOfTheUsersOwn() async throws {
        let script = "cat tasks/task.yaml > \"$HERE/yaml\"\n" + HarnessFixture.writesResults
        for (yaml, expected) in [
            (.string("task: gsm\ntag: x\n"), "task: gsm\ntag: x\n"),
            (["tag": "x"], "{\"tag\": \"x\", \"task\": \"gsm\"}\n"),
        ] as [(JSONValue, String)] {
            let fixture = try HarnessFixture(script)
            let run = try fixture.run(["task": "gsm", "task_yaml": yaml])
            _ = try await offPool { try fixture.provider.runJob(run) }
            #expect(fixture.read("yaml") == expected)
            #expect(fixture.option("include_path") == "\(fixture.read("place").dropLast())/tasks")
        }
    }

    @Test func leavesItsFolderWhereTheConfigurationWantsIt() async throws {
        let fixture = try HarnessFixture(keeps: true)
        let run = try fixture.run()
        _ = try await offPool { try fixture.provider.runJob(run) }
        let place = String(fixture.read("place").dropLast())
        #expect(place.hasPrefix(fixture.path + "/assay-lm-eval-"))
        #expect(!isGone(place + "/results/model/results_2026-01-02.json"))
    }

    @Test func runsAJobAgainInItsFolderSoThatAnswersAreNotAskedTwice() async throws {
        let fixture = try HarnessFixture()
        let folder = try HarnessFolder(in: fixture.path)
        // What was left when this process was killed the time before: results that may not be whole.
        mkdir(folder.results, 0o700)
        mkdir(folder.results + "/model", 0o700)
        try fixture.write(
            "{", to: String(folder.path.dropFirst(fixture.path.count + 1)) + "/results/model/results_9.json")
        let run = try fixture.run(
            state: ["folder": .string(folder.path)], keep: { _ in Issue.record("there is nothing new to keep") })
        _ = try await offPool { try fixture.provider.runJob(run) }
        #expect(fixture.option("use_cache") == folder.cache)
        #expect(try fixture.rows.count == 2)
    }

    @Test func keepsItsFolderBeforeItAsksAnything() async throws {
        let fixture = try HarnessFixture()
        let kept = Mutex<JSONValue?>(nil)
        let run = try fixture.run(keep: { state throws(EvaluationError) in
            #expect(fixture.read("words") == "")
            kept.withLock { $0 = state }
        })
        _ = try await offPool { try fixture.provider.runJob(run) }
        #expect(kept.withLock { $0?["folder"]?.string } == String(fixture.read("place").dropLast()))
    }

    @Test func refusesModelsThatAreAskedWithMoreThanAKey() async throws {
        let fixture = try HarnessFixture("touch \"$HERE/started\"")
        let header = ModelConfiguration.Header(name: "X-Team", value: .literal("evals"))
        for run in [
            try fixture.run(headers: [header]), try fixture.run(url: "http://user:pass-of-user@127.0.0.1:9/v1"),
        ] {
            let found = await error(fixture, run)
            #expect(found?.code == .model)
            #expect(found?.message.contains("other program") == true)
            #expect(found?.message.contains("pass-of-user") == false)
        }
        #expect(isGone(fixture.path + "/started"))
    }

    // MARK: Stopping

    /// A program that has a child, says that half is done, and does not end when it is told to.
    private static let stubborn = """
        trap '' TERM
        sleep 1000 & echo $! > "$HERE/child"
        printf '\\rChecking cached requests: 100%%|##| 8/8 [00:00<00:00]\\n\\rRequesting API:  25%%|#  | 1/4 [00:01<00:03]' >&2
        echo $$ > "$HERE/pid"
        while :; do sleep 1000; done
        """

    @Test(arguments: [stubborn, "sleep 1000 & echo $! > \"$HERE/child\"\necho $$ > \"$HERE/pid\"\nwait"])
    func endsTheProgramAndItsChildrenWhenCancelled(_ script: String) async throws {
        let fixture = try HarnessFixture(script)
        let cancellation = Cancellation()
        let run = try fixture.run(cancellation: cancellation)
        async let found = error(fixture, run)
        let pid = try await fixture.waited(for: "pid")
        if script == Self.stubborn {
            while run.progress.done < 5 { try await Task.sleep(for: .milliseconds(5)) }
            #expect(run.progress.total == 8)
        }
        cancellation.cancel()
        #expect(await found?.code == .cancelled)
        try await waitForEnd(of: pid)
        try await waitForEnd(of: fixture.waited(for: "child"))
        #expect(isGone(String(fixture.read("place").dropLast())))
    }

    @Test func keepsItsAnswersWhereTheNextProcessGoesOn() async throws {
        let fixture = try HarnessFixture(
            """
            for word in "$@"; do case $word in --use_cache=*) CACHE="${word#*=}" ;; esac; done
            if [ -e "$CACHE" ]; then
                \(HarnessFixture.writesResults)
                exit 0
            fi
            mkdir -p "${CACHE%/*}"
            : > "$CACHE"
            echo $$ > "$HERE/pid"
            while :; do sleep 1000; done
            """)
        let (cancellation, suspension) = (Cancellation(), Cancellation())
        let kept = Mutex<JSONValue?>(nil)
        let run = try fixture.run(
            cancellation: cancellation, suspension: suspension,
            keep: { state throws(EvaluationError) in kept.withLock { $0 = state } })
        async let found = error(fixture, run)
        _ = try await fixture.waited(for: "pid")
        // So a server ends.
        suspension.cancel()
        cancellation.cancel()
        #expect(await found?.code == .cancelled)
        let state = kept.withLock { $0 }
        let folder = try #require(state?["folder"]?.string)
        #expect(!isGone(folder))
        let next = try fixture.run(state: state, keep: { _ in Issue.record("there is nothing new to keep") })
        _ = try await offPool { try fixture.provider.runJob(next) }
        #expect(try fixture.rows.count == 2)
        #expect(isGone(folder))
    }

    @Test func endsAProgramThatTakesTooLong() async throws {
        let fixture = try HarnessFixture("echo slow\nwhile :; do sleep 1000; done", timeout: .milliseconds(300))
        let found = await error(fixture, try fixture.run())
        #expect(
            found?.message == "lm_eval was stopped because it took more than 0.3 s (timeout_seconds); its last output:"
                + "\nslow")
    }

    @Test func waitsForNoProcessThatCannotBeWaitedFor() {
        // Nobody is a child of its own; so a child that the kernel has forgotten is seen.
        #expect(sp_has_ended(getpid()))
    }

    @Test func leavesNothingBehindWhenThisProcessDies() async throws {
        let fixture = try HarnessFixture()
        try fixture.write("HERE='\(fixture.path)'\n" + Self.stubborn, to: "stubborn")
        var ends: [Int32] = [-1, -1]
        #expect(sp_pipe(&ends) == 0)
        var pid: pid_t = 0
        let texts: [String] = ["/bin/sh", "-c", Subprocess.script, "sh", "/bin/sh", "\(fixture.path)/stubborn"]
        let words: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
        let environment: [UnsafeMutablePointer<CChar>?] = [strdup("PATH=/usr/bin:/bin"), nil]
        defer { for text in words + environment { free(text) } }
        let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
        #expect(sp_start(words, environment, "/", [ends[0], null, null], 3, false, &pid) == 0)
        close(null)
        close(ends[0])
        let program = try await fixture.waited(for: "pid")
        // What the kernel does with the descriptors of a process that ends.
        close(ends[1])
        try await waitForEnd(of: program)
        try await waitForEnd(of: fixture.waited(for: "child"))
        var status: Int32 = 0
        #expect(waitpid(pid, &status, 0) == pid)
        #expect(status & 0x7F == SIGKILL)
    }

    // MARK: What it does not do

    @Test func saysHowToInstallAndWhatToAllow() throws {
        let provider = HarnessProvider { $0 == "PATH" ? "/nowhere" : nil }
        func error(_ metadata: JSONObject) -> EvaluationError? {
            #expect(throws: EvaluationError.self) {
                try provider.register(Benchmark(id: "b", datasetID: "d", functions: [], metadata: metadata))
            }
        }
        let missing = error(["task": "gsm8k"])
        #expect(missing?.code == .unavailable)
        #expect(missing?.message.contains("pip install 'lm-eval[api]'") == true)
        let own = error(["task": "gsm8k", "task_yaml": ["tag": "x"]])
        #expect(own?.code == .unavailable)
        #expect(own?.pointer == "/metadata/task_yaml")
        #expect(own?.message.contains(#""allow_custom_tasks": true"#) == true)
        #expect(error(["task": "gsm8k", "include_path": "/tasks"])?.pointer == "/metadata/include_path")
    }

    @Test func saysThatItEvaluatesNoRowsOfARequest() throws {
        let fixture = try HarnessFixture()
        let run = try fixture.run()
        let found = #expect(throws: EvaluationError.self) { try fixture.provider.evaluateRows(run) }
        #expect(found?.code == .unsupported)
    }

    // MARK: The real program

    @Test(
        .enabled(if: executable("lm_eval", path: environmentVariable("PATH") ?? "") != nil, "lm_eval is not installed"))
    func runsTheRealProgram() async throws {
        let server = try FakeModelServer(.answer(after: "Say: "))
        defer { server.stop() }
        let fixture = try HarnessFixture(installed: "lm_eval")
        try fixture.write(
            (1...4).map { "{\"word\": \"w\($0 % 3)\", \"answer\": \"w\($0)\"}\n" }.joined(), to: "rows.jsonl")
        let run = try fixture.run(
            [
                "task": "echo_words",
                "task_yaml": [
                    "dataset_path": "json", "test_split": "test", "output_type": "generate_until",
                    "dataset_kwargs": ["data_files": ["test": .string(fixture.path + "/rows.jsonl")]],
                    "doc_to_text": "Say: {{word}}", "doc_to_target": "{{answer}}",
                    "generation_kwargs": ["until": ["\n\n"]], "metric_list": [["metric": "exact_match"]],
                ],
            ], url: server.url)
        let result = try await offPool { try fixture.provider.runJob(run) }
        let score = result.scores["echo_words::exact_match"]
        #expect(score?["aggregated_results"]?["exact_match"]?["exact_match"]?.number?.double == 0.5)
        #expect(try fixture.rows.map { $0["generated_answer"]?.string } == ["w1", "w2", "w0", "w1"])
        #expect(server.requests.allSatisfy { $0.header("Authorization") == "Bearer sk-very-secret" })
    }
}
