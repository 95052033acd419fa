import FakeModel
import JSON
import Testing

@Suite("The open benchmarks on the command line")
struct OpenBenchmarkTests {
    /// A benchmark, the split that it reads with a row in its recorded shape, and a reply that answers it.
    private struct Sample: Sendable {
        var id: String
        var split: FakeHub.Split
        var reply: String
    }

    private static func messages(_ question: String) -> JSONValue {
        .string("[{\"role\": \"user\", \"content\": \"\(question)\"}]")
    }

    private static let samples: [Sample] = [
        Sample(
            id: "gsm8k",
            split: .init(
                "openai/gsm8k", config: "main", split: "test",
                rows: [["question": "How many are 2 bags of 9?", "answer": "2*9 = <<2*9=18>>18\n#### 18"]]),
            reply: "Two bags of 9.\nAnswer: 18"),
        Sample(
            id: "mmlu",
            split: .init(
                "cais/mmlu", config: "all", split: "test",
                rows: [["question": "2+1?", "subject": "maths", "choices": ["1", "2", "3", "4"], "answer": 2]]),
            reply: "Answer: C"),
        Sample(
            id: "math-500",
            split: .init(
                "HuggingFaceH4/MATH-500", split: "test",
                rows: [
                    [
                        "problem": "What is 1/4 + 1/4?", "solution": "It is $\\boxed{\\frac{1}{2}}$.",
                        "answer": "\\frac{1}{2}", "subject": "Algebra", "level": 1, "unique_id": "test/algebra/1.json",
                    ]
                ]), reply: "Together \\boxed{0.5}."),
        Sample(
            id: "ifeval",
            split: .init(
                "google/IFEval", split: "train",
                rows: [
                    [
                        "key": 1001, "prompt": "Say hello in lower case.",
                        "instruction_id_list": ["change_case:english_lowercase"],
                        "kwargs": [["num_highlights": nil, "relation": nil]],
                    ]
                ]), reply: "hello, and welcome to all of you"),
        Sample(
            id: "truthfulqa",
            split: .init(
                "truthfulqa/truthful_qa", config: "generation", split: "validation",
                rows: [
                    [
                        "type": "Adversarial", "category": "Misconceptions", "question": "What do bulls see in red?",
                        "best_answer": "Nothing special", "correct_answers": ["Nothing special"],
                        "incorrect_answers": ["Anger"], "source": "https://example.com",
                    ]
                ]), reply: "Nothing special."),
        Sample(
            id: "meta-reference-simpleqa",
            split: .init(
                "llamastack/simpleqa", split: "train",
                rows: [
                    [
                        "chat_completion_input": messages("Who?"), "input_query": "Who?", "expected_answer": "Ada",
                        "metadata": "{}",
                    ]
                ]), reply: "Ada"),
        Sample(
            id: "meta-reference-mmlu-cot",
            split: .init(
                "llamastack/mmlu_cot", config: "all", split: "test",
                rows: [["chat_completion_input": messages("2+1?"), "input_query": "2+1?", "expected_answer": "C"]]),
            reply: "Let us see. The best answer is C."),
        Sample(
            id: "meta-reference-gpqa-cot",
            split: .init(
                "llamastack/gpqa_0shot_cot", config: "gpqa_main", split: "test",
                rows: [["chat_completion_input": messages("Why?"), "input_query": "Why?", "expected_answer": "B"]]),
            reply: "Answer: B"),
        Sample(
            id: "meta-reference-math-500",
            split: .init(
                "llamastack/math_500", split: "test",
                rows: [["chat_completion_input": messages("9+9?"), "input_query": "9+9?", "expected_answer": "18"]]),
            reply: "Final Answer: The final answer is $\\boxed{18}$. I hope it is correct."),
        Sample(
            id: "meta-reference-ifeval",
            split: .init(
                "llamastack/IfEval", split: "train",
                rows: [
                    [
                        "chat_completion_input": messages("Say hello in lower case."),
                        "input_query": "Say hello in lower case.", "expected_answer": "",
                        "instruction_id_list": ["change_case:english_lowercase"], "kwargs": [[:]],
                    ]
                ]), reply: "hello, and welcome to all of you"),
        Sample(
            id: "meta-reference-docvqa",
            split: .init(
                "llamastack/docvqa", split: "val",
                rows: [
                    [
                        "chat_completion_input": .string(
                            #"[{"role": "user", "content": {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}},"#
                                + #" {"role": "user", "content": "Which city?"}]"#),
                        "input_query": "Which city?", "expected_answer": "[\"Paris\", \"paris\"]",
                    ]
                ]), reply: "Paris."),
    ]

    @Test("each reads its rows from the Hub, asks what they ask, and scores a right answer", arguments: 0..<11)
    func evaluation(index: Int) async throws {
        let sample = Self.samples[index]
        let hub = try await FakeHub.start([sample.split])
        let fake = try FakeModelServer(
            .answer { request in
                let prompt = request.prompt ?? ""
                if prompt.contains("Reply with one letter, A, B or C") { return "A" }
                if prompt.contains("<reference_answer>") { return #"{"reasoning": "right", "score": 10}"# }
                return sample.reply
            })
        defer { fake.stop() }
        let folder = try TemporaryFolder()
        let result = try folder.assay(
            "evaluate", "--benchmark", sample.id, "--model", "m", "--model-url", fake.url, "--huggingface-url", hub.url,
            "--judge-model", "m", "--cache", "cache", "--output", "out.jsonl", "--format", "json")
        #expect(result.ending == .status(0), "\(result.errors)")
        let row = try JSONValue(parsing: folder.read("out.jsonl"))
        let score = row["scores"]?.object?.members.first?.value["score"]
        #expect([JSONValue(1.0), JSONValue(10.0), "A"].contains(score), "\(row.text)")
        try await hub.stop()
    }

    @Test("the samples are of all benchmarks that are listed")
    func list() throws {
        let folder = try TemporaryFolder()
        let result = try folder.assay("benchmarks", "list")
        let ids = result.output.split(separator: "\n").dropFirst().compactMap { $0.split(separator: " ").first }
        #expect(ids.map(String.init) == Self.samples.map(\.id).sorted(), "\(result.output)")
        let shown = try folder.assay("benchmarks", "show", "gsm8k")
        #expect(try JSONValue(parsing: shown.output)["size"]?["rows"] == 1319)
        let unknown = try folder.assay("benchmarks", "show", "gsm8")
        #expect(unknown.ending == .status(1) || unknown.ending == .status(64))
        #expect(unknown.errors.contains("did you mean gsm8k"), "\(unknown.errors)")
    }

    @Test("a file takes the place of the Hub's rows, and --fn that of the benchmark's functions")
    func ownRows() throws {
        let fake = try FakeModelServer(.answer("Answer: 18"))
        defer { fake.stop() }
        let folder = try TemporaryFolder(["rows.jsonl": #"{"question": "9+9?", "answer": "It is\n#### 18"}"# + "\n"])
        let result = try folder.assay(
            "evaluate", "rows.jsonl", "--benchmark", "gsm8k", "--model", "m", "--model-url", fake.url, "--no-cache",
            "--fn", "basic::subset_of", "--format", "json")
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(result.output.contains("basic::subset_of") && result.output.contains("\"num_correct\": 1"))
    }

    @Test(
        "without rows or with an unknown benchmark, the command says what to name",
        arguments: [
            (["--benchmark", "gsm8", "--model", "m"], "did you mean gsm8k"),
            (
                ["--benchmark", "{\"scoring_functions\": [\"basic::equality\"]}", "--model", "m"],
                "name the rows to answer"
            ),
            (["--fn", "basic::equality", "--model", "m"], "assay benchmarks list"),
        ])
    func faults(options: [String], message: String) throws {
        let folder = try TemporaryFolder()
        let result = try folder.command(["evaluate"] + options).run()
        #expect(result.ending != .status(0) && result.errors.contains(message), "\(result.errors)")
    }
}
