import ArgumentParser
import ScorerHost
import ScoringCore
import ScoringEngine

struct PluginsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugins",
        abstract: "List, write, check, pack and trust scorer plugins.",
        subcommands: [List.self, New.self, Check.self, Pack.self, Trust.self, Manifest.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the plugins that were found, and what their scorers read, give and take as parameters.",
            usage: "assay plugins list [<options>]",
            discussion: """
                Plugins that are trusted are loaded, so their code runs. Of the others, nothing runs: what is shown is what \
                their manifests say.
                """)

        @OptionGroup var engineOptions: EngineOptions

        func run() throws {
            let registry = engineOptions.makeEngine(asksUnknownPlugins: false).plugins
            var text = ""
            for plugin in registry.plugins {
                text += "\(plugin.id) \(plugin.version)  \(plugin.description)\n  \(plugin.path)\n"
                if plugin.place == .worker { text += "  runs in a process of its own\n" }
                for scorer in plugin.scorers {
                    text += "  \(scorer.id): \(scorer.description)\n"
                    text += "    reads  \(scorer.inputs.map(self.text(of:)).joined(separator: ", "))\n"
                    text += "    gives  \(scorer.outputs.map(self.text(of:)).joined(separator: ", "))\n"
                    let parameters = ParameterSummary(scorer).items ?? []
                    if !parameters.isEmpty { text += "    takes  \(parameters.joined(separator: ", "))\n" }
                    if !scorer.roles.isEmpty { text += "    asks   \(scorer.roles.joined(separator: ", "))\n" }
                }
            }
            for path in registry.unknown {
                text += "not trusted, and not described\n  \(path)\n  runs in a process of its own; "
                text += "'assay plugins manifest \(path)' has it describe itself there\n"
            }
            try printOutput(text)
            if !registry.errors.isEmpty { throw ExitCode(1) }
        }

        private func text(of column: ColumnDescription) -> String {
            "\(column.name) (\(column.type.name)\(column.isOptional ? ", optional" : ""))"
        }
    }

    struct Trust: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Has a plugin run inside the process, with all its rights.",
            discussion: """
                The plugin's path and the SHA-256 of its bytes are put on the list of trusted plugins, \
                $XDG_CONFIG_HOME/assay/trusted-plugins or ~/.config/assay/trusted-plugins. Once it changes, it is not trusted \
                any more. Nothing of it is run now.
                """)

        @Argument(help: ArgumentHelp("The plugin's shared object.", valueName: "file"))
        var file: String

        @Flag(help: "Take it from the list instead.")
        var remove = false

        func run() throws {
            guard let path = PluginTrustList.defaultPath else {
                throw Failure("neither XDG_CONFIG_HOME nor HOME says where the list of trusted plugins is")
            }
            var isThere = true
            do throws(PluginTrustList.Refusal) {
                var list = try PluginTrustList(path)
                if remove { isThere = try list.remove(file) } else { _ = try list.add(file) }
            } catch {
                throw Failure("\(error)")
            }
            if !isThere { throw Failure("\(file) is not on the list \(path)") }
        }
    }

    struct Manifest: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes a plugin's manifest beside it.",
            discussion: """
                The plugin is run in a process of its own and asked what its scorers are. With NAME.plugin.json beside \
                NAME.so, it can be listed and found without being run.
                """)

        @Argument(help: ArgumentHelp("The plugin's shared object.", valueName: "file"))
        var file: String

        func run() throws {
            let manifest: String
            do throws(PluginError) {
                manifest = try PluginManifest.write(for: file)
            } catch {
                throw Failure("\(error)")
            }
            try printOutput(manifest + "\n")
        }
    }
}
