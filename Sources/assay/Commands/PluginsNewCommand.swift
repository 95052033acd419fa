import ArgumentParser

extension PluginsCommand {
    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "new",
            abstract: "Create a plugin project: a folder that builds a working scorer.",
            discussion: """
                The folder contains a Makefile, the source of a small scorer (or of a judge, which asks a model), a \
                scoring function that uses it, a few rows, a test and a README. Building it needs the language's \
                compiler and no network. Existing files are not overwritten. For scorers in Python, see "Other \
                languages" in WritingPlugins.md.
                """)

        @Argument(
            help: ArgumentHelp(
                "The plugin's name: letters a to z, digits and hyphens, such as word-limit.", valueName: "name"))
        var name: String

        @Option(help: ArgumentHelp("The language that the plugin is written in.", valueName: "language"))
        var language: PluginProject.Language

        @Option(help: ArgumentHelp("The kind of plugin; a judge asks a model.", valueName: "kind"))
        var kind: PluginProject.Kind = .scorer

        @Option(help: ArgumentHelp("The folder to write (default: NAME in the current folder).", valueName: "dir"))
        var output: String?

        func validate() throws {
            if let fault = PluginProject.fault(ofName: name) { throw ValidationError(fault) }
        }

        func run() throws {
            guard let templates = Installation.templateFolder else {
                throw Failure(
                    "the plugin templates are missing: found neither share/assay/plugin-templates in the installation "
                        + "nor SDK/templates near \(Installation.folder); install Assay again")
            }
            let folder = output ?? name
            try PluginProject(name: name, language: language, kind: kind).write(
                to: folder, templates: templates, includes: Installation.includeFolders)
            try printOutput(
                """
                Created \(folder). In it, run "make" to build \(name).so, and "make test" to try it. See README.md.

                """)
        }
    }
}

extension PluginProject.Language: ExpressibleByArgument {}
extension PluginProject.Kind: ExpressibleByArgument {}
