/// Something about a plugin that the host logs. Plugin checks look at the value; the log gets its text.
enum PluginEvent: Sendable {
    /// A line that the plugin writes to the log.
    case line(LogSeverity, String)
    /// A scorer called a service of the host in a way that is not allowed; the call had no effect.
    case misuse(scorer: String, HostMisuse)
    /// A line that the plugin wrote to a standard stream of its worker.
    case wrote(StandardStream, String)
    /// A worker was lost when a call was freed or an instance destroyed.
    case lostWhenFreeing(WorkerLoss)
    /// A scorer's own aggregations could not be computed.
    case notFinalized(scorer: String, UnscoredReason)
    /// An idle worker was ended, for the given reason.
    case endedIdle(String)

    /// A stream of a worker process.
    enum StandardStream: String {
        case output = "standard output"
        case errors = "standard error"
    }

    var severity: LogSeverity {
        switch self {
        case .line(let severity, _): severity
        case .misuse, .lostWhenFreeing, .notFinalized: .error
        case .wrote, .endedIdle: .warning
        }
    }

    /// The text in the log.
    var text: String {
        switch self {
        case .line(_, let text): text
        case .misuse(let scorer, let misuse): "scorer \"\(scorer)\" misuses its host: \(misuse)"
        case .wrote(let stream, let line): "wrote to \(stream.rawValue): \(line)"
        case .lostWhenFreeing(let loss): "\(loss.description) while a call or an instance was freed"
        case .notFinalized(let scorer, .gaveUp(let status)):
            "scorer \"\(scorer)\" could not compute its aggregations: finalize returned \(status)"
        case .notFinalized(let scorer, let reason):
            "scorer \"\(scorer)\" could not compute its aggregations: \(reason)"
        case .endedIdle(let why): "its process was ended: \(why) while it had nothing to do"
        }
    }
}

/// A call of a host service that the plugin header does not allow.
enum HostMisuse: Hashable, Sendable {
    case outsideOfStep
    /// No output has this number, or the cells are NULL.
    case emitWithoutOutput(UInt32)
    case emitRows(first: UInt64, end: UInt64, rowCount: Int)
    case emitValues(output: String, type: String)
    case statisticsUndeclared
    case statisticsRows(first: UInt64, end: UInt64, rowCount: Int)
    case statisticsValues
    case aggregateUndeclared(UInt32)
    /// The value is not a JSON object.
    case aggregateValue(String)
    case failOutcome(Int32)
    case failRow(Int64, rowCount: Int)
    case requestTooShort
    case requestTag(UInt64)
    case requestRole(String)

    /// The misused service, for reports that name each one once.
    enum Service: String {
        case any, emitOutput, emitRows, emitValues, statistics, aggregate, failOutcome, failRow, request
    }

    var service: Service {
        switch self {
        case .outsideOfStep: .any
        case .emitWithoutOutput: .emitOutput
        case .emitRows: .emitRows
        case .emitValues: .emitValues
        case .statisticsUndeclared, .statisticsRows, .statisticsValues: .statistics
        case .aggregateUndeclared, .aggregateValue: .aggregate
        case .failOutcome: .failOutcome
        case .failRow: .failRow
        case .requestTooShort, .requestTag, .requestRole: .request
        }
    }
}

extension HostMisuse: CustomStringConvertible {
    var description: String {
        switch self {
        case .outsideOfStep: "a host service was called outside of step, or from another thread"
        case .emitWithoutOutput(let output): "emit: there is no output \(output), or the values are NULL"
        case .emitRows(let first, let end, let count): "emit: rows \(first)..<\(end) of a batch of \(count)"
        case .emitValues(let output, let type):
            "emit: values for output \"\(output)\" are not of type \(type), or not finite"
        case .statisticsUndeclared: "emit_statistics: the scorer declares no statistics, or the values are NULL"
        case .statisticsRows(let first, let end, let count):
            "emit_statistics: rows \(first)..<\(end) of a batch of \(count)"
        case .statisticsValues: "emit_statistics: a value is not finite, or beyond ASSAY_MAX_STATISTIC"
        case .aggregateUndeclared(let index): "emit_aggregate: there is no aggregation \(index)"
        case .aggregateValue(let name): "emit_aggregate: the value of \"\(name)\" is not a JSON object"
        case .failOutcome(let outcome): "fail: \(outcome) is not an outcome of an unscored row"
        case .failRow(let row, let count): "fail: row \(row) of a batch of \(count)"
        case .requestTooShort: "request: the struct is NULL, or its struct_size is too small"
        case .requestTag(let tag): "request: the tag \(tag) is already open"
        case .requestRole(let role): "request: the scorer's description names no role \"\(role)\""
        }
    }
}
