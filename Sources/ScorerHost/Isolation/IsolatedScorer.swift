import CScorerPlugin
import CWorkerProtocol
import ScoringCore
import Synchronization

/// An instance of a scorer that is made in each worker which is to run its calls.
final class IsolatedScorer: ScorerInstance {
    let description: ScorerDescription
    /// Holds what its calls take their turns by.
    private let plugin: Plugin
    private let pool: WorkerPool
    private let number: UInt64
    private let index: Int
    private let configuration: String
    private let allowance = Mutex(WorkerAllowance())

    init(_ index: Int, of plugin: Plugin, _ pool: WorkerPool, _ configuration: String) throws {
        self.index = index
        self.plugin = plugin
        self.pool = pool
        self.configuration = configuration
        number = pool.newNumber()
        let offered = plugin.scorers[index]
        let number = number
        let made: Result<ScorerDescription, any Error> = plugin.inProcessTurn(offered.concurrency) {
            Result {
                let worker = try pool.take()
                do {
                    let description = try Self.make(number, offered, in: worker, index, of: plugin, configuration, pool)
                    pool.giveBack(worker)
                    return description
                } catch let loss as WorkerLoss {
                    pool.discard(worker)
                    throw PluginError(
                        path: plugin.path, "\(loss.description) while its scorer \"\(offered.id)\" was created",
                        loss: loss)
                } catch {
                    pool.giveBack(worker)
                    throw error
                }
            }
        }
        description = try made.get()
    }

    deinit {
        pool.destroy(number)
    }

    var isSound: Bool { allowance.withLock { $0.lost == 0 } }

    var requestLimit: (perRow: Int, bytes: Int) { pool.settings.requestLimit }

    func makeRunner() -> any CallRunner { IsolatedCall(self) }

    func tell(_ event: PluginEvent) { pool.tell(event) }

    func finalize(_ sums: [Double], rows: Int) -> FinalizedAggregates {
        inTurn {
            switch takeWorker() {
            case .givenUp(_, let reason): return FinalizedAggregates(values: [:], fault: reason)
            case .worker(let worker):
                do throws(WorkerLoss) {
                    let status = try worker.finalize(number, sums, rows: rows)
                    let finalization = Finalization(description)
                    var reader = RecordReader(worker.records)
                    while let (record, rest) = reader.next() {
                        if record.kind == UInt32(AW_LOG) { pool.tell(.line(record, rest)) }
                        guard record.kind == UInt32(AW_AGGREGATE) else { continue }
                        _ = finalization.set(record.output, String(decoding: rest, as: UTF8.self))
                    }
                    giveBack(worker)
                    return finalization.end(status)
                } catch {
                    lose(worker, error)
                    return FinalizedAggregates(values: [:], fault: .lost(error))
                }
            }
        }
    }

    /// Runs `body`; for a process-serial scorer, while nothing else of such scorers of this plugin runs. Of a scorer that
    /// is serial in an instance, each worker has one of its own, and a worker does one thing at a time.
    func inTurn<Value>(_ body: () -> Value) -> Value { plugin.inProcessTurn(description.concurrency, body) }

    /// Makes the instance in a worker.
    private static func make(
        _ number: UInt64, _ offered: ScorerDescription, in worker: WorkerProcess, _ index: Int, of plugin: Plugin,
        _ configuration: String, _ pool: WorkerPool
    ) throws -> ScorerDescription {
        let status = try worker.create(number, scorer: index, configuration: configuration)
        var faults: [ParameterFault] = []
        var reader = RecordReader(worker.records)
        while let (record, rest) = reader.next() {
            if record.kind == UInt32(AW_LOG) { pool.tell(.line(record, rest)) }
            guard record.kind == UInt32(AW_REJECT), let (pointer, message) = record.parts(of: rest) else { continue }
            if faults.count < 100 {
                faults.append(ParameterFault(pointer: String(shortened: pointer), message: String(shortened: message)))
            }
        }
        guard status == ASSAY_OK else { throw creationFailure(offered.id, of: plugin, status, faults) }
        do throws(TableFault) {
            return try TableReader(worker.records).instanceDescription(abiMinor: plugin.contents.abiMinor) ?? offered
        } catch {
            try? worker.destroy(number)
            throw PluginError(path: plugin.path, error.message)
        }
    }

    // MARK: Workers for calls

    /// What became of an attempt to have a worker.
    enum Taken {
        case worker(WorkerProcess)
        /// No worker is to be tried any more; why.
        case givenUp(RowOutcome, UnscoredReason)
    }

    /// A worker with the instance in it.
    func takeWorker() -> Taken {
        while true {
            if let (outcome, reason) = allowance.withLock(\.refusal) { return .givenUp(outcome, reason) }
            let worker: WorkerProcess
            do throws(PluginError) {
                worker = try pool.take()
            } catch {
                allowance.withLock { $0.lose(.unavailable(error.message)) }
                continue
            }
            if worker.instances.contains(number) { return .worker(worker) }
            do {
                let again = try Self.make(
                    number, plugin.scorers[index], in: worker, index, of: plugin, configuration, pool)
                if again == description { return .worker(worker) }
                allowance.withLock {
                    $0.lose(.misbehaved("it describes itself differently each time that it is created"))
                }
            } catch let loss as WorkerLoss {
                allowance.withLock { $0.lose(loss) }
            } catch {
                allowance.withLock { $0.lose(.unavailable("\(error)")) }
            }
            pool.discard(worker)
        }
    }

    /// This worker, when it is free; nil if it is lost.
    func takeWorker(_ worker: WorkerProcess) -> WorkerProcess? { pool.take(worker) }

    func giveBack(_ worker: WorkerProcess) { pool.giveBack(worker) }

    /// A worker was lost on rows.
    func lose(_ worker: WorkerProcess, _ loss: WorkerLoss, wasHurried: Bool = false) {
        allowance.withLock { $0.lose(loss, wasHurried: wasHurried) }
        pool.discard(worker)
    }

    /// Rows were scored.
    func earn(rows: Int) { allowance.withLock { $0.score(rows: rows) } }

    /// Has a call freed when its worker is next used.
    func free(_ place: WorkerProcess.CallPlace, in worker: WorkerProcess) { pool.free(place, in: worker) }

    func newNumber() -> UInt64 { pool.newNumber() }

    /// The number that the instance has in workers.
    var instance: UInt64 { number }

    /// The timeout of an attempt that is hurried.
    var shortTimeout: Duration { min(pool.settings.timeout, max(.seconds(1), pool.settings.timeout / 10)) }
}

extension WorkerLoss {
    /// What becomes of the row that is to blame.
    var outcome: RowOutcome { isHang ? .timedOut : .pluginCrashed }
}

extension WorkerAllowance {
    /// What becomes of rows that are not tried any more; nil while rows are.
    fileprivate var refusal: (RowOutcome, UnscoredReason)? {
        guard isExhausted, let lastLoss else { return nil }
        return (lastLoss.outcome, .notTried(lostWorkers: lost, last: lastLoss))
    }
}

extension PluginEvent {
    /// An AW_LOG of a worker.
    static func line(_ record: aw_record, _ rest: UnsafeRawBufferPointer) -> PluginEvent {
        .line(LogSeverity(rawValue: Int32(bitPattern: record.type)) ?? .error, String(shortened: rest))
    }
}
