import FakeModel
import Glibc
import JSON
import Testing

@Suite("The commands of Documentation/FromOtherTools.md, as they stand there")
struct FromOtherToolsTests {
    /// A command of the page, and what the page says that it prints.
    struct Example: CustomTestStringConvertible, Sendable {
        var command: String
        var output: String
        var testDescription: String { command }
    }

    private static let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
    private static let data = root + "/Tests/CommandLineTests/Data/FromOtherTools"

    static let examples: [Example] = {
        let page = (try? TemporaryFolder.contents(of: root + "/Documentation/FromOtherTools.md")) ?? []
        let blocks = String(decoding: page, as: UTF8.self).split(separator: "```\n").map(String.init)
        var examples: [Example] = []
        for (index, block) in blocks.enumerated() where index + 1 < blocks.count {
            guard let start = block.firstRange(of: "```sh\n") else { continue }
            examples.append(Example(command: String(block[start.upperBound...]), output: blocks[index + 1]))
        }
        return examples
    }()

    @Test("the page has them all")
    func count() { #expect(Self.examples.count >= 11) }

    @Test("each comes to what the page says", arguments: examples)
    func runs(example: Example) throws {
        let folder = try TemporaryFolder()
        let server = try FakeModelServer(
            .answer { request in
                let prompt = request.prompt ?? ""
                let answers = [
                    ("Total rating: N", "Total rating: 7"), ("Ann has 5", "5 + 7 = 12"),
                    ("A car costs", "It is 10000."),
                    ("Ben reads", "He reads 7 pages."), ("frac", "\\boxed{\\frac{2}{4}}"), ("3!", "It is \\boxed{6}."),
                    ("1 + 1", "B"), ("prime", "C"), ("0 * 5", "D"),
                ]
                return answers.first { prompt.contains($0.0) }?.1 ?? "?"
            })
        let script = example.command.replacing("http://127.0.0.1:8080/v1", with: server.url)
        var command = folder.command(
            ["-c", "cp -r '\(Self.data)'/. . && \(script)"], setup: "PATH=\(Command.builtFolder):$PATH")
        command.executable = "/bin/sh"
        command.arguments[1] = command.arguments[1].replacing("assay score", with: "assay score --format table")
            .replacing("assay evaluate", with: "assay evaluate --format table --cache cache")
        let result = try command.run()
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(result.output.contains(example.output), "\(result.output) \(result.errors)")
        #expect(!result.errors.contains("hint: "))
    }

    @Test(
        "without --map, the message names the tool and ends in what to add",
        arguments: [
            (
                "samples_bbh.jsonl", "lm-evaluation-harness",
                "--map 'generated_answer=resps[0][0]' --map expected_answer=target"
            ),
            ("batch_output.jsonl", "OpenAI", "--map 'generated_answer=response.body.choices[0].message.content'"),
            ("inspect_log.json", "inspect_ai", "--map generated_answer=output.completion --map expected_answer=target"),
            ("alpaca_eval_outputs.json", "AlpacaEval", "--map generated_answer=output"),
            ("mt_bench_answers.jsonl", "MT-bench", "--map 'generated_answer=choices[0].turns[0]'"),
            ("TruthfulQA.csv", "", "--map 'expected_answer=Best Answer'"),
            ("excel_export.csv", "", "--map expected_answer=gold"),
        ])
    func unmapped(file: String, tool: String, advice: String) throws {
        let folder = try TemporaryFolder()
        let result = try folder.assay("score", "\(Self.data)/\(file)", "--fn", "basic::subset_of")
        #expect(result.ending == .status(1))
        #expect(result.errors.contains(tool), "\(result.errors)")
        #expect(result.errors.contains(advice), "\(result.errors)")
    }
}
