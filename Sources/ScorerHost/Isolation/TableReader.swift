import CScorerPlugin
import CWorkerProtocol

/// Puts the table of a plugin together again from a worker's records, in the structs of the plugin header, so that it is
/// checked like that of a plugin in this process.
struct TableReader: ~Copyable {
    private struct Column {
        var spec: assay_column_spec
        var isOutput: Bool
    }

    private struct Scorer {
        var table: assay_scorer
        var columns: [Column] = []
        var roles: [UnsafePointer<CChar>?] = []
        var statistics: [UnsafePointer<CChar>?] = []
        var aggregations: [assay_aggregation] = []
    }

    /// What an AW_TEXT belongs to.
    private enum Subject { case plugin, scorer, column, role, statistic, aggregation }

    private var plugin = assay_plugin()
    private var hasPlugin = false
    private var hasFunctions = false
    private var hasFinalize = false
    private var scorers: [Scorer] = []
    private var subject = Subject.plugin
    private var blocks: [UnsafeMutableRawPointer] = []
    /// Whether there is more than any plugin has.
    private var isTooLarge = false
    private static let most = 1000

    deinit {
        for block in blocks { block.deallocate() }
    }

    /// Reads all records of a table; others are passed over.
    init(_ records: UnsafeRawBufferPointer) {
        var reader = RecordReader(records)
        while let (record, rest) = reader.next() { take(record, rest) }
    }

    /// The description of a plugin.
    consuming func pluginDescription() throws(TableFault) -> PluginDescription {
        try checkSize()
        guard hasPlugin else { throw TableFault(message: "its worker process did not describe it") }
        let list = scorers.map { finish($0) }
        plugin.scorers = keep(list)
        let least = MemoryLayout<assay_plugin>.offset(of: \.finalize) ?? 0
        if plugin.abi_major == ASSAY_ABI_MAJOR && plugin.struct_size >= least && !hasFunctions {
            throw TableFault(message: missingFunctions)
        }
        let description = try PluginDescription(keep(plugin))
        if description.hasAggregations && !hasFinalize { throw TableFault(message: missingFinalize) }
        return description
    }

    /// The description of an instance; nil where none was given.
    ///
    /// - Parameter abiMinor: the version of the plugin header that its plugin was built with.
    consuming func instanceDescription(abiMinor: UInt32) throws(TableFault) -> ScorerDescription? {
        try checkSize()
        guard let scorer = scorers.first else { return nil }
        return try ScorerDescription(finish(scorer), abiMinor: abiMinor)
    }

    private func checkSize() throws(TableFault) {
        if isTooLarge {
            throw TableFault(
                message: "it has more than \(Self.most) scorers, or a scorer has more columns, roles or "
                    + "aggregations than that, or more than \(ASSAY_MAX_STATISTICS) statistics")
        }
    }

    private mutating func take(_ record: aw_record, _ rest: UnsafeRawBufferPointer) {
        let last = scorers.last
        let counts = [scorers.count, last?.columns.count, last?.roles.count, last?.aggregations.count]
        if counts.contains(where: { $0 ?? 0 > Self.most })
            || last?.statistics.count ?? 0 > Int(ASSAY_MAX_STATISTICS)
        {
            isTooLarge = true
            return
        }
        switch record.kind {
        case UInt32(AW_PLUGIN):
            plugin.struct_size = UInt32(clamping: record.first)
            plugin.abi_major = UInt32(record.count >> 32)
            plugin.abi_minor = UInt32(truncatingIfNeeded: record.count)
            hasPlugin = true
            hasFunctions = record.flags & 1 != 0
            hasFinalize = record.flags & 2 != 0
            subject = .plugin
        case UInt32(AW_SCORER):
            var table = assay_scorer()
            table.struct_size = UInt32(clamping: record.first)
            table.concurrency = record.type
            scorers.append(Scorer(table: table))
            subject = .scorer
        case UInt32(AW_COLUMN):
            guard !scorers.isEmpty, rest.count == 16 else { return }
            var spec = assay_column_spec()
            spec.struct_size = UInt32(clamping: record.first)
            spec.type = record.type
            spec.flags = record.flags
            spec.minimum = rest.loadUnaligned(as: Double.self)
            spec.maximum = rest.loadUnaligned(fromByteOffset: 8, as: Double.self)
            scorers[scorers.count - 1].columns.append(Column(spec: spec, isOutput: record.output != 0))
            subject = .column
        case UInt32(AW_ROLE):
            guard !scorers.isEmpty else { return }
            scorers[scorers.count - 1].roles.append(cString(rest))
            subject = .role
        case UInt32(AW_STATISTIC):
            guard !scorers.isEmpty else { return }
            // Its name follows; without it, it is NULL.
            subject = .statistic
        case UInt32(AW_AGGREGATION):
            guard !scorers.isEmpty else { return }
            var aggregation = assay_aggregation()
            aggregation.struct_size = UInt32(clamping: record.first)
            scorers[scorers.count - 1].aggregations.append(aggregation)
            subject = .aggregation
        case UInt32(AW_TEXT): takeText(record.type, rest)
        default: break
        }
    }

    private mutating func takeText(_ what: UInt32, _ rest: UnsafeRawBufferPointer) {
        let text = cString(rest)
        let last = scorers.count - 1
        switch (subject, what) {
        case (.plugin, UInt32(AW_TEXT_ID)): plugin.id = text
        case (.plugin, UInt32(AW_TEXT_VERSION)): plugin.version = text
        case (.plugin, UInt32(AW_TEXT_DESCRIPTION)): plugin.description = text
        case (.scorer, UInt32(AW_TEXT_ID)): scorers[last].table.id = text
        case (.scorer, UInt32(AW_TEXT_DESCRIPTION)): scorers[last].table.description = text
        case (.scorer, UInt32(AW_TEXT_SCHEMA)): scorers[last].table.parameters_schema = text
        case (.column, let what):
            let column = scorers[last].columns.count - 1
            if what == UInt32(AW_TEXT_ID) { scorers[last].columns[column].spec.name = text }
            if what == UInt32(AW_TEXT_DESCRIPTION) { scorers[last].columns[column].spec.description = text }
        case (.statistic, UInt32(AW_TEXT_ID)): scorers[last].statistics.append(text)
        case (.aggregation, let what):
            let aggregation = scorers[last].aggregations.count - 1
            if what == UInt32(AW_TEXT_ID) { scorers[last].aggregations[aggregation].name = text }
            if what == UInt32(AW_TEXT_DESCRIPTION) { scorers[last].aggregations[aggregation].description = text }
        default: break
        }
    }

    private mutating func finish(_ scorer: Scorer) -> UnsafePointer<assay_scorer> {
        var table = scorer.table
        table.inputs = keep(scorer.columns.filter { !$0.isOutput }.map { keep($0.spec) })
        table.outputs = keep(scorer.columns.filter(\.isOutput).map { keep($0.spec) })
        table.roles = keep(scorer.roles.compactMap { $0 })
        table.statistics = keep(scorer.statistics.compactMap { $0 })
        table.aggregations = keep(scorer.aggregations.map { keep($0) })
        return keep(table)
    }

    // MARK: Memory

    private mutating func keep<Value>(_ value: Value) -> UnsafePointer<Value> {
        let place = UnsafeMutablePointer<Value>.allocate(capacity: 1)
        place.initialize(to: value)
        blocks.append(UnsafeMutableRawPointer(place))
        return UnsafePointer(place)
    }

    /// A list that ends with NULL.
    private mutating func keep<Value>(_ list: [UnsafePointer<Value>]) -> UnsafePointer<UnsafePointer<Value>?> {
        let place = UnsafeMutablePointer<UnsafePointer<Value>?>.allocate(capacity: list.count + 1)
        for (index, element) in list.enumerated() { (place + index).initialize(to: element) }
        (place + list.count).initialize(to: nil)
        blocks.append(UnsafeMutableRawPointer(place))
        return UnsafePointer(place)
    }

    private mutating func cString(_ bytes: UnsafeRawBufferPointer) -> UnsafePointer<CChar> {
        let place = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
        for (index, byte) in bytes.enumerated() { (place + index).initialize(to: CChar(bitPattern: byte)) }
        (place + bytes.count).initialize(to: 0)
        blocks.append(UnsafeMutableRawPointer(place))
        return UnsafePointer(place)
    }
}
