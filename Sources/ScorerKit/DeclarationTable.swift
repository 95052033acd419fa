import CScorerPlugin

/// A declaration in the form of the plugin header. Owns its memory.
final class DeclarationTable {
    let scorer: UnsafePointer<assay_scorer>
    private let memory = TableMemory()

    init(_ declaration: ScorerDeclaration) {
        scorer = memory.keep(
            assay_scorer(
                struct_size: structSize(assay_scorer.self), concurrency: UInt32(ASSAY_CONCURRENCY_PARALLEL),
                id: memory.cString(declaration.id), description: memory.cString(declaration.description),
                inputs: memory.columns(declaration.inputs), outputs: memory.columns(declaration.outputs),
                roles: declaration.roles.isEmpty ? nil : memory.list(declaration.roles.map(memory.cString)),
                parameters_schema: declaration.parametersSchema.map(memory.cString),
                statistics: memory.list(declaration.statistics.map(memory.cString)),
                aggregations: memory.aggregations(declaration.aggregations)))
    }
}

/// Owns the pieces of a table, all of them plain C values.
final class TableMemory {
    private var pieces: [UnsafeMutableRawPointer] = []

    deinit {
        for piece in pieces { piece.deallocate() }
    }

    func keep<Piece: BitwiseCopyable>(_ value: Piece) -> UnsafePointer<Piece> { keep([value]) }

    private func keep<Piece: BitwiseCopyable>(_ values: [Piece]) -> UnsafePointer<Piece> {
        let piece = UnsafeMutableBufferPointer<Piece>.allocate(capacity: values.count)
        _ = piece.initialize(from: values)
        // Not empty, so it has an address.
        guard let start = piece.baseAddress else { preconditionFailure("an empty piece of a table") }
        pieces.append(UnsafeMutableRawPointer(start))
        return UnsafePointer(start)
    }

    func cString(_ text: String) -> UnsafePointer<CChar> { keep(Array(text.utf8CString)) }

    /// The elements as a list that ends with NULL.
    func list<Element>(_ elements: [UnsafePointer<Element>]) -> UnsafePointer<UnsafePointer<Element>?> {
        keep(elements.map { $0 } + [nil])
    }

    func aggregations(
        _ aggregations: [ScorerDeclaration.Aggregation]
    ) -> UnsafePointer<UnsafePointer<assay_aggregation>?> {
        list(
            aggregations.map { aggregation in
                keep(
                    assay_aggregation(
                        struct_size: structSize(assay_aggregation.self), reserved: 0, name: cString(aggregation.name),
                        description: cString(aggregation.description)))
            })
    }

    func columns(_ columns: [ScorerDeclaration.Column]) -> UnsafePointer<UnsafePointer<assay_column_spec>?> {
        list(
            columns.map { column in
                keep(
                    assay_column_spec(
                        struct_size: structSize(assay_column_spec.self), type: column.type.rawValue,
                        flags: UInt32(column.flags), reserved: 0, name: cString(column.name),
                        description: cString(column.description), minimum: column.range?.lowerBound ?? 0,
                        maximum: column.range?.upperBound ?? 0))
            })
    }
}

func structSize<Struct>(_ type: Struct.Type) -> UInt32 { UInt32(MemoryLayout<Struct>.size) }
