import ArgumentParser
import Encodings
import JSON

struct ClientFunctionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "functions", abstract: "List, show, register and delete scoring functions on a server.",
        subcommands: [List.self, Show.self, Register.self, Delete.self], defaultSubcommand: List.self)

    static let path = "/v1/scoring-functions"

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List the scoring functions.")
        @OptionGroup var options: ClientOptions

        func run() throws { try options.list(path, ["identifier", "description"]) }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Print a scoring function as JSON.")
        @Argument(help: ArgumentHelp("The function's identifier.", valueName: "id")) var identifier: String
        @OptionGroup var options: ClientOptions

        func run() throws {
            try printOutput(try options.connect().get("\(path)/\(percentEncoded(identifier))").prettyText + "\n")
        }
    }

    struct Register: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "register",
            abstract: "Register a scoring function.",
            discussion:
                "FILE is a definition in the form that 'assay functions show' prints, as JSON or the path of a JSON "
                + "file."
        )
        @Argument(help: ArgumentHelp("The definition.", valueName: "file")) var definition: JSONArgument
        @OptionGroup var options: ClientOptions

        func run() throws {
            var body = try definition.read(for: "the definition")
            // These members have other names in a definition than in a registration.
            if body["scoring_fn_id"] == nil { body["scoring_fn_id"] = body["identifier"] }
            if body["provider_scoring_fn_id"] == nil { body["provider_scoring_fn_id"] = body["provider_resource_id"] }
            try options.connect().post(path, .object(body))
        }
    }

    struct Delete: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Delete a registered scoring function.")
        @Argument(help: ArgumentHelp("The function's identifier.", valueName: "id")) var identifier: String
        @OptionGroup var options: ClientOptions

        func run() throws { try options.connect().delete("\(path)/\(percentEncoded(identifier))") }
    }
}

struct ClientDatasetsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "datasets", abstract: "List, register and delete datasets on a server.",
        subcommands: [List.self, Register.self, Delete.self], defaultSubcommand: List.self)

    static let path = "/v1beta/datasets"

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List the datasets.")
        @OptionGroup var options: ClientOptions

        func run() throws { try options.list(path, ["identifier", "purpose", "provider_id"]) }
    }

    struct Register: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "register",
            abstract: "Register a dataset from a file on this machine, or from a URI that the server reads.",
            discussion:
                "SOURCE is a path, or - for standard input; its rows are sent to the server. With --uri, it is a URI.")
        @Argument(help: ArgumentHelp("The dataset's identifier.", valueName: "id")) var identifier: String
        @Argument(help: ArgumentHelp("The rows.", valueName: "source")) var source: String
        @Flag(help: "SOURCE is a URI for the server, such as https://… or huggingface://….") var uri = false
        @OptionGroup var options: ClientOptions

        func run() throws {
            let server = try options.connect()
            if uri {
                try server.post(
                    path,
                    [
                        "dataset_id": .string(identifier), "purpose": "eval/question-answer",
                        "source": ["type": "uri", "uri": .string(source)],
                    ])
            } else {
                try server.upload(source, as: identifier)
            }
        }
    }

    struct Delete: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Delete a dataset and its rows.")
        @Argument(help: ArgumentHelp("The dataset's identifier.", valueName: "id")) var identifier: String
        @OptionGroup var options: ClientOptions

        func run() throws { try options.connect().delete("\(path)/\(percentEncoded(identifier))") }
    }
}

struct ClientBenchmarksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmarks", abstract: "List, register and delete benchmarks on a server.",
        subcommands: [List.self, Register.self, Delete.self], defaultSubcommand: List.self)

    static let path = "/v1alpha/eval/benchmarks"

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List the benchmarks.")
        @OptionGroup var options: ClientOptions

        func run() throws { try options.list(path, ["identifier", "dataset_id", "provider_id"]) }
    }

    struct Register: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "register", abstract: "Register a benchmark.")
        @Argument(help: ArgumentHelp("The benchmark's identifier.", valueName: "id")) var identifier: String
        @Option(help: ArgumentHelp("The dataset, on the server, whose rows are answered.", valueName: "id"))
        var dataset: String?
        @Option(name: .customLong("fn"), help: ArgumentHelp("A scoring function; repeatable.", valueName: "id"))
        var functions: [String] = []
        @Option(help: ArgumentHelp("The engine that runs the benchmark (default: the server's own).", valueName: "id"))
        var provider: String?
        @Option(
            help: ArgumentHelp(
                "The benchmark's metadata, as JSON or the path of a JSON file.", valueName: "metadata"))
        var metadata: JSONArgument?
        @OptionGroup var options: ClientOptions

        func run() throws {
            var body: JSONObject = [
                "benchmark_id": .string(identifier), "dataset_id": .string(dataset ?? ""),
                "scoring_functions": .array(functions.map { .string($0) }),
            ]
            if let provider { body["provider_id"] = .string(provider) }
            if let metadata { body["metadata"] = .object(try metadata.read(for: "--metadata")) }
            try options.connect().post(path, .object(body))
        }
    }

    struct Delete: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Delete a benchmark. Its jobs are kept.")
        @Argument(help: ArgumentHelp("The benchmark's identifier.", valueName: "id")) var identifier: String
        @OptionGroup var options: ClientOptions

        func run() throws { try options.connect().delete("\(path)/\(percentEncoded(identifier))") }
    }
}

struct ClientModelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "models", abstract: "List the models on a server.")
    @OptionGroup var options: ClientOptions

    func run() throws { try options.list("/v1/models", ["identifier", "provider_id"]) }
}

struct ClientInfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Print the server's version and health.",
        discussion: "Exit status: 0 if the server works, 1 if it does not or cannot be reached. No token is needed.")
    @OptionGroup var options: ClientOptions

    func run() throws {
        let server = try options.connect()
        let version = try server.get("/v1/version")["version"] ?? .null
        let health = try server.get("/v1/health")
        try options.show(["url": .string(server.url), "version": version, "health": health]) {
            let failing = (health["failing_providers"]?.array ?? []).compactMap(\.string).joined(separator: ", ")
            return "\(server.url)  version \(version.string ?? "unknown")  \(health["status"]?.string ?? "unknown")"
                + (failing.isEmpty ? "" : "  failing: \(failing)") + "\n"
        }
    }
}

extension ClientOptions {
    /// Prints one of the server's lists, with some members of each entry.
    func list(_ path: String, _ members: [String]) throws {
        let answer = try connect().get(path)
        let entries = answer["data"]?.array ?? answer.array ?? []
        try show(answer) { aligned(entries.map { entry in members.map { oneLine(entry[$0]?.string ?? "") } }) }
    }
}
