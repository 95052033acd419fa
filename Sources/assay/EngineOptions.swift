import ArgumentParser
import Glibc
import Inference
import ScorerHost
import ScoringDefinitions
import ScoringEngine

/// Where definitions and plugins are looked for, and what is said of those that are broken.
struct EngineOptions: ParsableArguments {
    @Option(
        name: .customLong("fn-dir"),
        help: ArgumentHelp("Also look for scoring function definitions in DIR; repeatable.", valueName: "dir"))
    var functionFolders: [String] = []

    @Option(
        name: .customLong("plugin-dir"),
        help: ArgumentHelp("Also look for scorer plugins in DIR; repeatable.", valueName: "dir"))
    var pluginFolders: [String] = []

    @Flag(name: .shortAndLong, help: "Say nothing on standard error but what made the run fail.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Say more on standard error: plugins' debug lines, times.")
    var verbose = false

    func validate() throws {
        for folder in functionFolders + pluginFolders where !isFolder(folder) {
            throw ValidationError("\(folder) is not a folder that can be read")
        }
    }

    /// - Parameter inference: makes what performs the requests of functions that ask models.
    func makeEngine(
        inference: @escaping @Sendable () throws(EngineError) -> InferenceService? = { nil }
    ) -> Engine {
        let least: LogSeverity = verbose ? .debug : quiet ? .error : .warning
        let engine = Engine(
            functionFolders: functionFolders + Installation.functionFolders,
            pluginFolders: pluginFolders + Installation.pluginFolders, inference: inference
        ) { severity, plugin, message in
            if severity >= least { printError("plugin \(plugin): \(message)") }
        }
        if !quiet {
            for error in engine.definitions.errors { printError("warning: \(error)") }
            for error in engine.plugins.errors { printError("warning: \(error)") }
        }
        return engine
    }
}

/// Where this executable lies, and what lies around it.
enum Installation {
    /// The folder of the executable, symbolic links resolved.
    static let folder: String = {
        guard let path = realpath("/proc/self/exe", nil) else { return "." }
        defer { free(path) }
        return parent(of: String(cString: path))
    }()

    /// `share/assay/scoring_fns` beside an installed executable's `bin`, or the nearest `scoring_fns` in a folder above
    /// one that lies where it was built.
    static var functionFolders: [String] {
        let installed = "\(prefix)/share/assay/scoring_fns"
        if isFolder(installed) { return [installed] }
        return above("scoring_fns").map { [$0] } ?? []
    }

    /// The folders of ASSAY_PLUGIN_PATH, `lib/assay/plugins` beside an installed executable's `bin`, and the
    /// executable's own.
    static var pluginFolders: [String] {
        let path = getenv("ASSAY_PLUGIN_PATH").map { String(cString: $0) } ?? ""
        let installed = "\(prefix)/lib/assay/plugins"
        return path.split(separator: ":").map(String.init) + [installed, folder].filter(isFolder)
    }

    /// Where new plugins are begun from: `share/assay/plugin-templates` beside an installed executable's `bin`, or
    /// `Sources/PluginTemplates` of the tree that it was built in.
    static var templateFolder: String? {
        let installed = "\(prefix)/share/assay/plugin-templates"
        return isFolder(installed) ? installed : above("Sources/PluginTemplates")
    }

    /// The folders of the headers for plugins: `include` beside an installed executable's `bin`, or those of the tree.
    static var includeFolders: [String] {
        if isFolder("\(prefix)/share/assay") { return ["\(prefix)/include"] }
        return ["CScorerPlugin/include", "ScorerSDK/c", "ScorerSDK/cpp"].compactMap { above("Sources/\($0)") }
    }

    /// What an executable in `bin` is installed in.
    private static var prefix: String { parent(of: folder) }

    /// A folder by its path from the nearest folder around the executable that has it.
    private static func above(_ path: String) -> String? {
        var place = folder
        while true {
            if isFolder("\(place)/\(path)") { return "\(place)/\(path)" }
            if place == "/" || place == "." { return nil }
            place = parent(of: place)
        }
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

private func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// Writes a line to standard error.
func printError(_ line: String) {
    var text = line + "\n"
    text.withUTF8 { bytes in _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
}
