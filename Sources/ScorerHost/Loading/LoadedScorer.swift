import CScorerPlugin
import Synchronization

/// An instance of a scorer whose code is in this process.
///
/// `@unchecked Sendable`: the plugin's instance is used by the rules of its concurrency mode, kept by `inTurn`.
final class LoadedScorer: ScorerInstance, @unchecked Sendable {
    let description: ScorerDescription
    /// Holds what its calls take their turns by.
    private let plugin: Plugin
    private let table: PluginTable
    private let services: HostServices
    private let instance: UnsafeMutableRawPointer?
    private let instanceLock = Mutex<Void>(())

    init(_ index: Int, of plugin: Plugin, _ code: LoadedPlugin, _ configuration: String) throws {
        let offered = plugin.scorers[index]
        let creation = Creation()
        var instance: UnsafeMutableRawPointer?
        var configuration = configuration
        let status = plugin.inProcessTurn(offered.concurrency) {
            configuration.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { bytes in
                    code.table.create(
                        code.table.scorers[index], code.services.table,
                        OpaquePointer(Unmanaged.passUnretained(creation).toOpaque()),
                        assay_str(ptr: bytes.baseAddress, len: UInt64(bytes.count)), &instance)
                }
            }
        }
        guard status == ASSAY_OK else { throw creationFailure(offered.id, of: plugin, status, creation.faults) }
        do {
            let bound = code.table.describe.flatMap { $0(instance) }
            let abiMinor = code.description.abiMinor
            description =
                try bound.map { table throws(TableFault) in try ScorerDescription(table, abiMinor: abiMinor) }
                ?? offered
        } catch {
            code.table.destroy(instance)
            throw PluginError(path: plugin.path, error.message)
        }
        self.plugin = plugin
        self.instance = instance
        table = code.table
        services = code.services
    }

    deinit {
        plugin.inProcessTurn(description.concurrency) { table.destroy(instance) }
    }

    var isSound: Bool { true }

    func makeRunner() -> any CallRunner { LoadedCall(self) }

    func finalize(_ sums: [Double], rows: Int) -> FinalizedAggregates {
        let finalization = Finalization(description)
        let status = inTurn { table, instance in
            guard let finalize = table.finalize else { return Int32(ASSAY_E_UNSUPPORTED) }
            return sums.withUnsafeBufferPointer { values in
                var sums = assay_sums(
                    struct_size: UInt32(MemoryLayout<assay_sums>.size), n_sums: UInt32(values.count),
                    n_rows: UInt64(rows), values: values.baseAddress)
                return finalize(instance, finalization.token, &sums)
            }
        }
        return withExtendedLifetime(finalization) { finalization.end(status) }
    }

    func tell(_ event: PluginEvent) { services.log(event.severity, services.pluginID, event.text) }

    fileprivate func inTurn<Result>(_ body: (PluginTable, UnsafeMutableRawPointer?) -> Result) -> Result {
        if description.concurrency == .instanceSerial { return instanceLock.withLock { _ in body(table, instance) } }
        return plugin.inProcessTurn(description.concurrency) { body(table, instance) }
    }
}

/// Runs the calls of one `ScorerCall` in this process.
private final class LoadedCall: CallRunner {
    private let scorer: LoadedScorer
    private var batch: UnsafePointer<assay_batch>?
    private var state: UnsafeMutableRawPointer?

    init(_ scorer: LoadedScorer) {
        self.scorer = scorer
    }

    func start(_ batch: UnsafePointer<assay_batch>, for call: ScorerCall) -> assay_status {
        self.batch = batch
        state = nil
        return step(call, Int32(ASSAY_STEP_START), nil, 0)
    }

    func deliver(_ replies: [ModelReply], to call: ScorerCall) -> assay_status {
        withCReplies(replies) { pointers in
            step(call, Int32(ASSAY_STEP_REPLIES), pointers.baseAddress, pointers.count)
        }
    }

    func free(_ call: ScorerCall) {
        scorer.inTurn { table, instance in
            if let callFree = table.callFree { callFree(instance, call.token, state) }
        }
        state = nil
    }

    private func step(
        _ call: ScorerCall, _ reason: Int32, _ replies: UnsafePointer<UnsafePointer<assay_reply>?>?, _ count: Int
    ) -> assay_status {
        call.duringStep { token in
            scorer.inTurn { table, instance in
                table.step(instance, token, &state, reason, batch, replies, UInt64(count))
            }
        }
    }
}
