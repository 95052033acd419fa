import CScorerPlugin
import Glibc
import Synchronization

/// A loaded scorer plugin. Once loaded, it stays until the process ends: code of it may run in threads and type
/// metadata that outlive every instance.
public final class Plugin: Sendable {
    /// The shared object, symbolic links resolved.
    public let path: String
    /// The `provider_id` of the definitions that use it.
    public let id: String
    public let version: String
    public let description: String
    public let scorers: [ScorerDescription]

    let table: PluginTable
    let services: HostServices
    private let processLock = Mutex<Void>(())

    /// Loads a shared object and reads its table; nothing is scored.
    ///
    /// - Parameter log: takes the lines that the plugin writes to the host's log. Called on any thread.
    /// - Throws: `PluginError` that says why the file is no plugin for this host.
    public init(loading path: String, log: @escaping HostLog) throws(PluginError) {
        guard let resolved = realpath(path, nil) else {
            throw PluginError(path: path, "cannot be opened: \(String(cString: strerror(errno)))")
        }
        self.path = String(cString: resolved)
        free(resolved)
        if let truncation = truncation(of: self.path) {
            throw PluginError(path: self.path, "not a loadable shared object: \(truncation); copy it again")
        }
        guard let handle = dlopen(self.path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
            let reason = dlerror().map { String(cString: $0) } ?? "unknown reason"
            throw PluginError(path: self.path, "not a loadable shared object: \(reason)")
        }
        guard let symbol = dlsym(handle, "assay_plugin_entry") else {
            throw PluginError(path: self.path, "not a scorer plugin: it does not export assay_plugin_entry")
        }
        let entry = unsafeBitCast(symbol, to: assay_plugin_entry_function.self)
        guard let pointer = entry(ASSAY_ABI_MAJOR, ASSAY_ABI_MINOR) else {
            throw PluginError(
                path: self.path,
                "the plugin says that it cannot work with ABI version \(ASSAY_ABI_MAJOR).\(ASSAY_ABI_MINOR) of this host"
            )
        }
        do {
            table = try PluginTable(pointer)
            id = try text(pointer.pointee.id, "the plugin's id")
            version = try text(pointer.pointee.version, "the plugin's version")
            description = try text(pointer.pointee.description, "the plugin's description")
            scorers = try table.describedScorers()
        } catch {
            throw PluginError(path: self.path, error.message)
        }
        services = HostServices(pluginID: id, log: log)
    }

    /// Runs `body`; for a process-serial scorer, while nothing else of such scorers of this plugin runs.
    func inProcessTurn<Result>(_ concurrency: ScorerConcurrency, _ body: () -> Result) -> Result {
        concurrency == .processSerial ? processLock.withLock { _ in body() } : body()
    }
}

/// The functions of a plugin's table, checked.
///
/// `@unchecked Sendable`: it holds pointers to the plugin's static, constant table.
struct PluginTable: @unchecked Sendable {
    typealias Step =
        @convention(c) (
            UnsafeMutableRawPointer?, OpaquePointer?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?, Int32,
            UnsafePointer<assay_batch>?, UnsafePointer<UnsafePointer<assay_reply>?>?, UInt64
        ) -> assay_status

    let scorers: [UnsafePointer<assay_scorer>]
    let create:
        @convention(c) (
            UnsafePointer<assay_scorer>?, UnsafePointer<assay_host>?, OpaquePointer?, assay_str,
            UnsafeMutablePointer<UnsafeMutableRawPointer?>?
        ) -> assay_status
    let describe: (@convention(c) (UnsafeMutableRawPointer?) -> UnsafePointer<assay_scorer>?)?
    let destroy: @convention(c) (UnsafeMutableRawPointer?) -> Void
    let step: Step
    let callFree: (@convention(c) (UnsafeMutableRawPointer?, OpaquePointer?, UnsafeMutableRawPointer?) -> Void)?

    init(_ pointer: UnsafePointer<assay_plugin>) throws(TableFault) {
        // The version stands before everything that another major version may have changed.
        let plugin = pointer.pointee
        guard plugin.abi_major == ASSAY_ABI_MAJOR else {
            throw TableFault(
                message: "built for ABI version \(plugin.abi_major).\(plugin.abi_minor), but this host has version "
                    + "\(ASSAY_ABI_MAJOR).\(ASSAY_ABI_MINOR); build the plugin with this host's header")
        }
        try checkSize(plugin.struct_size, of: assay_plugin.self, named: "assay_plugin")
        guard let create = plugin.create, let destroy = plugin.destroy, let step = plugin.step else {
            throw TableFault(message: "create, destroy and step of its table must not be NULL")
        }
        self.create = create
        self.destroy = destroy
        self.step = step
        describe = plugin.describe
        callFree = plugin.call_free
        var scorers: [UnsafePointer<assay_scorer>] = []
        if var next = plugin.scorers {
            while let scorer = next.pointee {
                scorers.append(scorer)
                next += 1
            }
        }
        self.scorers = scorers
        if scorers.isEmpty { throw TableFault(message: "it offers no scorer") }
    }

    func describedScorers() throws(TableFault) -> [ScorerDescription] {
        var described: [ScorerDescription] = []
        for scorer in scorers {
            let description = try ScorerDescription(scorer)
            if described.contains(where: { $0.id == description.id }) {
                throw TableFault(message: "the scorer \"\(description.id)\" is there twice")
            }
            described.append(description)
        }
        return described
    }
}
