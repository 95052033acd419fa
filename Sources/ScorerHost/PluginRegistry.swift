import Glibc

/// The plugins of a list of folders, by id. Loading goes on past files that are no plugins.
public struct PluginRegistry: Sendable {
    public private(set) var plugins: [Plugin] = []
    /// Files that were looked at and are not used, and why.
    public private(set) var errors: [PluginError] = []

    /// Loads every shared object (`*.so`) of the folders, in their order, by name within each.
    public init(searching folders: [String], log: @escaping HostLog) {
        for folder in folders {
            do throws(PluginError) {
                for file in try sharedObjects(in: folder) { load(file, log) }
            } catch {
                errors.append(error)
            }
        }
    }

    public subscript(id: String) -> Plugin? { plugins.first { $0.id == id } }

    private mutating func load(_ file: String, _ log: @escaping HostLog) {
        do throws(PluginError) {
            let plugin = try Plugin(loading: file, log: log)
            if plugins.contains(where: { $0.path == plugin.path }) { return }
            if let other = self[plugin.id] {
                throw PluginError(
                    path: plugin.path,
                    "its id \"\(plugin.id)\" is also that of \(other.path), which is used; remove one of the two")
            }
            plugins.append(plugin)
        } catch {
            errors.append(error)
        }
    }
}

private func sharedObjects(in folder: String) throws(PluginError) -> [String] {
    guard let directory = opendir(folder) else {
        throw PluginError(path: folder, "cannot be searched for plugins: \(String(cString: strerror(errno)))")
    }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name.hasSuffix(".so") { names.append("\(folder)/\(name)") }
    }
    return names.sorted()
}
