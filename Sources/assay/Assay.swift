import ArgumentParser

@main
struct Assay: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "assay",
        abstract: "Scores what language models wrote.",
        version: version,
        subcommands: [ScoreCommand.self, FunctionsCommand.self, PluginsCommand.self])
}
