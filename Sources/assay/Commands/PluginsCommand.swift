import ArgumentParser
import ScorerHost
import ScoringCore
import ScoringEngine

struct PluginsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugins",
        abstract: "Create, list, check, pack and trust scorer plugins.",
        subcommands: [List.self, New.self, Check.self, Pack.self, Trust.self, Manifest.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List the plugins that were found, with the inputs, outputs and parameters of their scorers.",
            usage: "assay plugins list [<options>]",
            discussion: """
                Trusted plugins are loaded, so their code runs. Other plugins do not run: the list shows what their \
                manifests say.
                """)

        @OptionGroup var engineOptions: EngineOptions

        func run() throws {
            let registry = engineOptions.makeEngine(asksUnknownPlugins: false).plugins
            var text = ""
            for plugin in registry.plugins {
                text += "\(plugin.id) \(plugin.version)  \(plugin.description)\n  \(plugin.path)\n"
                if plugin.place == .worker { text += "  runs in its own process\n" }
                for scorer in plugin.scorers {
                    text += "  \(scorer.id): \(scorer.description)\n"
                    text += "    input       \(scorer.inputs.map(self.text(of:)).joined(separator: ", "))\n"
                    text += "    output      \(scorer.outputs.map(self.text(of:)).joined(separator: ", "))\n"
                    let parameters = ParameterSummary(scorer).items ?? []
                    if !parameters.isEmpty { text += "    parameters  \(parameters.joined(separator: ", "))\n" }
                    if !scorer.roles.isEmpty { text += "    models      \(scorer.roles.joined(separator: ", "))\n" }
                }
            }
            for path in registry.unknown {
                text += "not trusted, and without a manifest\n  \(path)\n  runs in its own process; "
                text += "'assay plugins manifest \(path)' runs it there and writes its manifest\n"
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
            commandName: "trust",
            abstract: "Trust a plugin: let it run inside the assay process, with all its rights.",
            discussion: """
                The plugin's path and the SHA-256 of its bytes are added to the list of trusted plugins, \
                $XDG_CONFIG_HOME/assay/trusted-plugins or ~/.config/assay/trusted-plugins. When the file changes, it is \
                no longer trusted. This command does not run the plugin.
                """)

        @Argument(help: ArgumentHelp("The plugin's shared object.", valueName: "file"))
        var file: String

        @Flag(help: "Remove the plugin from the list instead.")
        var remove = false

        func run() throws {
            guard let path = PluginTrustList.defaultPath else {
                throw Failure("the list of trusted plugins cannot be located: set HOME or XDG_CONFIG_HOME")
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
            commandName: "manifest",
            abstract: "Write a plugin's manifest, next to the plugin.",
            discussion: """
                The plugin runs in its own process and describes its scorers. With NAME.plugin.json next to NAME.so, \
                the plugin can be listed and found without being run.
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
