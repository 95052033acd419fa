import ArgumentParser

struct BatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batch",
        abstract: "Exchange requests and replies of models as files, for batch APIs and offline runners.",
        discussion: """
            EXAMPLES
              assay batch export -o requests.jsonl score answers.jsonl --fn llm-as-judge::correctness --judge-model qwen3
              vllm run-batch -i requests.jsonl -o replies.jsonl --model qwen3
              assay batch import replies.jsonl
              assay score answers.jsonl --fn llm-as-judge::correctness --judge-model qwen3

            The last command finds all replies in the cache. Repeat the three steps if it still asks the model, for \
            example because a judge judges answers that were imported.
            """,
        subcommands: [BatchExportCommand.self, BatchImportCommand.self])
}
