import ArgumentParser
import Encodings
import Glibc
import JSON

struct ClientScoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Score rows on a server.",
        discussion: """
            DATASET is a path, or - for standard input, in the formats of 'assay score'. Its rows are sent to the server \
            as a dataset, scored there, and deleted. With --dataset, a dataset on the server is scored instead.

            EXAMPLES
              assay client score answers.csv --fn basic::equality \\
                --url https://assay.example.com --api-key-env ASSAY_TOKEN
              assay client score --dataset generations-4f1c --fn basic::subset_of \\
                --output scores.jsonl
            """)

    @Argument(help: ArgumentHelp("The rows to score.", valueName: "dataset"))
    var file: String?

    @Option(
        name: .customLong("dataset"),
        help: ArgumentHelp("Score the rows of this dataset on the server.", valueName: "id"))
    var datasetID: String?

    @Option(
        name: .customLong("fn"),
        help: ArgumentHelp(
            "A scoring function on the server; parameters after = override those of its definition in this run, as "
                + "JSON or the path of a JSON file; repeatable.", valueName: "id[=params]"))
    var functions: [FunctionArgument] = []

    @Option(help: ArgumentHelp("Use only the first N rows of the file.", valueName: "n"))
    var limit: Int?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Write one line of JSON per row to FILE, with the row's own columns and its scores.", valueName: "file"))
    var output: String?

    @OptionGroup var options: ClientOptions

    func validate() throws {
        if (file == nil) == (datasetID == nil) {
            throw ValidationError("name either a file or, with --dataset, a dataset on the server")
        }
        if functions.isEmpty {
            throw ValidationError("name at least one scoring function: --fn ID; 'assay client functions' lists them")
        }
        if let limit, limit < 0 || datasetID != nil {
            throw ValidationError("--limit: expected a number of rows of a file, 0 or more")
        }
    }

    func run() throws {
        let interruption = ClientOptions.interruption()
        let server = try options.connect()
        let made = TemporaryDatasets(server)
        interruption.onCancel {
            made.delete()
            printError("assay: interrupted; the server has been told to stop")
            _exit(130)
        }
        defer { made.delete() }
        let id = try datasetID ?? upload(to: server, made)
        var requested: JSONObject = [:]
        for function in functions {
            requested[function.identifier] =
                try function.parameters.map { .object(try $0.read(for: "--fn \(function.identifier)")) } ?? .null
        }
        let answer = try server.post(
            "/v1/scoring/score-batch",
            [
                "dataset_id": .string(id), "scoring_functions": .object(requested),
                "save_results_dataset": .bool(output != nil),
            ])
        if let output, let saved = answer["dataset_id"]?.string {
            made.add(saved)
            try server.writeRows(of: saved, to: output)
        }
        let results = ServedResults(answer["results"]?.object ?? [:])
        try options.show(["results": .object(results.functions)]) { results.table }
        if !results.isComplete { throw ExitCode(3) }
    }

    /// Sends the rows of the file, some at a time.
    private func upload(to server: ServerConnection, _ made: TemporaryDatasets) throws -> String {
        let id = "client-\(UInt64.random(in: 0...UInt64.max))"
        made.add(id)
        try server.upload(file ?? "-", as: id, limit: limit ?? .max)
        return id
    }
}

/// Datasets of the server that are deleted when the command ends.
final class TemporaryDatasets: Sendable {
    private let server: ServerConnection
    private let ids = Lock<[String]>([])

    init(_ server: ServerConnection) {
        self.server = server
    }

    func add(_ id: String) { ids.update { $0.append(id) } }

    /// Deletes them; errors are ignored.
    func delete() {
        let all = ids.update { ids -> [String] in
            defer { ids = [] }
            return ids
        }
        for id in all { try? server.delete("/v1beta/datasets/\(percentEncoded(id))") }
    }
}
