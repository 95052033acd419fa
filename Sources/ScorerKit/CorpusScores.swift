import CScorerPlugin

/// The sums of a scorer's statistics over scored rows. Only valid during the call that received them.
public struct Sums {
    private let sums: UnsafePointer<assay_sums>

    init(_ sums: UnsafePointer<assay_sums>) {
        self.sums = sums
    }

    /// The scored rows, at least 1.
    public var rows: Int { Int(sums.pointee.n_rows) }

    /// The number of statistics.
    public var count: Int { Int(sums.pointee.n_sums) }

    /// The sum of a statistic, by its index in the declaration.
    public subscript(statistic: Int) -> Double {
        precondition(statistic < count, "there is no statistic \(statistic)")
        guard let values = sums.pointee.values else { preconditionFailure("the sums have no values") }
        return values[statistic]
    }

    /// A sum as an integer: the nearest that there is, and 0 for NaN. Sums may come from a state that someone else has made, and be
    /// any number.
    public static func integer(_ sum: Double) -> Int {
        if sum.isNaN { return 0 }
        return Int(exactly: sum.rounded()) ?? (sum < 0 ? .min : .max)
    }
}

/// Accepts the values of a scorer's aggregations. Only valid during the call that received it.
public struct Aggregates {
    let host: UnsafePointer<assay_host>
    let finalization: OpaquePointer

    /// Sets the value of an aggregation, by its index in the declaration: the text of a JSON object. An aggregation without a
    /// value is null: nothing to compute it from.
    public func emit(_ json: String, aggregation: Int) {
        withStr(json) { _ = host.pointee.emit_aggregate(host, finalization, UInt32(aggregation), $0) }
    }
}

extension Results {
    /// Sets the statistics of rows, one number for each that the scorer declares, row after row.
    ///
    /// Hosts before version 1.3 of the plugin header have no corpus scores; they do not get them.
    ///
    /// - Parameter row: the first of the rows.
    public func emit(statistics: UnsafeBufferPointer<Double>, rows: Int = 1, from row: Int) {
        let known = MemoryLayout<assay_host>.offset(of: \.emit_aggregate) ?? .max
        guard rows > 0, Int(host.pointee.struct_size) >= known else { return }
        _ = host.pointee.emit_statistics(host, call, UInt64(row), UInt64(rows), statistics.baseAddress)
    }
}
