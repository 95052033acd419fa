import ArgumentParser
import ScorerHost
import ScoringCore
import ScoringEngine

struct PluginsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugins", abstract: "Lists scorer plugins, and begins new ones.",
        subcommands: [List.self, New.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the plugins that were found, and what their scorers read and give.",
            discussion: "The plugins are loaded, so their code runs.")

        @OptionGroup var engineOptions: EngineOptions

        func run() throws {
            let registry = engineOptions.makeEngine().plugins
            var text = ""
            for plugin in registry.plugins {
                text += "\(plugin.id) \(plugin.version)  \(plugin.description)\n  \(plugin.path)\n"
                for scorer in plugin.scorers {
                    text += "  \(scorer.id): \(scorer.description)\n"
                    text += "    reads  \(scorer.inputs.map(text(of:)).joined(separator: ", "))\n"
                    text += "    gives  \(scorer.outputs.map(text(of:)).joined(separator: ", "))\n"
                    if !scorer.roles.isEmpty { text += "    asks   \(scorer.roles.joined(separator: ", "))\n" }
                }
            }
            try printOutput(text)
            if !registry.errors.isEmpty { throw ExitCode(1) }
        }

        private func text(of column: ColumnDescription) -> String {
            "\(column.name) (\(column.type.name)\(column.isOptional ? ", optional" : ""))"
        }
    }
}
