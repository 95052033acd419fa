import ArgumentParser

extension PluginsCommand {
    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Start a plugin: write a folder that builds to a working scorer.",
            discussion: """
                The folder has a Makefile, the source of a small scorer (or of a judge, which asks a model), a scoring \
                function that uses it, a few rows, a test and a README. It needs the compiler of the language, and \
                nothing from the network. Existing files are not overwritten. Scorers in Python: see WritingPlugins.md, \
                "Other languages".
                """)

        @Argument(
            help: ArgumentHelp(
                "The plugin's name: letters a to z, digits and hyphens, such as word-limit.", valueName: "name"))
        var name: String

        @Option(help: ArgumentHelp("What it is written in.", valueName: "language"))
        var language: PluginProject.Language

        @Option(help: ArgumentHelp("A judge asks a model.", valueName: "kind"))
        var kind: PluginProject.Kind = .scorer

        @Option(help: ArgumentHelp("The folder to write (default: NAME in the current folder).", valueName: "dir"))
        var output: String?

        func validate() throws {
            if let fault = PluginProject.fault(ofName: name) { throw ValidationError(fault) }
        }

        func run() throws {
            guard let templates = Installation.templateFolder else {
                throw Failure(
                    "the templates of plugins are missing: neither share/assay/plugin-templates of the installation nor "
                        + "SDK/templates around \(Installation.folder) is there; install Assay again")
            }
            let folder = output ?? name
            try PluginProject(name: name, language: language, kind: kind).write(
                to: folder, templates: templates, includes: Installation.includeFolders)
            try printOutput(
                """
                \(folder) is written. In it, "make" builds \(name).so, "make test" tries it; README.md says more.

                """)
        }
    }
}

extension PluginProject.Language: ExpressibleByArgument {}
extension PluginProject.Kind: ExpressibleByArgument {}
