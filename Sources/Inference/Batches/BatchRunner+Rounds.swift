import Glibc
import Store
import Synchronization

extension BatchRunner {
    /// Submits the requests of a round, and takes their replies into the cache.
    ///
    /// - Returns: whether another round may bring more.
    /// - Throws: what ends the run; the batches that are open stay so. `CancellationError` where the task is cancelled.
    public func finishRound() async throws -> Bool {
        if state.withLock({ state in
            defer { state.hasCleanedUp = true }
            return !state.hasCleanedUp
        }) {
            try await cleanUpLeftovers()
        }
        var (queue, open) = try closeSpool()
        note(open)
        if queue.isEmpty && open.isEmpty { return false }
        defer { for draft in queue { discard(draft) } }
        defer { for batch in open where batch.isOurs { cache.cancelReservation(of: batch.stored.lease) } }
        while !(queue.isEmpty && open.isEmpty) {
            try Task.checkCancellation()
            while !isStopped, let index = queue.firstIndex(where: { hasRoom(for: $0, beside: open) }) {
                let draft = queue.remove(at: index)
                if let batch = try await submit(draft) { open.append(batch) }
                note(open)
            }
            let hasNews = try await pollDue(&open)
            note(open)
            // What can be asked for at once is no waiting.
            let isBusy = open.contains { $0.nextPoll <= .now }
            if isOver, !isBusy, queue.isEmpty || !hasNews || isStopped { return leave(queue, open, hasNews) }
            let isFree = queue.contains { hasRoom(for: $0, beside: open) }
            if !open.isEmpty, !isFree {
                announceWait(for: open)
                try await Task.sleep(for: pause(until: open))
            }
        }
        return true
    }

    /// When the time to wait is over; nil: never.
    var deadline: ContinuousClock.Instant? {
        switch options.wait {
        case .forever: nil
        case .none: start
        case .atMost(let duration): start + duration
        }
    }

    /// Whether nothing more is submitted, because a server could not take it in time.
    private var isStopped: Bool { state.withLock(\.isStopped) }

    /// Whether replies are not waited for any longer.
    private var isOver: Bool { isStopped || deadline.map { ContinuousClock.now >= $0 } ?? false }

    private func leave(_ queue: [BatchDraft], _ open: [OpenBatch], _ hasNews: Bool) -> Bool {
        // What has come may lead to further requests, which can be submitted now.
        if !isStopped {
            if hasNews && queue.isEmpty && options.wait == Wait.none { return true }
            if open.isEmpty && queue.isEmpty { return true }
        }
        state.withLock { $0.leavesOpen = true }
        let requests = queue.reduce(0) { $0 + $1.stored.requests }
        if requests > 0 {
            let verb = open.count == 1 ? "is" : "are"
            notice(
                "not submitted yet: \(countedRequests(requests)), because \(countedBatches(open.count)) \(verb) open")
        }
        return false
    }

    private func pause(until open: [OpenBatch]) -> Duration {
        let now = ContinuousClock.now
        var time = open.map(\.nextPoll).min() ?? now
        if case .atMost(let duration) = options.wait { time = min(time, start + duration) }
        return max(.milliseconds(1), min(time - now, .seconds(600)))
    }

    private func note(_ open: [OpenBatch]) {
        setOpen(open)
        if !open.isEmpty { showProgress(OpenBatches(open.map(\.stored), now: time(nil))) }
    }

    /// Says what is waited for: at first, and then once an hour, for logs.
    private func announceWait(for open: [OpenBatch]) {
        let now = ContinuousClock.now
        let isDue = state.withLock { state in
            if let last = state.announcedAt, now - last < .seconds(3600) { return false }
            state.announcedAt = now
            return true
        }
        guard isDue else { return }
        let parts = open.prefix(3).map {
            "\($0.stored.title), \(countedRequests($0.stored.requests)), \($0.stored.progress)"
        }
        let rest = open.count > 3 ? "; and \(open.count - 3) more" : ""
        notice("waiting for \(countedBatches(open.count)) (\(parts.joined(separator: "; "))\(rest))")
    }

    static func text(ofSeconds seconds: Int) -> String {
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3600 { return "\(seconds / 60) min" }
        return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
    }

    // MARK: The requests of a round

    /// The batches to be submitted, and those to be waited for.
    private func closeSpool() throws -> ([BatchDraft], [OpenBatch]) {
        let spool = try state.withLock { state -> BatchSpool? in
            var spool = state.spool
            state.spool = nil
            try spool?.finish()
            if let spool {
                state.ledger.release(requests: spool.returned.requests, reserved: spool.returned.cost)
            }
            return spool
        }
        guard let spool else { return ([], []) }
        var drafts: [BatchDraft] = []
        let sums = Dictionary(grouping: spool.drafts, by: \.group).mapValues {
            $0.reduce(0) { $0 + $1.stored.requests }
        }
        for draft in spool.drafts {
            if sums[draft.group] ?? 0 < options.minimum {
                let keys = try cache.openRequests(of: draft.stored.id)
                state.withLock { $0.fewRequests.formUnion(keys) }
                discard(draft)
            } else {
                drafts.append(draft)
            }
        }
        var open: [OpenBatch] = []
        for (id, model) in spool.waits.sorted(by: { $0.key < $1.key }) {
            guard let stored = try cache.batch(id) else { continue }
            state.withLock { state in
                guard state.counted.insert(id).inserted else { return }
                state.ledger.add(requests: stored.requests, reserved: stored.reserved)
            }
            open.append(OpenBatch(stored, of: model, isOurs: cache.reserve(stored.lease), at: .now))
        }
        let few = state.withLock(\.fewRequests.count)
        if few > 0, drafts.isEmpty, open.isEmpty {
            notice("too few for a batch (--batch-min), and sent without one: \(countedRequests(few))")
        }
        return (drafts, open)
    }

    /// Gives up a batch that is not submitted.
    func discard(_ draft: BatchDraft) {
        state.withLock { $0.ledger.release(requests: draft.stored.requests, reserved: draft.stored.reserved) }
        setOpen(state.withLock(\.open).filter { $0.stored.id != draft.stored.id })
        // If this fails, the next run that needs the requests removes it.
        try? cache.removeBatch(draft.stored.id)
        cache.cancelReservation(of: draft.stored.lease)
    }

    private func hasRoom(for draft: BatchDraft, beside open: [OpenBatch]) -> Bool {
        let others = open.count { $0.stored.model == draft.stored.model }
        let room = state.withLock { $0.room[draft.group]?.batches } ?? draft.model.batch.maxOpen
        return others < min(room, draft.model.batch.maxOpen)
    }

    // MARK: Waiting

    /// Asks about the batches that are due.
    ///
    /// - Returns: whether one of them has ended; those are removed.
    private func pollDue(_ open: inout [OpenBatch]) async throws -> Bool {
        var hasNews = false
        var index = 0
        while index < open.count {
            try Task.checkCancellation()
            guard open[index].nextPoll <= .now else {
                index += 1
                continue
            }
            let others = open.count { $0.group == open[index].group } - 1
            let isOver = try await look(at: &open[index], others: others)
            guard isOver else {
                index += 1
                continue
            }
            let ended = open.remove(at: index)
            if ended.isOurs { cache.cancelReservation(of: ended.stored.lease) }
            hasNews = true
        }
        return hasNews
    }

    /// - Returns: whether the batch has ended.
    private func look(at batch: inout OpenBatch, others: Int) async throws -> Bool {
        if !batch.isOurs, try follow(&batch) { return true }
        if batch.isOurs { return try await advance(&batch, others: others) }
        return false
    }

    /// Reads what the process that looks after a batch has written about it; takes it over if there is none.
    ///
    /// - Returns: whether the batch has ended.
    private func follow(_ batch: inout OpenBatch) throws -> Bool {
        let now = ContinuousClock.now
        guard let stored = try cache.batch(batch.stored.id) else {
            release(batch.stored)
            return true
        }
        batch.stored = stored
        if stored.state == .taken || stored.state == .ended {
            release(stored)
            let faults = try cache.faults(of: stored.id).compactMapValues { BatchResult.Failure(text: $0) }
            state.withLock { state in
                for (key, fault) in faults {
                    if !fault.isTemporary {
                        state.failures[key] = fault.error(of: batch.model, in: stored.title)
                    } else if stored.isCancelled {
                        state.failures[key] = Self.cancelled(stored)
                    }
                }
            }
            return true
        }
        if cache.reserve(stored.lease) {
            batch.isOurs = true
            return false
        }
        batch.nextPoll = now + min(batch.model.batch.pollInterval, .seconds(5))
        return false
    }

    /// Takes a batch that somebody else pays for out of the budget.
    func release(_ stored: StoredBatch) {
        state.withLock { $0.ledger.release(requests: stored.requests, reserved: stored.reserved) }
    }
}

extension BatchDraft {
    var group: BatchSpool.Group { BatchSpool.Group(model: stored.model, path: stored.path) }
}
