import ArgumentParser
import Encodings
import JSON

struct ClientRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run-benchmark",
        abstract: "Run a benchmark on a server as a job, and follow it.",
        discussion: """
            The server generates answers with the model and scores them. If this command is interrupted, the job \
            continues, and the command prints how to follow it again.

            EXAMPLES
              assay client run-benchmark maths --model qwen3-8b
              assay client run-benchmark maths --model qwen3-8b --num-examples 100 \\
                --sampling '{"max_tokens": 512}' --output answers.jsonl
            """, aliases: ["evaluate"])

    @Argument(help: ArgumentHelp("The benchmark's identifier.", valueName: "benchmark"))
    var benchmark: String

    @Option(help: ArgumentHelp("The model that answers the rows.", valueName: "model"))
    var model: String

    @Option(help: ArgumentHelp("The system message of each prompt.", valueName: "text"))
    var systemMessage: String?

    @Option(
        help: ArgumentHelp(
            "The API's sampling_params, as JSON or the path of a JSON file, such as {\"max_tokens\": 256}.",
            valueName: "params"))
    var sampling: JSONArgument?

    @Option(
        name: .customLong("fn"),
        help: ArgumentHelp(
            "Parameters for one of the benchmark's scoring functions in this run; repeatable.", valueName: "id=params")
    )
    var functions: [FunctionArgument] = []

    @Option(help: ArgumentHelp("Use only the first N rows.", valueName: "n"))
    var numExamples: Int?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Write one line of JSON per row to FILE: its columns, the answer, its scores.", valueName: "file")
    )
    var output: String?

    @Flag(name: .customLong("no-wait"), help: "Start the job, print its identifier, and do not follow it.")
    var noWait = false

    @OptionGroup var options: ClientOptions

    func validate() throws {
        if let numExamples, numExamples < 0 {
            throw ValidationError("--num-examples \(numExamples): expected 0 or more")
        }
        if noWait && output != nil { throw ValidationError("--no-wait writes no rows; remove --output") }
        if let function = functions.first(where: { $0.parameters == nil }) {
            throw ValidationError(
                "--fn \(function.identifier): expected parameters after =; the functions are those of the benchmark"
            )
        }
    }

    func run() throws {
        let interruption = ClientOptions.interruption()
        let server = try options.connect()
        var candidate: JSONObject = [
            "type": "model", "model": .string(model),
            "sampling_params": .object(try sampling?.read(for: "--sampling") ?? [:]),
        ]
        if let systemMessage { candidate["system_message"] = ["role": "system", "content": .string(systemMessage)] }
        var parameters: JSONObject = [:]
        for function in functions {
            parameters[function.identifier] = .object(try function.parameters?.read(for: "--fn") ?? [:])
        }
        var configuration: JSONObject = ["eval_candidate": .object(candidate), "scoring_params": .object(parameters)]
        if let numExamples { configuration["num_examples"] = JSONValue(numExamples) }
        let job = try server.post(
            "/v1alpha/eval/benchmarks/\(percentEncoded(benchmark))/jobs", ["benchmark_config": .object(configuration)])
        guard let id = job["job_id"]?.string else { throw Failure("\(server.url): the response does not name a job") }
        if noWait { return try options.show(job) { "job \(id)\n" } }
        let follower = JobFollower(server, benchmark: benchmark, job: id, options, interruption)
        printError("assay: job \(id)")
        try follower.run(output: output)
    }
}
