/// Which jobs wait and which run, in what order, and what becomes of them when they are cancelled or the process ends.
/// Does nothing by itself.
package struct JobSchedule {
    /// Whether there is room for another job.
    package enum Place: Hashable {
        case granted
        case full
        case stopping
    }

    /// What to do about a job that is to be cancelled.
    package enum Cancelling: Hashable {
        /// It waited, and never runs now.
        case removed
        /// It runs, and its run is to be told to stop.
        case interrupted
        /// It neither waits nor runs.
        case absent
    }

    private enum Phase {
        case running
        case cancelling
    }

    /// Jobs that may wait. Those that an earlier process left may be more.
    package let maxWaiting: Int
    /// In the order in which they are to run.
    private var line: [String] = []
    /// Jobs that are being stored before they stand in line.
    private var coming = 0
    private var running: [String: Phase] = [:]
    package private(set) var isStopping = false

    /// - Parameter waiting: jobs of an earlier process, in their order.
    package init(maxWaiting: Int, waiting: [String] = []) {
        self.maxWaiting = maxWaiting
        line = waiting
    }

    /// How many jobs wait.
    package var waitingCount: Int { line.count + coming }

    /// Asks for a place in the line, to be taken with `add` or given back with `giveUp`.
    package mutating func reserve() -> Place {
        if isStopping { return .stopping }
        if waitingCount >= maxWaiting { return .full }
        coming += 1
        return .granted
    }

    /// Lets a job stand in line, in the place that was granted.
    package mutating func add(_ id: String) {
        coming -= 1
        line.append(id)
    }

    /// Gives a place back.
    package mutating func giveUp() { coming -= 1 }

    /// The job whose turn it is, which runs from now on; nil where none is to begin.
    package mutating func next() -> String? {
        guard !isStopping, !line.isEmpty else { return nil }
        let id = line.removeFirst()
        running[id] = .running
        return id
    }

    /// Lets a job be cancelled.
    package mutating func cancel(_ id: String) -> Cancelling {
        if let place = line.firstIndex(of: id) {
            line.remove(at: place)
            return .removed
        }
        if running[id] == nil { return .absent }
        running[id] = .cancelling
        return .interrupted
    }

    /// Begins no more jobs. Returns those that run, which are to be interrupted and go on in the next process.
    package mutating func stop() -> [String] {
        isStopping = true
        return running.compactMap { $0.value == .running ? $0.key : nil }
    }

    /// Whether a run that ended early did so since the process ends, so that its job is to go on in the next one.
    package func isInterruptedByStop(_ id: String) -> Bool { isStopping && running[id] == .running }

    /// A job's run has ended, and what it came to is stored.
    package mutating func end(_ id: String) { running[id] = nil }
}
