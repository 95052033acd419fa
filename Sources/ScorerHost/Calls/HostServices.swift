import CScorerPlugin

/// The severity of a plugin's log message.
public enum LogSeverity: Int32, Sendable, Comparable {
    case debug = 0
    case info = 1
    case warning = 2
    case error = 3

    public static func < (one: LogSeverity, other: LogSeverity) -> Bool { one.rawValue < other.rawValue }
}

/// Receives a log message of the plugin with this id.
public typealias HostLog = @Sendable (_ severity: LogSeverity, _ pluginID: String, _ message: String) -> Void

/// The table of host services for one plugin. It lives as long as the process, like the plugin.
///
/// `@unchecked Sendable`: the table is not changed after it was made.
final class HostServices: @unchecked Sendable {
    let pluginID: String
    let log: HostLog
    let table: UnsafeMutablePointer<assay_host>

    init(pluginID: String, log: @escaping HostLog) {
        self.pluginID = pluginID
        self.log = log
        table = .allocate(capacity: 1)
        table.initialize(
            to: assay_host(
                struct_size: UInt32(MemoryLayout<assay_host>.size), abi_major: ASSAY_ABI_MAJOR,
                abi_minor: ASSAY_ABI_MINOR, reserved: 0, host_data: nil,
                log: { host, severity, message in
                    guard let services = HostServices.of(host) else { return }
                    let severity = LogSeverity(rawValue: severity) ?? .error
                    services.log(severity, services.pluginID, String(message))
                },
                reject: { _, creation, pointer, message in
                    guard let creation else { return }
                    let made = Unmanaged<Creation>.fromOpaque(UnsafeRawPointer(creation)).takeUnretainedValue()
                    made.faults.append(ParameterFault(pointer: String(pointer), message: String(message)))
                },
                emit: { _, call, output, first, count, values in
                    ScorerCall.withCall(call) { $0.emit(output: output, first: first, count: count, values) }
                },
                fail: { _, call, row, outcome, message in
                    ScorerCall.withCall(call) { $0.fail(row: row, outcome: outcome, message) }
                },
                is_cancelled: { _, call in
                    ScorerCall.withCall(call) { $0.isCancelled ? 1 : 0 }
                },
                get_extension: { _, id in
                    switch id.map({ String(cString: $0) }) {
                    case ASSAY_EXT_CHAT: return UnsafeRawPointer(HostServices.chat)
                    case ASSAY_EXT_EMBED: return UnsafeRawPointer(HostServices.embed)
                    case ASSAY_EXT_MODERATE: return UnsafeRawPointer(HostServices.moderate)
                    default: return nil
                    }
                },
                emit_statistics: { _, call, first, count, values in
                    ScorerCall.withCall(call) { $0.emitStatistics(first: first, count: count, values) }
                },
                emit_aggregate: { _, finalization, aggregation, json in
                    guard let finalization else { return Int32(ASSAY_E_INVALID) }
                    let made = Unmanaged<Finalization>.fromOpaque(UnsafeRawPointer(finalization)).takeUnretainedValue()
                    return made.set(aggregation, String(json)) ? Int32(ASSAY_OK) : Int32(ASSAY_E_INVALID)
                }))
        table.pointee.host_data = Unmanaged.passRetained(self).toOpaque()
    }

    private static func of(_ host: UnsafePointer<assay_host>?) -> HostServices? {
        guard let data = host?.pointee.host_data else { return nil }
        return Unmanaged<HostServices>.fromOpaque(data).takeUnretainedValue()
    }

    // Tables of extensions, the same for all plugins. `nonisolated(unsafe)`: written once, before they can be seen.

    private nonisolated(unsafe) static let chat = permanent(
        assay_host_chat(
            struct_size: UInt32(MemoryLayout<assay_host_chat>.size), reserved: 0,
            request: { _, call, tag, role, json in
                ScorerCall.withCall(call) {
                    $0.request(ModelRequest(tag: tag, role: String(role), json: String(json)))
                }
            },
            ask: { _, call, request in
                ScorerCall.withCall(call) { $0.request(request) }
            }))

    private nonisolated(unsafe) static let embed = permanent(
        assay_host_embed(
            struct_size: UInt32(MemoryLayout<assay_host_embed>.size), reserved: 0,
            embed: { _, call, texts in ScorerCall.withCall(call) { $0.request(texts, .embeddings) } }))

    private nonisolated(unsafe) static let moderate = permanent(
        assay_host_moderate(
            struct_size: UInt32(MemoryLayout<assay_host_moderate>.size), reserved: 0,
            moderate: { _, call, texts in ScorerCall.withCall(call) { $0.request(texts, .moderation) } }))

    /// A table in memory that is never released.
    private static func permanent<Table>(_ table: Table) -> UnsafeMutablePointer<Table> {
        let memory = UnsafeMutablePointer<Table>.allocate(capacity: 1)
        memory.initialize(to: table)
        return memory
    }
}

/// An instance being made: collects what the plugin rejects.
final class Creation {
    var faults: [ParameterFault] = []
}

extension String {
    /// The text of a plugin, repaired where it is not UTF-8.
    init(_ text: assay_str) {
        self.init(decoding: UnsafeRawBufferPointer(start: text.ptr, count: Int(text.len)), as: UTF8.self)
    }
}
