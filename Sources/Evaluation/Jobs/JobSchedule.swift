/// The state of waiting and running jobs, their order, and the effects of cancellation and of the end of the process. No I/O.
package struct JobSchedule {
    /// Whether there is room for another job.
    package enum Place: Hashable {
        case granted
        case full
        case stopping
    }

    /// What to do to cancel a job.
    package enum Cancelling: Hashable {
        /// It was waiting, and will never run.
        case removed
        /// It is running, and must be told to stop.
        case interrupted
        /// It is neither waiting nor running.
        case absent
    }

    private enum Phase {
        case running
        case cancelling
    }

    /// The maximum number of waiting jobs. There may be more from an earlier process.
    package let maxWaiting: Int
    /// In the order in which they will run.
    private var line: [String] = []
    /// Jobs that are being stored before they are queued.
    private var coming = 0
    private var running: [String: Phase] = [:]
    package private(set) var isStopping = false

    /// - Parameter waiting: jobs of an earlier process, in their order.
    package init(maxWaiting: Int, waiting: [String] = []) {
        self.maxWaiting = maxWaiting
        line = waiting
    }

    /// The number of waiting jobs.
    package var waitingCount: Int { line.count + coming }

    /// Whether a job is waiting or running.
    package func isPending(_ id: String) -> Bool { running[id] != nil || line.contains(id) }

    /// Asks for a place in the line, to be taken with `add` or given back with `giveUp`.
    package mutating func reserve() -> Place {
        if isStopping { return .stopping }
        if waitingCount >= maxWaiting { return .full }
        coming += 1
        return .granted
    }

    /// Adds a job to the queue, in a reserved place.
    package mutating func add(_ id: String) {
        coming -= 1
        line.append(id)
    }

    /// Releases a place.
    package mutating func giveUp() { coming -= 1 }

    /// The next job, which is running from now on; nil if none may start.
    package mutating func next() -> String? {
        guard !isStopping, !line.isEmpty else { return nil }
        let id = line.removeFirst()
        running[id] = .running
        return id
    }

    /// Cancels a job.
    package mutating func cancel(_ id: String) -> Cancelling {
        if let place = line.firstIndex(of: id) {
            line.remove(at: place)
            return .removed
        }
        if running[id] == nil { return .absent }
        running[id] = .cancelling
        return .interrupted
    }

    /// Starts no more jobs. Returns the running ones, which must be interrupted and will continue in the next process.
    package mutating func stop() -> [String] {
        isStopping = true
        return running.compactMap { $0.value == .running ? $0.key : nil }
    }

    /// Whether a run ended early because the process is ending, so that its job will continue in the next one.
    package func isInterruptedByStop(_ id: String) -> Bool { isStopping && running[id] == .running }

    /// A job's run has ended, and its result is stored.
    package mutating func end(_ id: String) { running[id] = nil }
}
