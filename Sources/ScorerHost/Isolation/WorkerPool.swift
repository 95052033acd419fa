import Concurrency
import Glibc

/// The workers of one plugin. New ones are started when all are in use; they are kept for later.
final class WorkerPool: Sendable {
    /// What remains to be done in a worker before its next use.
    enum Chore {
        case free(WorkerProcess.CallPlace)
        case destroy(UInt64)
    }

    private final class Member {
        let worker: WorkerProcess
        var isInUse: Bool
        var chores: [Chore] = []
        /// Since when nobody has used it, and the processor time that it had used by then.
        var idleStart = ContinuousClock.now
        var idleStartTime: Duration?

        init(_ worker: WorkerProcess) {
            self.worker = worker
            isInUse = true
        }

        func take() -> [Chore] {
            isInUse = true
            defer { chores = [] }
            return chores
        }
    }

    /// `@unchecked Sendable`: it is touched under the monitor's lock only, and a worker only by its current user.
    private struct State: @unchecked Sendable {
        var members: [Member] = []
        /// The plugin's description of itself, once it is known.
        var contents: PluginDescription?
        var lastNumber: UInt64 = 0
        /// Lines of the plugin that were logged.
        var lines = 0
        /// Whether it is looked after.
        var isWatched = false
    }

    let path: String
    let settings: WorkerSettings
    private let manifest: PluginDescription?
    private let events: @Sendable (_ pluginID: String, PluginEvent) -> Void
    private let state = Monitor(State())

    /// How many lines of a plugin are logged.
    private static let mostLines = 1000

    /// - Parameter events: is told what the log of the plugin gets. Called on any thread.
    init(
        running path: String, _ settings: WorkerSettings, manifest: PluginDescription?,
        events: @escaping @Sendable (_ pluginID: String, PluginEvent) -> Void
    ) {
        self.path = path
        self.settings = settings
        self.manifest = manifest
        self.events = events
    }

    /// What the manifest says of the plugin, or else the plugin itself, in a worker.
    func contents() throws(PluginError) -> PluginDescription {
        if let manifest { return manifest }
        if let contents = state.update({ $0.contents }) { return contents }
        giveBack(try start())
        guard let contents = state.update({ $0.contents }) else {
            throw PluginError(path: path, "it did not describe itself")  // Not reached: `start` has kept what it said.
        }
        return contents
    }

    /// A number that no instance or call of the plugin has.
    func newNumber() -> UInt64 {
        state.update { state in
            state.lastNumber += 1
            return state.lastNumber
        }
    }

    func tell(_ event: PluginEvent) {
        let line = state.update { state in
            state.lines += 1
            return state.lines
        }
        let id = manifest?.id ?? state.update { $0.contents?.id } ?? path
        if line <= Self.mostLines { events(id, event) }
        if line == Self.mostLines { events(id, .line(.warning, "more lines of this plugin are not shown")) }
    }

    // MARK: Using workers

    /// An unused worker, started if there is none. Must be followed by `giveBack` or `discard`.
    func take() throws(PluginError) -> WorkerProcess {
        while let (worker, chores) = state.update({ state in
            state.members.last { !$0.isInUse }.map { ($0.worker, $0.take()) }
        }) {
            if perform(chores, in: worker) { return worker }
        }
        return try start()
    }

    /// This worker, when it is no longer in use; nil if it is lost.
    func take(_ worker: WorkerProcess) -> WorkerProcess? {
        let chores: [Chore]? = state.wait { state -> [Chore]?? in
            guard let member = state.members.first(where: { $0.worker === worker }) else { return .some(nil) }
            return member.isInUse ? nil : .some(member.take())
        }
        guard let chores, perform(chores, in: worker) else { return nil }
        return worker
    }

    func giveBack(_ worker: WorkerProcess) {
        report(worker, isAtEnd: false)
        let isNew = state.update { state in
            if let member = state.members.first(where: { $0.worker === worker }) {
                member.isInUse = false
                member.idleStart = .now
                member.idleStartTime = nil
            }
            defer { state.isWatched = true }
            return !state.isWatched
        }
        if isNew { IdleWatch.shared.add(self) }
    }

    /// Ends workers that nobody uses and that have too many threads, use the processor all the same, or have not been used
    /// for long. What a plugin leaves running after a call costs its users time, and no call's deadline ends it.
    ///
    /// - Returns: whether there are workers left to look after.
    func endUselessWorkers() -> Bool {
        var ended: [(worker: WorkerProcess, why: Uselessness)] = []
        let isAnyLeft = state.update { state in
            state.members.removeAll { member in
                guard !member.isInUse, let why = uselessness(of: member) else { return false }
                ended.append((member.worker, why))
                return true
            }
            state.isWatched = !state.members.isEmpty
            return state.isWatched
        }
        for (worker, why) in ended {
            worker.end()
            report(worker, isAtEnd: true)
            if case .isBusy(let how) = why { tell(.endedIdle(how)) }
        }
        return isAnyLeft
    }

    private enum Uselessness {
        case isOld
        /// What it does that it should not, in words.
        case isBusy(String)
    }

    /// Whether a worker that nobody uses is to be ended, and why; nil if it is kept.
    private func uselessness(of member: Member) -> Uselessness? {
        guard let usage = member.worker.usage else { return nil }
        if usage.threadCount > settings.threadLimit {
            return .isBusy("more than \(settings.threadLimit) threads ran in it")
        }
        guard let start = member.idleStartTime else {
            member.idleStartTime = usage.processorTime
            return nil
        }
        if usage.processorTime - start > settings.idleProcessorTime {
            return .isBusy("it continued to use the processor")
        }
        let isOld = member.worker.openCalls == 0 && ContinuousClock.now - member.idleStart > settings.idleTime
        return isOld ? .isOld : nil
    }

    /// Removes a lost worker.
    func discard(_ worker: WorkerProcess) {
        report(worker, isAtEnd: true)
        state.update { state in state.members.removeAll { $0.worker === worker } }
    }

    /// Frees a call before the next use of its worker.
    func free(_ place: WorkerProcess.CallPlace, in worker: WorkerProcess) {
        state.update { state in state.members.first { $0.worker === worker }?.chores.append(.free(place)) }
    }

    /// Destroys an instance in all workers, before the next use of each.
    func destroy(_ instance: UInt64) {
        state.update { state in for member in state.members { member.chores.append(.destroy(instance)) } }
    }

    private func start() throws(PluginError) -> WorkerProcess {
        do {
            let worker = try WorkerProcess(running: path, settings)
            do {
                try check(try worker.load())
            } catch {
                report(worker, isAtEnd: true)
                throw error
            }
            state.update { $0.members.append(Member(worker)) }
            return worker
        } catch let error as PluginError {
            throw error
        } catch WorkerLoss.unavailable(let why) {
            throw PluginError(
                path: path,
                "\(why). The isolation \"in-process\" runs it without a worker process, with all your rights")
        } catch let loss as WorkerLoss {
            throw PluginError(path: path, "\(loss.description) while it was loaded", loss: loss)
        } catch {
            throw PluginError(path: path, "\(error)")
        }
    }

    /// Compares what the plugin says of itself with what its manifest says, or with what it said before.
    private func check(_ contents: PluginDescription) throws(PluginError) {
        let known =
            manifest
            ?? state.update { state in
                if state.contents == nil { state.contents = contents }
                return state.contents
            }
        guard let difference = known?.firstDifference(from: contents) else { return }
        throw PluginError(
            path: path,
            manifest == nil
                ? "it describes itself differently each time that it is loaded: \(difference)"
                : "its manifest does not match this file: \(difference). If the file is the right one, write the "
                    + "manifest again: assay plugins manifest \(path)")
    }

    /// Does what is left to be done in a worker. Returns false if that cost it.
    private func perform(_ chores: [Chore], in worker: WorkerProcess) -> Bool {
        do throws(WorkerLoss) {
            for chore in chores {
                switch chore {
                case .free(let place): try worker.free(place)
                case .destroy(let instance): try worker.destroy(instance)
                }
            }
            return true
        } catch {
            tell(.lostWhenFreeing(error))
            discard(worker)
            return false
        }
    }

    /// Logs what a worker has written to its standard streams, and reports it to observers.
    private func report(_ worker: WorkerProcess, isAtEnd: Bool) {
        if let onReport = settings.onReport { onReport(worker.report) }
        for line in worker.newLines(isAtEnd: isAtEnd) { tell(line) }
    }
}
