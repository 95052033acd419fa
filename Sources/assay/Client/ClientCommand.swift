import ArgumentParser
import Concurrency
import Glibc
import JSON
import Platform

/// `assay client`: the commands that use a server.
struct ClientCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client",
        abstract: "Use a server: score rows, run benchmarks, follow jobs.",
        discussion: """
            Each command talks to the server at --url, which is an Assay server ('assay serve') or a Llama Stack server \
            that has the same routes.

            EXAMPLES
              assay client functions
              assay client score answers.jsonl --fn basic::equality
              assay client run-benchmark maths --model qwen3-8b --output answers.jsonl
              assay client jobs list maths

            The exit status is the same as that of 'assay score' (0, 1, 3, 64, 130).
            """,
        subcommands: [
            ClientScoreCommand.self, ClientRunCommand.self, ClientJobsCommand.self, ClientFunctionsCommand.self,
            ClientDatasetsCommand.self, ClientBenchmarksCommand.self, ClientModelsCommand.self, ClientInfoCommand.self,
        ])
}

/// Which server is used, and how results are shown.
struct ClientOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The server's address (default: http://127.0.0.1:8321).", valueName: "url"))
    var url = "http://127.0.0.1:8321"

    @Option(
        help: ArgumentHelp(
            "The environment variable that holds the server's access token (default: no token is sent).",
            valueName: "name"))
    var apiKeyEnv: String?

    @Option(help: "The format of standard output (default: table on a terminal, json otherwise).")
    var format: RowOptions.Format?

    func connect() throws -> ServerConnection {
        try checkURL(url, of: "--url")
        let token = try apiKeyEnv.map { name in
            guard let token = environmentVariable(name), !token.isEmpty else {
                throw Failure("--api-key-env: the environment variable \(name) is not set")
            }
            return token
        }
        return try ServerConnection(url: url, token: token)
    }

    /// Handles signals from now on. Must be called first, because only threads that start later leave the signals to it.
    /// Until another action is set, an interruption ends the program.
    static func interruption() -> Interruption {
        let interruption = Interruption(cancelling: Cancellation())
        interruption.onCancel { _exit(130) }
        return interruption
    }

    /// The options that name the same server, for the commands that messages suggest.
    var words: String {
        (url == "http://127.0.0.1:8321" ? "" : " --url \(url)") + (apiKeyEnv.map { " --api-key-env \($0)" } ?? "")
    }

    var isTable: Bool { (format ?? (isOnTerminal(output: true) ? .table : .json)) == .table }

    /// Prints JSON, or the same data as a table.
    func show(_ json: JSONValue, _ table: () -> String) throws {
        try printOutput(isTable ? table() : json.prettyText + "\n")
    }
}

/// Lines of columns, each as wide as its widest cell.
func aligned(_ lines: [[String]]) -> String {
    let count = lines.map(\.count).max() ?? 0
    let widths = (0..<count).map { column in lines.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
    }
    return lines.map { cells in
        let padded = cells.enumerated().map { index, cell in
            index == cells.count - 1 ? cell : cell + String(repeating: " ", count: widths[index] - cell.count)
        }
        return padded.joined(separator: "  ") + "\n"
    }.joined()
}
