import Concurrency
import Datasets
import Glibc
import Inference
import JSON
import ScoringCore
import ScoringEngine

/// The column with the number of the answer, from 0, if there are several per row.
let sampleColumn = "sample"

/// Generates answers to the rows of a dataset with a candidate, many at once, and returns the rows in order with the
/// generated columns.
///
/// One thread feeds rows (`feed`), and another one reads them (`read`). At most a window of rows is in between, so memory is
/// limited, and a slow answer delays only a few others.
final class Generator: Sendable {
    /// The requests of a run, and its limits.
    struct Plan: Sendable {
        var preparation: RowPreparation
        var model: Model
        var session: InferenceSession
        /// Rows that do not match the filters are passed on unchanged.
        var filters: [RowCondition] = []
        /// The maximum number of other rows.
        var limit: Int?
        /// The number of answers per row.
        var samples = 1
        /// Is notified of the rows that are fed.
        var progress: RunProgress?
        /// Counts the repairs in rows.
        var notices = DatasetNotices()
        /// How long a cancelled run waits for replies to requests that have been sent.
        var patience = Duration.milliseconds(300)
    }

    /// A row in progress.
    struct Entry: Sendable {
        enum Content: Sendable {
            /// It does not match the filters.
            case unwanted
            /// Is passed on unchanged, because it is not a row.
            case unreadable
            case asked
            case answered(InferenceReply)
            case failed(GenerationFailure)
        }

        var line: [UInt8]
        var additions: JSONObject
        var content: Content {
            didSet { if case .answered(let reply) = content { size += reply.response.utf8.count } }
        }
        /// Its approximate size in bytes.
        private(set) var size: Int

        init(line: [UInt8], additions: JSONObject = [:], content: Content) {
            self.line = line
            self.additions = additions
            self.content = content
            size = line.count
        }

        var isDone: Bool { if case .asked = content { false } else { true } }
    }

    private struct Order: Sendable {
        var index: Int
        var request: InferenceRequest
    }

    private enum Job: Sendable {
        case ask([Order])
        /// Cancels the requests in progress, and all later ones.
        case giveUp
    }

    private struct State {
        var entries: [Int: Entry] = [:]
        /// Bytes of the lines and answers in `entries`.
        var size = 0
        var nextIn = 0
        var nextOut = 0
        /// Requests without a reply.
        var open = 0
        var isFed = false
        /// No more rows are fed or read.
        var isStopped = false
        /// Why no more rows are fed. Answered rows can still be read, and outstanding replies are awaited for a while.
        var reason: String?
        /// Whether replies are no longer awaited.
        var isOver = false
        /// Why the candidate can no longer be asked.
        var failure: EvaluationError?
        /// Why the dataset was not read completely.
        var readFailure: EvaluationError?

        mutating func add(_ entry: Entry) -> Int {
            entries[nextIn] = entry
            size += entry.size
            nextIn += 1
            return nextIn - 1
        }

        /// The rows up to the last completed one; unfinished rows among them are marked as not asked.
        mutating func drain(_ limit: Int, because reason: String) -> [Entry] {
            guard let last = entries.filter({ $0.value.isDone }).keys.max() else { return [] }
            var drained: [Entry] = []
            while drained.count < limit, nextOut <= last, var entry = entries.removeValue(forKey: nextOut) {
                size -= entry.size
                nextOut += 1
                if !entry.isDone {
                    entry.content = .failed(
                        GenerationFailure(outcome: .notAsked, message: "not answered: \(reason)"))
                }
                drained.append(entry)
            }
            return drained
        }

        mutating func set(_ content: Entry.Content, at index: Int) {
            guard var entry = entries[index] else { return }
            size -= entry.size
            entry.content = content
            size += entry.size
            entries[index] = entry
        }
    }

    /// The name under which the candidate's requests are counted.
    static let label = "candidate"
    private static let batchSize = 64
    private static let maximumSize = 64 << 20

    private let plan: Plan
    private let jobs: AsyncStream<Job>.Continuation
    private let state = Monitor(State())

    init(_ plan: Plan) {
        self.plan = plan
        let (stream, jobs) = AsyncStream.makeStream(of: Job.self)
        self.jobs = jobs
        Task(executorPreference: InferenceSession.executor) { await self.perform(stream) }
    }

    /// Why the generation ended early.
    var failure: EvaluationError? { state.update { $0.failure ?? $0.readFailure } }

    /// Stops asking. Rows that are answered, now or in the next moment, are still returned; unanswered rows between them are
    /// marked as not asked.
    func end(_ reason: String) {
        let isNew = state.update { state in
            defer { state.reason = state.reason ?? reason }
            return state.reason == nil
        }
        guard isNew else { return }
        Task(executorPreference: InferenceSession.executor) { [self] in
            try? await Task.sleep(for: plan.patience)
            state.update { $0.isOver = true }
            jobs.yield(.giveUp)
        }
    }

    /// Ends everything: no more rows are fed, and `take` returns no more rows.
    func stop() { state.update { $0.isStopped = true } }

    /// Waits for outstanding replies, no longer than a cancelled run would. To be called once, at the end.
    func close() {
        stop()
        plan.session.stop("the run has ended")
        let end = ContinuousClock.now + plan.patience
        while state.update({ $0.open > 0 }), ContinuousClock.now < end { usleep(5_000) }
        jobs.yield(.giveUp)
        jobs.finish()
    }

    // MARK: Feeding

    /// Feeds all rows of a dataset. Blocks, so it needs its own thread.
    func feed(_ reader: consuming ChunkReader) {
        var reader = reader
        let chunk = Chunk()
        var feeder = Feeder(self)
        do throws(DatasetError) {
            while !feeder.isDone, try reader.read(into: chunk) {
                chunk.withLines { line in
                    if !feeder.isDone { feeder.feed(line) }
                }
                feeder.flush()
            }
        } catch {
            // The caller that stopped it knows the reason.
            let failure = EvaluationError(.dataset, error.description)
            if error.code != .stopped { state.update { $0.readFailure = failure } }
        }
        feeder.flush()
        state.update { $0.isFed = true }
    }

    /// Prepares lines, and sends requests in batches, because the cache is read in batches.
    private struct Feeder: ~Copyable {
        private let generator: Generator
        private var parser = JSONParser()
        private var batch: [Order] = []
        private var selected = 0
        private(set) var isDone = false

        init(_ generator: Generator) {
            self.generator = generator
            isDone = generator.plan.limit == 0
        }

        mutating func feed(_ line: UnsafeRawBufferPointer) {
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return }
            var entry = Entry(line: [], content: .unwanted)
            var request: InferenceRequest?
            var repairs = 0
            if let row = try? parser.parse(line, repairs: &repairs).object {
                if generator.plan.preparation.accepts(row, generator.plan.filters) {
                    let prepared = prepare(row, line, isRepaired: repairs > 0)
                    generator.plan.notices.add(repairs: repairs)
                    (entry.line, entry.additions) = (prepared.line, prepared.additions)
                    selected += 1
                    request = self.request(prepared, &entry)
                }
            } else {
                entry.line = Array(line)
                // It is not known whether it matches the filters.
                selected += 1
                entry.content = .unreadable
            }
            for sample in 0..<generator.plan.samples where !isDone { feed(entry, request, sample: sample) }
            if let limit = generator.plan.limit, selected >= limit { isDone = true }
        }

        private mutating func feed(_ entry: Entry, _ request: InferenceRequest?, sample: Int) {
            if batch.count >= Generator.batchSize || !generator.hasRoom { flush() }
            guard generator.waitForRoom() else {
                isDone = true
                return
            }
            var entry = entry
            if case .unwanted = entry.content {} else { generator.plan.progress?.add(taken: 1) }
            if generator.plan.samples > 1 { entry.additions[sampleColumn] = JSONValue(sample) }
            let index = generator.state.update { $0.add(entry) }
            guard var request else { return }
            request.sample = sample
            batch.append(Order(index: index, request: request))
        }

        /// Answers requests from the cache, and sends the rest.
        mutating func flush() {
            if batch.isEmpty { return }
            generator.submit(batch)
            batch.removeAll(keepingCapacity: true)
        }

        private func prepare(
            _ row: JSONObject, _ line: UnsafeRawBufferPointer, isRepaired: Bool
        ) -> RowPreparation.Prepared {
            guard isRepaired else { return generator.plan.preparation.prepare(row, line: line) }
            return Array(JSONValue.object(row).text.utf8).withUnsafeBytes { line in
                generator.plan.preparation.prepare(row, line: line)
            }
        }

        private func request(_ prepared: RowPreparation.Prepared, _ entry: inout Entry) -> InferenceRequest? {
            switch prepared.request {
            case .success(let request):
                entry.content = .asked
                return request
            case .failure(let failure):
                entry.content = .failed(failure)
                return nil
            }
        }
    }

    private var hasRoom: Bool { state.update { hasRoom($0) } }

    /// More than the requests in progress, for those whose replies are being stored, and as many rows as keep them busy
    /// while one takes long.
    private func hasRoom(_ state: State) -> Bool {
        let concurrency = plan.session.maxConcurrency(of: plan.model)
        return state.nextIn - state.nextOut < 64 * concurrency && state.open < 2 * concurrency + Self.batchSize
            && (state.size < Self.maximumSize || state.entries.isEmpty)
    }

    /// Returns false if no more rows are wanted.
    private func waitForRoom() -> Bool {
        state.wait { state in
            if state.isStopped || state.reason != nil { return false }
            return hasRoom(state) ? true : nil
        }
    }

    private func submit(_ orders: [Order]) {
        let requests = orders.map { (request: $0.request, model: plan.model) }
        // A cache that cannot be read is treated as empty; the fault is reported when a reply is stored.
        let stored = (try? plan.session.lookUp(requests, for: Self.label)) ?? requests.map { _ in nil }
        var missing: [Order] = []
        state.update { state in
            for (order, reply) in zip(orders, stored) {
                if let reply {
                    state.set(.answered(reply), at: order.index)
                } else {
                    missing.append(order)
                }
            }
            state.open += missing.count
        }
        if !missing.isEmpty { jobs.yield(.ask(missing)) }
    }

    // MARK: Asking

    private func perform(_ stream: AsyncStream<Job>) async {
        await withDiscardingTaskGroup { group in
            for await job in stream {
                guard case .ask(let orders) = job else {
                    group.cancelAll()
                    continue
                }
                for order in orders {
                    group.addTask(executorPreference: InferenceSession.executor) {
                        await self.ask(order)
                    }
                }
            }
        }
    }

    private func ask(_ order: Order) async {
        // Requests that wait behind others are stopped here.
        if state.update({ $0.reason != nil }) { return state.update { $0.open -= 1 } }
        var content: Entry.Content?
        var failure: EvaluationError?
        do throws(InferenceError) {
            content = .answered(
                try await plan.session.ask(order.request, of: plan.model, for: Self.label, isLookedUp: true))
        } catch {
            switch error.code {
            // It is no longer awaited.
            case .cancelled: break
            case .unavailable: failure = EvaluationError(.model, error.message)
            case .notAsked: content = .failed(GenerationFailure(outcome: .notAsked, message: error.message))
            case .timedOut: content = .failed(GenerationFailure(outcome: .timedOut, message: error.message))
            case .unknownModel, .invalidModel, .invalidRequest, .rejected, .unreachable, .dropped, .badReply:
                content = .failed(GenerationFailure(outcome: .modelError, message: error.message))
            }
        }
        state.update { state in
            state.open -= 1
            if let content, !state.isStopped { state.set(content, at: order.index) }
            if let failure, state.failure == nil { state.failure = failure }
        }
        if let failure { end(failure.message) }
    }

    // MARK: Taking

    /// The next completed rows, at most `limit`. Waits for at least one; empty when there are no more.
    func take(_ limit: Int) -> [Entry] {
        state.wait { state in
            if state.isStopped { return [] }
            var entries: [Entry] = []
            while entries.count < limit, let entry = state.entries[state.nextOut], entry.isDone {
                state.entries[state.nextOut] = nil
                state.size -= entry.size
                state.nextOut += 1
                entries.append(entry)
            }
            if !entries.isEmpty { return entries }
            if state.isFed && state.nextOut == state.nextIn { return [] }
            guard let reason = state.reason, state.open == 0 || state.isOver else { return nil }
            return state.drain(limit, because: reason)
        }
    }

    /// Wakes the feeder, because there may be room now.
    func release() { state.update { _ in } }
}
