import ArgumentParser
import JSON
import ScorerHost
import ScoringDefinitions
import ScoringEngine

extension FunctionsCommand {
    struct Schema: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "schema",
            abstract: "Print the JSON Schema of definition files, for editors.",
            usage: "assay functions schema [<options>]",
            discussion: """
                The schema has the parameters of the scorers in all plugins that were found. Name its file in the member \
                "$schema" of a definition, or in the settings of an editor, which then completes and checks names as you \
                type. assay functions check finds more.
                """)

        @OptionGroup var engineOptions: EngineOptions

        func run() throws {
            let engine = engineOptions.makeEngine()
            let scorers = engine.plugins.plugins.sorted { $0.id < $1.id }.flatMap { plugin in
                plugin.scorers.map { scorer in
                    DefinitionSchema.Scorer(
                        plugin: plugin.id, id: scorer.id, description: scorer.description,
                        parametersSchema: scorer.parametersSchema, aggregations: scorer.aggregations.map(\.name))
                }
            }
            try printOutput(DefinitionSchema.schema(of: scorers).prettyText + "\n")
        }
    }
}
