import CWorkerProtocol
import Glibc
import Platform

/// The plugins of a list of folders, by id. Files that are not plugins do not stop the loading.
public struct PluginRegistry: Sendable {
    /// Reads the manifest next to a plugin; nil if there is none.
    public typealias ManifestReader = @Sendable (_ path: String) throws(PluginError) -> PluginDescription?

    public private(set) var plugins: [Plugin] = []
    /// Files that are not trusted, have no manifest and were not asked what they are.
    public private(set) var unknown: [String] = []
    /// Files that were looked at and are not used, and why.
    public private(set) var errors: [PluginError] = []

    private let isolation: PluginIsolation
    private let manifests: ManifestReader
    private let log: HostLog
    private var trusted: Set<String> = []

    /// Takes every shared object (`*.so`) of the folders, in their order, by name within each.
    ///
    /// - Parameter log: takes the lines that plugins write to the host's log. Called on any thread.
    public init(
        searching folders: [String], isolation: PluginIsolation = PluginIsolation(),
        manifests: @escaping ManifestReader = { _ in nil }, log: @escaping HostLog
    ) {
        self.isolation = isolation
        self.manifests = manifests
        self.log = log
        for folder in isolation.trustedFolders {
            for file in (try? sharedObjects(in: folder)) ?? [] { trust(file) }
        }
        for file in isolation.trustedFiles { trust(file) }
        for folder in folders {
            do throws(PluginError) {
                for file in try sharedObjects(in: folder) { load(file) }
            } catch {
                errors.append(error)
            }
        }
    }

    /// Adds a plugin of the embedding program, unless its id is taken.
    package mutating func add(_ plugin: Plugin) {
        if let other = self[plugin.id] {
            errors.append(
                PluginError(
                    path: plugin.path,
                    "its scorers cannot be named \(plugin.id)::…, because \(other.path) already uses this name; choose another "
                        + "name before the colons"))
        } else {
            plugins.append(plugin)
        }
    }

    public subscript(id: String) -> Plugin? { plugins.first { $0.id == id } }

    private mutating func trust(_ file: String) {
        if let path = try? resolvedPath(of: file) { trusted.insert(path) }
    }

    private mutating func load(_ file: String) {
        do throws(PluginError) {
            let path = try resolvedPath(of: file)
            if plugins.contains(where: { $0.path == path }) || unknown.contains(path) { return }
            guard let plugin = try plugin(at: path) else { return unknown.append(path) }
            if let other = self[plugin.id] {
                throw PluginError(
                    path: plugin.path,
                    "its id \"\(plugin.id)\" is already used by \(other.path), which takes precedence; remove one of the "
                        + "two"
                )
            }
            plugins.append(plugin)
        } catch {
            errors.append(error)
        }
    }

    /// The plugin at a path; nil if that cannot be known without running it.
    private func plugin(at path: String) throws(PluginError) -> Plugin? {
        switch isolation.mode {
        case .none: return try Plugin(loading: path, log: log)
        case .untrusted:
            if trusted.contains(path) { return try Plugin(loading: path, log: log) }
            if let check = isolation.trust(path) {
                if let plugin = try Plugin(loading: path, checking: check, log: log) { return plugin }
                log(.warning, path, "it has changed since it was trusted, so it runs in a worker process")
            }
        case .all: break
        }
        try checkWithoutLoading(path)
        let manifest = try manifests(path)
        if manifest == nil && !isolation.asksUnknownPlugins { return nil }
        return try Plugin(isolating: path, manifest: manifest, settings: isolation.workers, log: log)
    }
}

extension Plugin {
    /// Loads a file whose bytes pass a check; nil if they do not. What is loaded is what was checked, whatever becomes
    /// of the file meanwhile: a copy in memory.
    fileprivate convenience init?(
        loading path: String, checking check: PluginIsolation.ByteCheck, log: @escaping HostLog
    ) throws(PluginError) {
        let file: Int32
        do throws(RegularFile.Fault) {
            file = try RegularFile.open(path).descriptor
        } catch {
            throw PluginError(path: path, error.message)
        }
        defer { close(file) }
        var copy: Int32 = -1
        var memory: UnsafeRawPointer?
        var size: UInt64 = 0
        let error = aw_copy_file(file, &copy, &memory, &size)
        guard error == 0 else { throw PluginError(path: path, "cannot be read: \(systemMessage(error))") }
        let isTrusted = check(UnsafeRawBufferPointer(start: memory, count: Int(size)))
        munmap(UnsafeMutableRawPointer(mutating: memory), Int(size))
        guard isTrusted else {
            close(copy)
            return nil
        }
        // The descriptor stays open: the loader knows what it has loaded by its name, which no other copy may get.
        try self.init(loading: path, from: "/proc/self/fd/\(copy)", log: log)
    }
}

/// The engine itself as a library, installed and as it is built: in a build folder, it lies beside the plugins.
private let libraries: Set<String> = ["libassay.so", "libAssayLibrary.so"]

private func sharedObjects(in folder: String) throws(PluginError) -> [String] {
    guard let names = Folder.names(in: folder) else {
        throw PluginError(path: folder, "cannot be searched for plugins: \(systemMessage())")
    }
    return names.filter { $0.hasSuffix(".so") && !libraries.contains($0) }.map { "\(folder)/\($0)" }
}
