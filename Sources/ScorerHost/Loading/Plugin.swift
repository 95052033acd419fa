import CScorerPlugin
import Glibc
import Platform
import Synchronization

/// A scorer plugin, and the place where its code runs.
public final class Plugin: Sendable {
    /// Where the code of a plugin runs.
    public enum Place: Sendable, Hashable {
        /// In this process, with all its rights.
        case host
        /// In processes of its own that have given up theirs.
        case worker
    }

    /// The shared object, symbolic links resolved.
    public let path: String
    public let place: Place
    /// What the plugin says of itself. One that runs in a worker may say so only in its manifest so far.
    public let contents: PluginDescription

    let code: Code
    private let processLock = Mutex<Void>(())

    enum Code: Sendable {
        case loaded(LoadedPlugin)
        case isolated(WorkerPool)
        /// In the program that embeds the engine; with what takes messages.
        case embedded([EmbeddedScorer], log: @Sendable (PluginEvent) -> Void)
    }

    /// The `provider_id` of the definitions that use it.
    public var id: String { contents.id }
    public var version: String { contents.version }
    public var description: String { contents.description }
    public var scorers: [ScorerDescription] { contents.scorers }

    /// Loads a shared object into this process and reads its table; nothing is scored.
    ///
    /// - Parameter log: takes the lines that the plugin writes to the host's log. Called on any thread.
    /// - Throws: `PluginError` that says why the file is no plugin for this host.
    public convenience init(loading path: String, log: @escaping HostLog) throws(PluginError) {
        let path = try resolvedPath(of: path)
        try self.init(loading: path, from: nil, log: log)
    }

    /// Loads what is at `place` as the plugin `path`, which is resolved.
    init(loading path: String, from place: String?, log: @escaping HostLog) throws(PluginError) {
        try checkObject(path)
        let loaded = try LoadedPlugin(path, from: place, log: log)
        self.path = path
        self.place = .host
        contents = loaded.description
        code = .loaded(loaded)
    }

    /// A plugin of the embedding program.
    init(contents: PluginDescription, code: Code) {
        path = "the program"
        place = .host
        self.contents = contents
        self.code = code
    }

    /// A plugin whose code runs in workers only.
    ///
    /// - Parameters:
    ///   - manifest: what its manifest says of it. With one, no worker is started before a scorer is made, which fails if
    ///     the plugin then says something else. Without one, a worker is started now, and asked.
    ///   - log: takes the lines that the plugin writes to the host's log, and to its standard error. Called on any thread.
    /// - Throws: `PluginError` that says why the file is no plugin for this host.
    public convenience init(
        isolating path: String, manifest: PluginDescription? = nil, settings: WorkerSettings = WorkerSettings(),
        log: @escaping HostLog
    ) throws(PluginError) {
        try self.init(isolating: path, manifest: manifest, settings: settings) { id, event in
            log(event.severity, id, event.text)
        }
    }

    /// The same, but told what there is for the log as values.
    init(
        isolating path: String, manifest: PluginDescription? = nil, settings: WorkerSettings,
        events: @escaping @Sendable (_ pluginID: String, PluginEvent) -> Void
    ) throws(PluginError) {
        let path = try resolvedPath(of: path)
        try checkObject(path)
        let pool = WorkerPool(running: path, settings, manifest: manifest, events: events)
        self.path = path
        place = .worker
        contents = try pool.contents()
        code = .isolated(pool)
    }

    /// Runs `body`; for a process-serial scorer, while nothing else of such scorers of this plugin runs.
    func inProcessTurn<Result>(_ concurrency: ScorerConcurrency, _ body: () -> Result) -> Result {
        concurrency == .processSerial ? processLock.withLock { _ in body() } : body()
    }
}

/// The path of a file with all symbolic links resolved.
func resolvedPath(of path: String) throws(PluginError) -> String {
    guard let resolved = realPath(path) else {
        throw PluginError(path: path, "cannot be opened: \(systemMessage())")
    }
    return resolved
}
