import CScorerPlugin
import Glibc

/// A plugin whose code is in this process. Once loaded, it stays until the process ends: code of it may run in threads and
/// type metadata that outlive every instance.
final class LoadedPlugin: Sendable {
    let description: PluginDescription
    let table: PluginTable
    let services: HostServices

    /// - Parameters:
    ///   - path: where it is, for messages.
    ///   - place: what is loaded; nil: `path`.
    init(_ path: String, from place: String? = nil, log: @escaping HostLog) throws(PluginError) {
        guard let handle = dlopen(place ?? path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
            let reason = dlerror().map { String(cString: $0) } ?? "unknown reason"
            throw PluginError(path: path, LoadFault.notLoadable(reason).message)
        }
        guard let symbol = dlsym(handle, "assay_plugin_entry") else {
            throw PluginError(path: path, LoadFault.noEntry.message)
        }
        let entry = unsafeBitCast(symbol, to: assay_plugin_entry_function.self)
        guard let pointer = entry(ASSAY_ABI_MAJOR, ASSAY_ABI_MINOR) else {
            throw PluginError(path: path, LoadFault.noTable.message)
        }
        do throws(TableFault) {
            description = try PluginDescription(pointer)
            table = try PluginTable(pointer)
            if table.finalize == nil && description.hasAggregations { throw TableFault(message: missingFinalize) }
        } catch {
            throw PluginError(path: path, error.message)
        }
        services = HostServices(pluginID: description.id, log: log)
    }
}

/// Why a file could not be loaded, wherever that was tried.
enum LoadFault {
    case notLoadable(String)
    case noEntry
    case noTable

    var message: String {
        switch self {
        case .notLoadable(let reason): "not a loadable shared object: \(reason)"
        case .noEntry: "not a scorer plugin: it does not export assay_plugin_entry"
        case .noTable:
            "the plugin does not support ABI version \(ASSAY_ABI_MAJOR).\(ASSAY_ABI_MINOR) of this host"
        }
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
    let finalize:
        (@convention(c) (UnsafeMutableRawPointer?, OpaquePointer?, UnsafePointer<assay_sums>?) -> assay_status)?

    init(_ pointer: UnsafePointer<assay_plugin>) throws(TableFault) {
        let plugin = known(pointer, size: pointer.pointee.struct_size, assay_plugin())
        guard let create = plugin.create, let destroy = plugin.destroy, let step = plugin.step else {
            throw TableFault(message: missingFunctions)
        }
        self.create = create
        self.destroy = destroy
        self.step = step
        describe = plugin.describe
        callFree = plugin.call_free
        finalize = plugin.finalize
        scorers = pointers(plugin.scorers)
    }
}

/// What is wrong with a table whose functions are not all there.
let missingFunctions = "create, destroy and step of its table must not be NULL"

/// What is wrong with a table whose scorers have aggregations that nothing computes.
let missingFinalize = "finalize of its table must not be NULL, because a scorer has aggregations"
