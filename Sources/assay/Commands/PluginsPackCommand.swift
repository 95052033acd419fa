import ArgumentParser
import Encodings
import Glibc
import JSON
import Platform
import ScorerHost
import ScoringDefinitions
import ScoringEngine

extension PluginsCommand {
    struct Pack: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "pack",
            abstract: "Write an archive with a plugin, its manifest, its definitions and its data.",
            discussion: """
                To install the plugin and its scoring functions, unpack the archive in a plugin folder, such as \
                ~/.local/share/assay/plugins; no option is needed to use them. The archive's name includes the kind of \
                machine that the plugin was built for. The plugin runs in its own process and describes its scorers.
                """)

        @Argument(help: ArgumentHelp("The plugin's shared object.", valueName: "file"))
        var file: String

        @Option(
            help: ArgumentHelp(
                "The folder of its scoring function definitions (default: NAME.functions, next to the plugin).",
                valueName: "dir"))
        var functions: String?

        @Option(
            name: .shortAndLong,
            help: ArgumentHelp("The archive to write (default: NAME-VERSION-MACHINE.tar).", valueName: "file"))
        var output: String?

        private struct Contents {
            var name: String
            var plugin: PluginDescription
            var machine: String
            var glibc: String?
            var functions: [String] = []
        }

        func run() throws {
            var archive = TarArchive()
            do {
                let contents = try fill(&archive)
                let path = output ?? "\(contents.name)-\(contents.plugin.version)-\(contents.machine).tar"
                try write(archive.bytes, to: path)
                try printOutput(summary(contents, path))
            } catch let error as TarArchive.Refusal {
                throw Failure("\(error.message), so it cannot be in the archive")
            } catch let error as RegularFile.Fault {
                throw Failure("\(file): \(error.message)")
            } catch let error as PluginError {
                throw Failure("\(error)")
            }
        }

        private func fill(_ archive: inout TarArchive) throws -> Contents {
            let plugin = try Plugin(isolating: file, settings: WorkerSettings()) { _, _, _ in }
            let base = plugin.path.hasSuffix(".so") ? String(plugin.path.dropLast(3)) : plugin.path
            var contents = Contents(
                name: base.split(separator: "/").last.map(String.init) ?? "plugin", plugin: plugin.contents,
                machine: Machine.own.name, glibc: ElfDynamics(path: plugin.path)?.glibc)
            guard contents.plugin.version.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }) else {
                throw Failure("\(file): the version \"\(contents.plugin.version)\" cannot be part of a file's name")
            }
            let name = contents.name
            try archive.add(RegularFile.read(plugin.path, limit: 4 << 30), as: "\(name).so", isExecutable: true)
            let manifest = PluginManifest.json(of: plugin.contents).prettyText + "\n"
            try archive.add(Array(manifest.utf8), as: "\(name).plugin.json")
            contents.functions = try addFunctions(&archive, base, contents)
            if FileStatus(ofPath: "\(base).data")?.kind == .folder {
                try add(folder: "\(base).data", as: "\(name).data", to: &archive)
            }
            return contents
        }

        /// Adds the definitions that use the plugin. Returns their identifiers.
        private func addFunctions(_ archive: inout TarArchive, _ base: String, _ contents: Contents) throws -> [String]
        {
            let folder = functions ?? "\(base).functions"
            guard FileStatus(ofPath: folder)?.kind == .folder else {
                if functions != nil { throw Failure("\(folder) is not a folder that can be read") }
                return []
            }
            var identifiers: [String] = []
            try archive.addFolder("\(contents.name).functions")
            for entry in try entries(of: folder) where entry.hasSuffix(".json") {
                let definition = DefinitionFile(path: "\(folder)/\(entry)")
                if let error = definition.errors.first { throw Failure("\(error)") }
                for function in definition.functions where function.providerID != contents.plugin.id {
                    throw Failure(
                        "\(folder)/\(entry): \(function.identifier) uses the plugin \"\(function.providerID)\", not "
                            + "\"\(contents.plugin.id)\"; move it to another folder")
                }
                identifiers += definition.functions.map(\.identifier)
                try archive.add(
                    RegularFile.read("\(folder)/\(entry)", limit: 16 << 20), as: "\(contents.name).functions/\(entry)")
            }
            return identifiers
        }

        private func add(folder: String, as name: String, to archive: inout TarArchive) throws {
            try archive.addFolder(name)
            for entry in try entries(of: folder) {
                let path = "\(folder)/\(entry)"
                var byte: CChar = 0
                let isLink = readlink(path, &byte, 1) >= 0
                switch isLink ? nil : FileStatus(ofPath: path)?.kind {
                case .folder: try add(folder: path, as: "\(name)/\(entry)", to: &archive)
                case .regular: try archive.add(RegularFile.read(path, limit: 4 << 30), as: "\(name)/\(entry)")
                default:
                    throw Failure(
                        "\(folder)/\(entry): not a regular file or a folder, so a plugin that is not trusted could not "
                            + "read it; put the file itself there")
                }
            }
        }

        /// The names in a folder, sorted, without hidden files.
        private func entries(of folder: String) throws -> [String] {
            guard let names = Folder.names(in: folder) else {
                throw Failure("\(folder): cannot be read: \(systemMessage())")
            }
            return names.filter { !$0.hasPrefix(".") }
        }

        private func write(_ bytes: [UInt8], to path: String) throws {
            // The plugin's author chooses the default name of the archive, and may have put a link there.
            let following = output == nil ? O_NOFOLLOW : 0
            let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | following, 0o666)
            guard descriptor >= 0, let file = fdopen(descriptor, "w") else {
                throw Failure("\(path): cannot be written: \(systemMessage())")
            }
            let count = fwrite(bytes, 1, bytes.count, file)
            guard fclose(file) == 0, count == bytes.count else {
                throw Failure("\(path): could not be written completely: \(systemMessage())")
            }
        }

        private func summary(_ contents: Contents, _ path: String) -> String {
            let glibc = contents.glibc.map { " with glibc \($0) or newer" } ?? ""
            let functions = contents.functions.isEmpty ? "none" : contents.functions.joined(separator: ", ")
            return """
                \(path)
                  \(contents.plugin.id) \(contents.plugin.version), for Linux on \(contents.machine)\(glibc)
                  scoring functions: \(functions)
                  to install: mkdir -p ~/.local/share/assay/plugins && tar -xf \(path) -C ~/.local/share/assay/plugins

                """
        }
    }
}
