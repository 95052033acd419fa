import CScorerPlugin
public import Concurrency
import Glibc
public import ScoringCore

/// A cell column of the batch that a call scores. It and what it points to must live until the call has ended.
public struct CellColumn {
    public var type: ValueType
    /// Laid out as the plugin header says for the type.
    public var values: UnsafeRawPointer
    /// An Arrow validity bitmap; nil if all cells have a value.
    public var validity: UnsafePointer<UInt8>?
    public var listOffsets: UnsafePointer<Int64>?

    public init(
        type: ValueType, values: UnsafeRawPointer, validity: UnsafePointer<UInt8>? = nil,
        listOffsets: UnsafePointer<Int64>? = nil
    ) {
        self.type = type
        self.values = values
        self.validity = validity
        self.listOffsets = listOffsets
    }
}

/// One batch that a scorer is scoring, step by step. Reused: after a call has ended, `start` starts another one.
///
/// Used by one thread at a time, which need not always be the same.
public final class ScorerCall {
    public enum Progress: Sendable, Hashable {
        /// The results are complete.
        case finished
        /// The scorer waits for these requests, in addition to open requests of earlier steps.
        case waiting([ModelRequest])
    }

    public let scorer: Scorer
    public let results: RowResults
    let cancellation: Cancellation
    private var machine = CallMachine()
    private var rowMap: UnsafePointer<Int>?
    private var scorerRows = 0
    private let runner: any CallRunner
    private var columns: UnsafeMutablePointer<assay_column>
    private var columnPointers: UnsafeMutablePointer<UnsafePointer<assay_column>?>
    private var batch: UnsafeMutablePointer<assay_batch>
    private var stepThread: pthread_t?
    /// A status that step may not return, in words, once a worker has seen one; for checks of plugins.
    var statusFault: String?

    public init(_ scorer: Scorer, cancellation: Cancellation = Cancellation()) {
        self.scorer = scorer
        self.cancellation = cancellation
        results = RowResults(for: scorer.description)
        runner = scorer.instance.makeRunner()
        let inputs = scorer.description.inputs.count
        columns = .allocate(capacity: inputs)
        columnPointers = .allocate(capacity: inputs)
        batch = .allocate(capacity: 1)
    }

    deinit {
        if machine.isOpen { runner.free(self) }
        columns.deallocate()
        columnPointers.deallocate()
        batch.deallocate()
    }

    /// Empties the results and makes room for `rowCount` rows. Rows may be marked as failed in `results` before `start`.
    public func prepare(rowCount: Int) {
        precondition(!machine.isOpen, "a call is not prepared while another is open")
        results.reset(count: rowCount)
    }

    /// Runs the first step.
    ///
    /// - Parameters:
    ///   - columns: one for each input of the scorer's description, `rowCount` cells each.
    ///   - rowCount: rows that the scorer is to see; with 0, it is not called at all.
    ///   - rowMap: for each of these, its row in `results`, where some rows are held back; lives as long as the call.
    public func start(_ columns: [CellColumn], rowCount: Int, rowMap: UnsafePointer<Int>? = nil) -> Progress {
        precondition(columns.count == scorer.description.inputs.count)
        scorerRows = rowCount
        self.rowMap = rowMap
        guard rowCount > 0 else {
            results.finish()
            return .finished
        }
        for (index, column) in columns.enumerated() {
            self.columns[index] = assay_column(
                struct_size: UInt32(MemoryLayout<assay_column>.size), type: column.type.rawValue,
                validity: column.validity, values: column.values, list_offsets: column.listOffsets)
            columnPointers[index] = UnsafePointer(self.columns + index)
        }
        batch.initialize(
            to: assay_batch(
                struct_size: UInt32(MemoryLayout<assay_batch>.size), n_columns: UInt32(columns.count),
                n_rows: UInt64(rowCount), columns: UnsafePointer(columnPointers)))
        machine.start()
        return progress(after: runner.start(batch, for: self))
    }

    /// Runs a step with replies to open requests. Replies to none that is open are dropped.
    public func deliver(_ replies: [ModelReply]) -> Progress {
        let replies = replies.filter { machine.close($0.tag) }
        if replies.isEmpty { return .waiting([]) }
        return progress(after: runner.deliver(replies, to: self))
    }

    /// Ends a waiting call at once; rows without a score get `outcome`.
    public func cancel(_ outcome: RowOutcome, _ reason: String) {
        guard machine.isOpen else { return }
        end { results.failRemaining(outcome, .words(reason)) }
    }

    private func progress(after status: assay_status) -> Progress {
        switch machine.returned(status) {
        case .finish:
            end {}
            return .finished
        case .fail(let reason):
            scorer.giveUp()
            end { results.failRemaining(.scorerError, reason) }
            return .finished
        case .wait(let requests):
            return .waiting(requests)
        }
    }

    private func end(_ mark: () -> Void) {
        runner.free(self)
        machine.end()
        mark()
        results.finish()
    }

    // MARK: What the plugin calls from inside a step

    var token: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    /// Runs a step on this thread, which may call the host's services meanwhile.
    func duringStep(_ step: (OpaquePointer) -> assay_status) -> assay_status {
        stepThread = pthread_self()
        defer { stepThread = nil }
        return step(token)
    }

    /// The call of a token, if the plugin is inside one of its steps on this thread.
    static func withCall(_ token: OpaquePointer?, _ body: (ScorerCall) -> Int32) -> Int32 {
        guard let token else { return Int32(ASSAY_E_INVALID) }
        return Unmanaged<ScorerCall>.fromOpaque(UnsafeRawPointer(token))._withUnsafeGuaranteedRef { call in
            guard let thread = call.stepThread, pthread_equal(thread, pthread_self()) != 0 else {
                call.misuse(.outsideOfStep)
                return Int32(ASSAY_E_INVALID)
            }
            return body(call)
        }
    }

    var isCancelled: Bool { cancellation.isCancelled }

    func emit(output: UInt32, first: UInt64, count: UInt64, _ values: UnsafePointer<assay_column>?) -> Int32 {
        guard let values, Int(output) < results.outputs.count else {
            return misuse(.emitWithoutOutput(output))
        }
        let (end, overflow) = first.addingReportingOverflow(count)
        guard !overflow, end <= UInt64(scorerRows) else {
            return misuse(.emitRows(first: first, end: end, rowCount: scorerRows))
        }
        let cells = results.outputs[Int(output)]
        guard cells.take(values.pointee, first: Int(first), count: Int(count), rowMap: rowMap) else {
            return misuse(.emitValues(output: cells.name, type: cells.type.name))
        }
        return Int32(ASSAY_OK)
    }

    func emitStatistics(first: UInt64, count: UInt64, _ values: UnsafePointer<Double>?) -> Int32 {
        guard let values, results.statistics.width > 0 else { return misuse(.statisticsUndeclared) }
        let (end, overflow) = first.addingReportingOverflow(count)
        guard !overflow, end <= UInt64(scorerRows) else {
            return misuse(.statisticsRows(first: first, end: end, rowCount: scorerRows))
        }
        guard results.statistics.take(values, first: Int(first), count: Int(count), rowMap: rowMap) else {
            return misuse(.statisticsValues)
        }
        return Int32(ASSAY_OK)
    }

    func fail(row: Int64, outcome: Int32, _ message: assay_str) -> Int32 {
        guard let outcome = Self.outcome(outcome) else { return misuse(.failOutcome(outcome)) }
        if row == -1 {
            results.failRemaining(outcome, .words(String(message)))
            return Int32(ASSAY_OK)
        }
        guard row >= 0, row < Int64(scorerRows) else { return misuse(.failRow(row, rowCount: scorerRows)) }
        results.fail(rowMap?[Int(row)] ?? Int(row), outcome, String(message))
        return Int32(ASSAY_OK)
    }

    /// The outcome that a plugin gives a row without a score; nil if it is not a valid one.
    static func outcome(_ code: Int32) -> RowOutcome? {
        guard let outcome = RowOutcome(rawValue: UInt8(clamping: code)) else { return nil }
        return outcome == .scored || outcome == .pluginCrashed ? nil : outcome
    }

    @discardableResult
    func request(_ request: ModelRequest) -> Int32 {
        guard knows(role: request.role), machine.open(request) else {
            return refuseRequest(tag: request.tag, role: request.role)
        }
        return Int32(ASSAY_OK)
    }

    /// Takes a request as plugins make it since version 1.2.
    func request(_ pointer: UnsafePointer<assay_request>?) -> Int32 {
        guard let pointer, Int(pointer.pointee.struct_size) >= MemoryLayout<assay_request>.size else {
            return misuse(.requestTooShort)
        }
        let made = pointer.pointee
        return request(
            ModelRequest(
                tag: made.tag, role: String(made.role), json: String(made.json), sample: Int(made.sample)))
    }

    /// Takes texts to embed or to moderate.
    func request(_ pointer: UnsafePointer<assay_texts>?, _ kind: ModelRequest.Kind) -> Int32 {
        guard let pointer, Int(pointer.pointee.struct_size) >= MemoryLayout<assay_texts>.size,
            let texts = pointer.pointee.texts, pointer.pointee.n_texts > 0,
            pointer.pointee.n_texts <= UInt64(ASSAY_MAX_TEXTS)
        else { return misuse(.requestTooShort) }
        let made = pointer.pointee
        return request(
            ModelRequest(
                tag: made.tag, role: String(made.role), kind: kind,
                texts: (0..<Int(made.n_texts)).map { String(texts[$0]) }))
    }

    func knows(role: String) -> Bool { scorer.description.roles.contains(role) }

    /// Says why a request is not taken.
    @discardableResult
    func refuseRequest(tag: UInt64, role: String) -> Int32 {
        misuse(knows(role: role) ? .requestTag(tag) : .requestRole(role))
    }

    // MARK: What those who run it in workers call

    /// The row in the results of one of the scorer's rows.
    func resultRow(_ row: Int) -> Int { rowMap?[row] ?? row }

    /// Marks some of the scorer's rows that nothing was said of and that have no score.
    func failRemaining(_ rows: Range<Int>, _ outcome: RowOutcome, _ reason: UnscoredReason) {
        for row in rows { results.failUnlessScored(rowMap?[row] ?? row, outcome, reason) }
    }

    /// Marks some of the scorer's rows, whatever was said of them.
    func lose(_ rows: Range<Int>, _ outcome: RowOutcome, _ reason: UnscoredReason) {
        for row in rows { results.lose(rowMap?[row] ?? row, outcome, reason) }
    }

    @discardableResult
    func misuse(_ misuse: HostMisuse) -> Int32 {
        scorer.instance.tell(.misuse(scorer: scorer.description.id, misuse))
        return Int32(ASSAY_E_INVALID)
    }
}
