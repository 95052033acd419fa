import ArgumentParser
import JSON
import ScorerHost
import ScoringDefinitions
import ScoringEngine

struct FunctionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "functions",
        abstract: "List, show and check scoring functions; print the schema of their definitions.",
        subcommands: [List.self, Show.self, Check.self, Schema.self])

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Print a scoring function's definition as JSON.",
            usage: "assay functions show <id> [<options>]",
            discussion: """
                The parameters that its scorer accepts are written to standard error, so that standard output can be \
                saved as a definition file.
                """)

        @Argument(help: ArgumentHelp("The function's identifier.", valueName: "id"))
        var identifier: String

        @OptionGroup var engineOptions: EngineOptions

        func run() throws {
            do {
                let engine = engineOptions.makeEngine(asksUnknownPlugins: false)
                let function = try engine.definitions.find(identifier)
                try printOutput(function.json.prettyText + "\n")
                if engineOptions.quiet { return }
                guard let scorer = engine.scorer(of: function), let parameters = ParameterSummary(scorer).items
                else { return }
                printError(
                    parameters.isEmpty
                        ? "The scorer \(scorer.id) has no parameters."
                        : "Parameters of the scorer \(scorer.id):" + parameters.map { "\n  \($0)" }.joined())
            } catch let error as UnknownFunction {
                throw Failure(error.commandText)
            }
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Check definition files.",
            usage: "assay functions check <file> ... [<options>]",
            discussion: """
                Each definition is read, its plugin is located and its scorer is created with its parameters, which \
                also compiles its patterns. Nothing is scored. Exit status: 0 if all definitions are valid, 1 otherwise.
                """)

        @Argument(help: ArgumentHelp("Definition files.", valueName: "file"))
        var files: [String]

        @OptionGroup var engineOptions: EngineOptions

        func run() throws {
            let engine = engineOptions.makeEngine()
            var faults = 0
            for path in files {
                let file = DefinitionFile(path: path)
                for error in file.errors {
                    printError("\(error)")
                    faults += 1
                }
                for function in file.functions {
                    for warning in function.promptWarnings(among: nil) {
                        printError("\(path): warning: \(oneLine(warning, limit: 1000))")
                    }
                    let missing = engine.missingParameters(of: function)
                    if !missing.isEmpty {
                        let names = missing.joined(separator: ", ")
                        try printOutput("\(path): \(function.identifier) needs \(names) in each request\n")
                        continue
                    }
                    do {
                        _ = try engine.bind(function)
                        try printOutput("\(path): \(function.identifier) is valid\n")
                    } catch let error as EngineError {
                        // Errors about parameters name the file; errors about the plugin do not.
                        let fault = error.commandText
                        printError(error.code == .invalidDefinition ? fault : "\(path): \(fault)")
                        faults += 1
                    }
                }
            }
            if faults > 0 { throw ExitCode(1) }
        }
    }
}
