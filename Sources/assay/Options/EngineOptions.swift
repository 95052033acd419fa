import ArgumentParser
import Concurrency
import Datasets
import Glibc
import Inference
import Platform
import ScorerHost
import ScoringDefinitions
import ScoringEngine

/// Where to look for definitions and plugins, and how to report broken ones.
struct EngineOptions: ParsableArguments {
    @Option(
        name: .customLong("fn-dir"),
        help: ArgumentHelp(
            "Also look for scoring function definitions in DIR; repeatable. See also ASSAY_FN_PATH.", valueName: "dir"))
    var functionFolders: [String] = []

    @Option(
        name: .customLong("plugin-dir"),
        help: ArgumentHelp(
            "Also look for scorer plugins in DIR; repeatable. See also ASSAY_PLUGIN_PATH.", valueName: "dir"))
    var pluginFolders: [String] = []

    enum Isolation: String, ExpressibleByArgument, CaseIterable {
        case process
        case inProcess = "in-process"
    }

    @Option(
        help: ArgumentHelp(
            "Where plugins run: process runs each in its own process; in-process runs all inside assay (default: only "
                + "plugins that are not trusted get their own process)."))
    var isolation: Isolation?

    @Option(
        help: ArgumentHelp("Trust the plugin FILE in this run, whatever it contains; repeatable.", valueName: "file"))
    var trust: [String] = []

    @Option(
        name: .customLong("plugin-timeout"),
        help: ArgumentHelp(
            "Seconds that a plugin in its own process may take until its next row (default: 10).",
            valueName: "seconds"))
    var pluginTimeout: Double?

    @Option(
        name: .customLong("plugin-memory"),
        help: ArgumentHelp(
            "MiB of address space that a plugin in its own process may use (default: 4096).", valueName: "mib"))
    var pluginMemory: Int?

    @Flag(name: .shortAndLong, help: "Write only the reason for a failure to standard error.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Write more to standard error: plugins' debug messages, and times.")
    var verbose = false

    func validate() throws {
        for folder in functionFolders + pluginFolders where !isFolder(folder) {
            throw ValidationError("\(folder) is not a folder that can be read")
        }
        for file in trust where access(file, R_OK) != 0 {
            throw ValidationError("--trust \(file): the file does not exist or cannot be read")
        }
        if let pluginTimeout, !(pluginTimeout >= 0.01 && pluginTimeout <= 86400) {
            throw ValidationError("--plugin-timeout \(pluginTimeout): expected 0.01 to 86400 seconds")
        }
        if let pluginMemory, pluginMemory < 64 || pluginMemory > 1 << 30 {
            throw ValidationError("--plugin-memory \(pluginMemory): expected at least 64 MiB")
        }
    }

    /// How workers are run.
    var workerSettings: WorkerSettings {
        var settings = WorkerSettings()
        if let pluginTimeout { settings.timeout = .milliseconds(Int(pluginTimeout * 1000)) }
        if let pluginMemory { settings.addressSpace = pluginMemory << 20 }
        return settings
    }

    /// Which plugins are trusted.
    ///
    /// - Parameter asksUnknownPlugins: whether to run untrusted plugins without a manifest, so that they describe themselves.
    private func makeIsolation(asksUnknownPlugins: Bool, _ cancellation: Cancellation?) -> PluginIsolation {
        var settings = PluginIsolation()
        switch isolation {
        case .process: settings.mode = .all
        case .inProcess: settings.mode = .none
        case nil: break
        }
        settings.trustedFiles = trust
        settings.asksUnknownPlugins = asksUnknownPlugins
        settings.workers = workerSettings
        settings.workers.cancellation = cancellation
        do throws(PluginTrustList.Refusal) {
            if let path = PluginTrustList.defaultPath {
                let list = try PluginTrustList(path)
                settings.trust = { list.check(for: $0) }
            }
        } catch {
            if !quiet { printError("warning: \(error)") }
        }
        return settings
    }

    /// - Parameters:
    ///   - asksUnknownPlugins: whether to run untrusted plugins without a manifest, so that they describe themselves.
    ///   - limits: the limits of all functions.
    ///   - cancellation: cancelling it ends the wait for plugins that are being loaded.
    ///   - embedded: plugins of an embedding program, and `functions`, the definitions of their scorers.
    ///   - inference: creates the service that sends the requests of functions that ask models.
    func makeEngine(
        asksUnknownPlugins: Bool = true, limits: FunctionLimits = FunctionLimits(), cancellation: Cancellation? = nil,
        embedded: [Plugin] = [], functions: [ScoringFunction] = [],
        inference: @escaping @Sendable () throws(EngineError) -> InferenceService? = { nil }
    ) -> Engine {
        let plugins = pluginFolders + Installation.pluginFolders
        let least: LogSeverity = verbose ? .debug : quiet ? .error : .warning
        let engine = Engine(
            functionFolders: functionFolders + Installation.folders(in: "ASSAY_FN_PATH")
                + Installation.functionFolders(ofPluginsIn: plugins) + Installation.functionFolders,
            pluginFolders: plugins,
            isolation: makeIsolation(asksUnknownPlugins: asksUnknownPlugins, cancellation), limits: limits,
            inference: inference, embedded: embedded, functions: functions
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

/// The folder of this executable, and the folders near it.
enum Installation {
    /// The folder of the executable or of the library that this is a part of, symbolic links resolved.
    static var folder: String { executableFolder }

    /// `share/assay/scoring_fns` next to an installed executable's `bin`, or, for an executable in a build folder, the
    /// nearest `scoring_fns` in a folder above it.
    static var functionFolders: [String] {
        let installed = "\(prefix)/share/assay/scoring_fns"
        if isFolder(installed) { return [installed] }
        return above("scoring_fns").map { [$0] } ?? []
    }

    /// `share/assay/open_benchmarks` next to an installed executable's `bin`, or the nearest `open_benchmarks` in a folder above it.
    static var benchmarkFolders: [String] {
        let installed = "\(prefix)/share/assay/open_benchmarks"
        if isFolder(installed) { return [installed] }
        return above("open_benchmarks").map { [$0] } ?? []
    }

    /// The folders of ASSAY_PLUGIN_PATH, the user's own, and `lib/assay/plugins` next to an installed executable's `bin`, or, in
    /// a build folder, the executable's own. An installed executable may lie beside shared objects that are no plugins, such
    /// as `/usr/bin/ld.so`.
    static var pluginFolders: [String] {
        let installed = "\(prefix)/lib/assay/plugins"
        return folders(in: "ASSAY_PLUGIN_PATH")
            + [userPluginFolder, isFolder(installed) ? installed : folder].compactMap { $0 }.filter(isFolder)
    }

    /// `assay/plugins` in `$XDG_DATA_HOME`, or otherwise in `~/.local/share`; nil if neither is known.
    static var userPluginFolder: String? { UserFolder.data.path.map { $0 + "/plugins" } }

    /// The folders that an environment variable names, separated by colons.
    static func folders(in variable: String) -> [String] {
        environmentVariable(variable)?.split(separator: ":").map(String.init) ?? []
    }

    /// The folders `NAME.functions` next to plugins `NAME.so`: the definitions that come with them.
    static func functionFolders(ofPluginsIn folders: [String]) -> [String] {
        folders.flatMap { folder in
            (Folder.names(in: folder) ?? []).filter { $0.hasSuffix(".so") }
                .map { "\(folder)/\($0.dropLast(3)).functions" }.filter(isFolder)
        }
    }

    /// The templates of new plugins: `share/assay/plugin-templates` next to an installed executable's `bin`, or
    /// `SDK/templates` of the tree that it was built in.
    static var templateFolder: String? {
        let installed = "\(prefix)/share/assay/plugin-templates"
        return isFolder(installed) ? installed : above("SDK/templates")
    }

    /// The folders of the plugin headers: `include` next to an installed executable's `bin`, or those of the source tree.
    static var includeFolders: [String] {
        if isFolder("\(prefix)/share/assay") { return ["\(prefix)/include"] }
        return ["Sources/CScorerPlugin/include", "SDK/c", "SDK/cpp"].compactMap { above($0) }
    }

    /// The prefix of an executable that is installed in `bin`.
    private static var prefix: String { parent(of: folder) }

    /// A folder at a relative path, in the nearest folder above the executable that has it.
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

private func isFolder(_ path: String) -> Bool { FileStatus(ofPath: path)?.kind == .folder }
