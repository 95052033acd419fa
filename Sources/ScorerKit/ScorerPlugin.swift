public import CScorerPlugin

/// The table of a plugin, built from Swift declarations. To be stored in a global for the life of the process.
///
/// `@unchecked Sendable`: the data that it points to does not change after initialisation.
public final class ScorerPlugin: @unchecked Sendable {
    private let pointer: UnsafePointer<assay_plugin>
    private let memory = TableMemory()

    /// - Parameters:
    ///   - scorers: scorers that do not ask models.
    ///   - modelScorers: scorers that ask models.
    public init(
        id: String, version: String, description: String, scorers: [any Scorer.Type] = [],
        modelScorers: [any ModelScorer.Type] = []
    ) {
        var offered = scorers.map { OfferedScorer.make($0) }
        offered += modelScorers.map { OfferedScorer.make(asking: $0) }
        pointer = memory.keep(
            assay_plugin(
                struct_size: structSize(assay_plugin.self), abi_major: ASSAY_ABI_MAJOR, abi_minor: ASSAY_ABI_MINOR,
                reserved: 0, id: memory.cString(id), version: memory.cString(version),
                description: memory.cString(description), scorers: memory.list(offered),
                create: { scorer, host, creation, configuration, instance in
                    guard let scorer, let host, let creation, let instance else { return Int32(ASSAY_E_INVALID) }
                    do throws(ParameterRejection) {
                        let configuration = UnsafeRawBufferPointer(
                            start: configuration.ptr, count: Int(configuration.len))
                        let made = try OfferedScorer.at(scorer).makeInstance(host, configuration)
                        instance.pointee = Unmanaged.passRetained(made).toOpaque()
                        return Int32(ASSAY_OK)
                    } catch {
                        withStr(error.pointer) { pointer in
                            withStr(error.message) { host.pointee.reject(host, creation, pointer, $0) }
                        }
                        return Int32(ASSAY_E_INVALID)
                    }
                },
                describe: { instance in
                    instance.map { Unmanaged<ScorerInstance>.fromOpaque($0).takeUnretainedValue().table.scorer }
                },
                destroy: { instance in
                    if let instance { Unmanaged<ScorerInstance>.fromOpaque(instance).release() }
                },
                step: { instance, call, state, reason, batch, replies, count in
                    guard let instance, let call, let state, let batch else { return Int32(ASSAY_E_INVALID) }
                    return Unmanaged<ScorerInstance>.fromOpaque(instance)._withUnsafeGuaranteedRef {
                        $0.step(
                            call, &state.pointee, reason, batch, UnsafeBufferPointer(start: replies, count: Int(count)))
                    }
                },
                call_free: { _, _, state in
                    if let state { Unmanaged<AnyObject>.fromOpaque(state).release() }
                },
                get_extension: nil,
                finalize: { instance, finalization, sums in
                    guard let instance, let finalization, let sums else { return Int32(ASSAY_E_INVALID) }
                    Unmanaged<ScorerInstance>.fromOpaque(instance).takeUnretainedValue().finalize(finalization, sums)
                    return Int32(ASSAY_OK)
                }))
    }

    /// The table for a host of this major version; nil otherwise, which the host reports.
    public func table(forHostMajor major: UInt32) -> UnsafePointer<assay_plugin>? {
        major == ASSAY_ABI_MAJOR ? pointer : nil
    }
}

/// A scorer's table, followed by the factory of its instances, which `create` finds from the table's address.
private struct OfferedScorer {
    let table: assay_scorer
    /// Owns the memory that the table points to.
    let declared: DeclarationTable
    let makeInstance: MakeInstance

    typealias MakeInstance =
        (UnsafePointer<assay_host>, UnsafeRawBufferPointer) throws(ParameterRejection) -> ScorerInstance

    static func make(_ type: any Scorer.Type) -> UnsafePointer<assay_scorer> {
        make(type.declaration) { host, configuration throws(ParameterRejection) in
            PlainInstance(host, try type.init(configuration: configuration))
        }
    }

    static func make<Asking: ModelScorer>(asking type: Asking.Type) -> UnsafePointer<assay_scorer> {
        make(type.declaration) { host, configuration throws(ParameterRejection) in
            let table = host.pointee.get_extension(host, ASSAY_EXT_CHAT)
            guard let chat = table?.assumingMemoryBound(to: assay_host_chat.self),
                Int(chat.pointee.struct_size) > MemoryLayout<assay_host_chat>.offset(of: \.request) ?? .max
            else {
                throw ParameterRejection(
                    pointer: "",
                    "this scorer asks models, but its host does not support model requests (extension "
                        + "\(ASSAY_EXT_CHAT))"
                )
            }
            for service in type.hostExtensions where host.pointee.get_extension(host, service.rawValue) == nil {
                throw ParameterRejection(
                    pointer: "", "this scorer needs an extension that its host does not have: \(service.rawValue)")
            }
            return ModelInstance(host, chat, try Asking(configuration: configuration))
        }
    }

    /// Never freed, like the plugin's table.
    private static func make(
        _ declaration: ScorerDeclaration, _ makeInstance: @escaping MakeInstance
    ) -> UnsafePointer<assay_scorer> {
        let declared = DeclarationTable(declaration)
        let made = UnsafeMutablePointer<OfferedScorer>.allocate(capacity: 1)
        made.initialize(
            to: OfferedScorer(table: declared.scorer.pointee, declared: declared, makeInstance: makeInstance))
        return UnsafeRawPointer(made).assumingMemoryBound(to: assay_scorer.self)
    }

    static func at(_ table: UnsafePointer<assay_scorer>) -> OfferedScorer {
        UnsafeRawPointer(table).assumingMemoryBound(to: OfferedScorer.self).pointee
    }
}
