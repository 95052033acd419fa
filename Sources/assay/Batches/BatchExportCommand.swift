import ArgumentParser
import Inference
import ScoringCore

struct BatchExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the requests of a run that the cache cannot answer to a file, instead of sending them.",
        discussion: """
            EXAMPLES
              assay batch export -o requests.jsonl score answers.jsonl --fn mine::rating --fn-dir judges
              assay batch export -o requests.jsonl evaluate questions.jsonl --model qwen3 --fn basic::subset_of

            The file is JSON Lines as OpenAI's batch API and vLLM's run-batch read them. The requests of each model are \
            written to a file of its own: requests.jsonl, requests-2.jsonl, and so on.
            """)

    @Option(name: .shortAndLong, help: ArgumentHelp("Write the requests to FILE.", valueName: "file"))
    var output: String

    @Option(help: ArgumentHelp("Write at most N requests to a file (default: 50000).", valueName: "n"))
    var maxRequests = 50_000

    @Option(
        name: .customLong("max-size"),
        help: ArgumentHelp("Write at most N MiB to a file (default: 190).", valueName: "n")
    )
    var maxSize = 190

    @Flag(name: .shortAndLong, help: "Print nothing.")
    var quiet = false

    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp("The run: score or evaluate with its arguments.", valueName: "command"))
    var command: [String] = []

    func validate() throws {
        if maxRequests < 1 { throw ValidationError("--max-requests \(maxRequests): expected at least 1") }
        if !(1...100_000).contains(maxSize) { throw ValidationError("--max-size \(maxSize): expected 1 to 100000") }
        if command.isEmpty {
            throw ValidationError("name the run whose requests are written: score or evaluate, with its arguments")
        }
    }

    func run() throws {
        let files = BatchFiles(output, maxRequests: maxRequests, maxBytes: maxSize << 20)
        let collector = BatchCollector { try files.add($0) }
        let parsed = try Assay.parseAsRoot(command)
        switch parsed {
        case var run as ScoreCommand: try run.collect(in: collector)
        case var run as EvaluateCommand: try run.collect(in: collector)
        default:
            throw ValidationError("\(command.first ?? ""): the requests of score and evaluate can be written to a file")
        }
        if let fault = collector.fault { throw fault }
        let written = try files.finish()
        if quiet { return }
        if written.isEmpty { return try printOutput("The cache holds all replies; nothing was written.\n") }
        for file in written {
            try printOutput(
                "\(file.path): \(grouped(file.requests)) requests to \(file.model) (\(file.target))\n")
        }
    }
}
