import CScorerPlugin
import Synchronization

/// An instance of a scorer with its parameters. Calls may run side by side on any threads; where the plugin cannot do
/// that, they wait for each other here.
///
/// `@unchecked Sendable`: the plugin's instance is used by the rules of its concurrency mode, kept by `inTurn`.
public final class Scorer: @unchecked Sendable {
    public let plugin: Plugin
    /// What this instance reads and gives, with its parameters.
    public let description: ScorerDescription
    private let instance: UnsafeMutableRawPointer?
    private let instanceLock = Mutex<Void>(())

    /// Makes an instance of a plugin's scorer.
    ///
    /// - Parameters:
    ///   - id: the scorer in the plugin, the `provider_resource_id` of a definition.
    ///   - configuration: JSON text as `create` of the plugin header describes it.
    /// - Throws: `ParameterError` where the scorer refuses its parameters, else `PluginError`.
    public init(_ id: String, of plugin: Plugin, configuration: String) throws {
        guard let index = plugin.scorers.firstIndex(where: { $0.id == id }) else {
            let known = plugin.scorers.map { "\"\($0.id)\"" }.joined(separator: ", ")
            throw PluginError(path: plugin.path, "it has no scorer \"\(id)\"; its scorers are \(known)")
        }
        let offered = plugin.scorers[index]
        let creation = Creation()
        var instance: UnsafeMutableRawPointer?
        var configuration = configuration
        let status = plugin.inProcessTurn(offered.concurrency) {
            configuration.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { bytes in
                    plugin.table.create(
                        plugin.table.scorers[index], plugin.services.table,
                        OpaquePointer(Unmanaged.passUnretained(creation).toOpaque()),
                        assay_str(ptr: bytes.baseAddress, len: UInt64(bytes.count)), &instance)
                }
            }
        }
        guard status == ASSAY_OK else {
            if !creation.faults.isEmpty { throw ParameterError(faults: creation.faults) }
            throw PluginError(
                path: plugin.path, "scorer \"\(id)\" could not be made, and gave no reason (status \(status))")
        }
        do {
            let bound = plugin.table.describe.flatMap { $0(instance) }
            description = try bound.map { table throws(TableFault) in try ScorerDescription(table) } ?? offered
        } catch {
            plugin.table.destroy(instance)
            throw PluginError(path: plugin.path, error.message)
        }
        self.plugin = plugin
        self.instance = instance
    }

    deinit {
        plugin.inProcessTurn(description.concurrency) { plugin.table.destroy(instance) }
    }

    func step(
        _ call: OpaquePointer, _ state: UnsafeMutablePointer<UnsafeMutableRawPointer?>, _ reason: Int32,
        _ batch: UnsafePointer<assay_batch>, _ replies: UnsafePointer<UnsafePointer<assay_reply>?>?, _ count: Int
    ) -> assay_status {
        inTurn { plugin.table.step(instance, call, state, reason, batch, replies, UInt64(count)) }
    }

    func free(_ call: OpaquePointer, _ state: UnsafeMutableRawPointer?) {
        guard let callFree = plugin.table.callFree else { return }
        inTurn { callFree(instance, call, state) }
    }

    private func inTurn<Result>(_ body: () -> Result) -> Result {
        if description.concurrency == .instanceSerial { return instanceLock.withLock { _ in body() } }
        return plugin.inProcessTurn(description.concurrency, body)
    }
}
