public import CScorerPlugin

/// The table of a plugin, made from Swift declarations. Made once and kept for the life of the process.
///
/// `@unchecked Sendable`: what it points to is not changed after it was made.
public final class ScorerPlugin: @unchecked Sendable {
    private let pointer: UnsafeMutablePointer<assay_plugin>

    public init(id: String, version: String, description: String, scorers: [any Scorer.Type]) {
        let tables = list(scorers.map { UnsafePointer(ScorerTable.make($0)) })
        pointer = .allocate(capacity: 1)
        pointer.initialize(
            to: assay_plugin(
                struct_size: size(of: assay_plugin.self), abi_major: ASSAY_ABI_MAJOR, abi_minor: ASSAY_ABI_MINOR,
                reserved: 0, id: cString(id), version: cString(version), description: cString(description),
                scorers: tables,
                create: { scorer, host, creation, configuration, instance in
                    guard let scorer, let host, let creation, let instance else { return Int32(ASSAY_E_INVALID) }
                    let type = ScorerTable.scorerType(of: scorer)
                    do throws(ParameterRejection) {
                        let configuration = UnsafeRawBufferPointer(
                            start: configuration.ptr, count: Int(configuration.len))
                        let made = Instance(host, try type.init(configuration: configuration))
                        instance.pointee = Unmanaged.passRetained(made).toOpaque()
                        return Int32(ASSAY_OK)
                    } catch {
                        withStr(error.pointer) { pointer in
                            withStr(error.message) { host.pointee.reject(host, creation, pointer, $0) }
                        }
                        return Int32(ASSAY_E_INVALID)
                    }
                },
                describe: nil,
                destroy: { instance in
                    if let instance { Unmanaged<Instance>.fromOpaque(instance).release() }
                },
                step: { instance, call, _, _, batch, _, _ in
                    guard let instance, let call, let batch else { return Int32(ASSAY_E_INVALID) }
                    Unmanaged<Instance>.fromOpaque(instance)._withUnsafeGuaranteedRef {
                        $0.scorer.score(Rows(batch), Results(host: $0.host, call: call))
                    }
                    return Int32(ASSAY_OK)
                },
                call_free: nil, get_extension: nil))
    }

    /// The table, for a host of this major version; else nil, and the host says so.
    public func table(forHostMajor major: UInt32) -> UnsafePointer<assay_plugin>? {
        major == ASSAY_ABI_MAJOR ? UnsafePointer(pointer) : nil
    }
}

private final class Instance {
    let host: UnsafePointer<assay_host>
    let scorer: any Scorer

    init(_ host: UnsafePointer<assay_host>, _ scorer: any Scorer) {
        self.host = host
        self.scorer = scorer
    }
}

/// A scorer's table with its Swift type behind it, where `create` finds it by the table's address.
private struct ScorerTable {
    var table: assay_scorer
    var type: any Scorer.Type

    static func make(_ type: any Scorer.Type) -> UnsafeMutablePointer<assay_scorer> {
        let declaration = type.declaration
        let made = UnsafeMutablePointer<ScorerTable>.allocate(capacity: 1)
        made.initialize(
            to: ScorerTable(
                table: assay_scorer(
                    struct_size: size(of: assay_scorer.self), concurrency: UInt32(ASSAY_CONCURRENCY_PARALLEL),
                    id: cString(declaration.id), description: cString(declaration.description),
                    inputs: columns(declaration.inputs), outputs: columns(declaration.outputs), roles: nil,
                    parameters_schema: declaration.parametersSchema.map(cString)),
                type: type))
        return UnsafeMutableRawPointer(made).assumingMemoryBound(to: assay_scorer.self)
    }

    static func scorerType(of table: UnsafePointer<assay_scorer>) -> any Scorer.Type {
        UnsafeRawPointer(table).assumingMemoryBound(to: ScorerTable.self).pointee.type
    }
}

private func columns(
    _ columns: [ScorerDeclaration.Column]
) -> UnsafePointer<UnsafePointer<assay_column_spec>?> {
    list(
        columns.map { column in
            let spec = UnsafeMutablePointer<assay_column_spec>.allocate(capacity: 1)
            spec.initialize(
                to: assay_column_spec(
                    struct_size: size(of: assay_column_spec.self), type: column.type.rawValue,
                    flags: UInt32(column.flags), reserved: 0,
                    name: cString(column.name), description: cString(column.description),
                    minimum: column.range?.lowerBound ?? 0, maximum: column.range?.upperBound ?? 0))
            return UnsafePointer(spec)
        })
}

/// The elements as a list that ends with NULL. Never freed, as nothing here is.
private func list<Element>(_ elements: [UnsafePointer<Element>]) -> UnsafePointer<UnsafePointer<Element>?> {
    let list = UnsafeMutablePointer<UnsafePointer<Element>?>.allocate(capacity: elements.count + 1)
    for (index, element) in elements.enumerated() { (list + index).initialize(to: element) }
    (list + elements.count).initialize(to: nil)
    return UnsafePointer(list)
}

private func cString(_ text: String) -> UnsafePointer<CChar> {
    let bytes = text.utf8CString
    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
    for (index, byte) in bytes.enumerated() { copy[index] = byte }
    return UnsafePointer(copy)
}

private func size<Struct>(of type: Struct.Type) -> UInt32 { UInt32(MemoryLayout<Struct>.size) }
