import CScorerPlugin
import CWorkerProtocol
import ScoringCore

/// Runs the calls of one `ScorerCall` in workers.
///
/// A call is one part, all its rows, until a worker is lost on it. Then parts of the rows are scored one after the other, so
/// that only those are lost which no worker survives. Parts that ask models wait side by side, each in its worker.
final class IsolatedCall: CallRunner {
    /// Rows whose step has returned ASSAY_PENDING.
    private struct Part {
        var number: UInt64
        var rows: Range<Int>
        var worker: WorkerProcess
        var place: WorkerProcess.CallPlace
        /// Whether its steps have little time, as part of a search.
        var isHurried: Bool
        /// Replies that it waits for.
        var open = 0
        /// Requests that it has made, and their bytes.
        var asked = 0
        var askedBytes = 0
    }

    private let scorer: IsolatedScorer
    private var batch: UnsafePointer<assay_batch>?
    private var parts: [Part] = []
    private var ledger = ReplyLedger()

    init(_ scorer: IsolatedScorer) {
        self.scorer = scorer
    }

    func start(_ batch: UnsafePointer<assay_batch>, for call: ScorerCall) -> assay_status {
        self.batch = batch
        ledger = ReplyLedger()
        scorer.inTurn { run(PoisonSearch(0..<Int(batch.pointee.n_rows)), call) }
        return status
    }

    func deliver(_ replies: [ModelReply], to call: ScorerCall) -> assay_status {
        var mail: [UInt64: [ModelReply]] = [:]
        for reply in replies {
            if let (part, reply) = ledger.receive(reply) { mail[part, default: []].append(reply) }
        }
        scorer.inTurn {
            for part in parts {
                guard let replies = mail[part.number] else { continue }
                parts.removeAll { $0.number == part.number }
                goOn(part, replies, call)
            }
        }
        return status
    }

    func free(_ call: ScorerCall) {
        for part in parts { scorer.free(part.place, in: part.worker) }
        parts = []
        batch = nil
    }

    private var status: assay_status { Int32(parts.isEmpty ? ASSAY_OK : ASSAY_PENDING) }

    // MARK: Steps

    private func run(_ search: PoisonSearch, _ call: ScorerCall) {
        var search = search
        var isStopped = false
        while let attempt = search.next() {
            if isStopped {
                call.failRemaining(attempt.rows, .notAsked, .lost(.stopped))
                search.survived()
                continue
            }
            switch scorer.takeWorker() {
            case .givenUp(let outcome, let reason):
                // What was given before a worker was lost is kept.
                call.failRemaining(attempt.rows, outcome, reason)
                search.survived()
            case .worker(let worker):
                do throws(WorkerLoss) {
                    try start(attempt, in: worker, call)
                    scorer.giveBack(worker)
                    search.survived()
                } catch .stopped {
                    isStopped = true
                    scorer.lose(worker, .stopped)
                    call.failRemaining(attempt.rows, .notAsked, .lost(.stopped))
                    search.survived()
                } catch {
                    let suspect = suspect(in: attempt.rows, worker)
                    scorer.lose(worker, error, wasHurried: attempt.isHurried)
                    guard let row = search.lost(suspect: suspect, isHang: error.isHang) else { continue }
                    call.lose(row..<row + 1, error.outcome, .lost(error))
                }
            }
        }
    }

    /// The row that a lost worker had come to in a first step.
    private func suspect(in rows: Range<Int>, _ worker: WorkerProcess) -> Int? {
        GivenRows(rowCount: rows.count, records: worker.records).firstMissing.map { rows.lowerBound + $0 }
    }

    private func start(_ attempt: PoisonSearch.Attempt, in worker: WorkerProcess, _ call: ScorerCall) throws(WorkerLoss)
    {
        guard let batch else { return }
        let number = scorer.newNumber()
        let (status, place) = try worker.start(
            number, of: scorer.instance, BatchWriter(batch, attempt.rows), watch(attempt.rows, attempt.isHurried, call))
        guard let place else { return finish(attempt.rows, status, worker, call) }
        let part = Part(
            number: number, rows: attempt.rows, worker: worker, place: place, isHurried: attempt.isHurried)
        do throws(WorkerLoss) {
            try wait(part, call)
        } catch {
            ledger.forget(part: number)
            throw error
        }
    }

    private func watch(_ rows: Range<Int>, _ isHurried: Bool, _ call: ScorerCall) -> StepWatch {
        StepWatch(rowCount: rows.count, call.cancellation, timeout: isHurried ? scorer.shortTimeout : nil)
    }

    /// Hands replies to a part that waits, whose worker may have been lost meanwhile.
    private func goOn(_ part: Part, _ replies: [ModelReply], _ call: ScorerCall) {
        guard let worker = scorer.takeWorker(part.worker) else {
            ledger.forget(part: part.number)
            return run(PoisonSearch(part.rows), call)
        }
        do throws(WorkerLoss) {
            try deliver(replies, to: part, call)
            scorer.giveBack(worker)
        } catch {
            scorer.lose(worker, error, wasHurried: part.isHurried)
            ledger.forget(part: part.number)
            if error == .stopped { return call.failRemaining(part.rows, .notAsked, .lost(error)) }
            guard part.rows.count > 1 else {
                return call.lose(part.rows, error.outcome, .lost(error))
            }
            run(PoisonSearch(afterLossOf: part.rows, suspect: nil, isHang: error.isHang), call)
        }
    }

    private func deliver(_ replies: [ModelReply], to part: Part, _ call: ScorerCall) throws(WorkerLoss) {
        let status = try part.worker.deliver(replies, to: part.place, watch(part.rows, part.isHurried, call))
        if status != ASSAY_PENDING { return finish(part.rows, status, part.worker, call) }
        var part = part
        part.open -= replies.count
        try wait(part, call)
    }

    /// Takes what a step that waits for replies has given. Replies that are there already are handed to it at once.
    private func wait(_ part: Part, _ call: ScorerCall) throws(WorkerLoss) {
        var part = part
        var replies: [ModelReply] = []
        var requests: [ModelRequest] = []
        apply(part.worker.records, to: part.rows, call) { request in
            requests.append(request)
            part.askedBytes += request.json.utf8.count
        }
        part.open += requests.count
        part.asked += requests.count
        // Before any is sent: a plugin that asks this much would ask again.
        let limit = scorer.requestLimit
        if part.asked > limit.perRow * part.rows.count {
            throw .misbehaved("more than \(limit.perRow) requests to models for each row")
        }
        if part.askedBytes > limit.bytes {
            throw .misbehaved("more than \(limit.bytes >> 20) MiB of requests to models for one batch")
        }
        for request in requests {
            switch ledger.ask(request, of: part.number) {
            case .ask(let tag):
                var request = request
                request.tag = tag
                call.request(request)
            case .wait: break
            case .answer(let reply): replies.append(reply)
            }
        }
        if !replies.isEmpty { return try deliver(replies, to: part, call) }
        if part.open > 0 { return parts.append(part) }
        call.statusFault = "ASSAY_PENDING, but no reply is outstanding"
        call.failRemaining(part.rows, .scorerError, .nothingAsked)
        try part.worker.free(part.place)
    }

    /// Takes what the last step of some rows has given.
    private func finish(_ rows: Range<Int>, _ status: assay_status, _ worker: WorkerProcess, _ call: ScorerCall) {
        apply(worker.records, to: rows, call) { _ in }
        if status > ASSAY_PENDING || status < ASSAY_E_VERSION {
            call.statusFault = "\(status), which is not a status"
        }
        if status != ASSAY_OK { call.failRemaining(rows, .scorerError, .gaveUp(status)) }
        scorer.earn(rows: rows.count)
    }
}
