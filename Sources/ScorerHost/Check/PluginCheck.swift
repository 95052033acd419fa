import CScorerPlugin
import CWorkerProtocol
import Glibc
import Synchronization

/// Runs a plugin in worker processes on rows, replies and parameters that are designed to reveal its faults.
///
/// Used by one thread.
public final class PluginCheck {
    /// Parameters with which a scorer is tried.
    public struct Trial: Sendable {
        /// The scorer in the plugin.
        public var scorer: String
        /// Where they come from, as findings name it; nil for none at all.
        public var name: String?
        /// As the plugin's `create` gets them.
        public var configuration: String
        /// The same with a parameter more, which no scorer knows, and its name.
        public var unknownParameter: (configuration: String, name: String)

        public init(
            scorer: String, name: String?, configuration: String,
            unknownParameter: (configuration: String, name: String)
        ) {
            self.scorer = scorer
            self.name = name
            self.configuration = configuration
            self.unknownParameter = unknownParameter
        }
    }

    /// Why a plugin could not be checked; this is not a fault of the plugin.
    public struct Impossible: Error {
        public var reason: String
    }

    public let path: String
    private let settings: WorkerSettings
    /// What has been found so far.
    public private(set) var findings: [CheckFinding] = []
    /// The plugin's description of itself; nil if it could not be loaded.
    public private(set) var contents: PluginDescription?
    /// The replies for scorers that ask models; empty means made-up ones.
    public var replies: [CheckReply] = []
    /// Why a scorer last refused its parameters.
    public private(set) var lastRefusal = ""
    private var known: Set<String> = []
    private let events = CheckEvents()

    /// Loads a plugin in a worker, and checks what can be checked without scoring.
    public init(_ path: String, _ settings: WorkerSettings) throws {
        do throws(PluginError) {
            self.path = try resolvedPath(of: path)
            try checkObject(self.path)
        } catch {
            throw Impossible(reason: "\(error)")
        }
        self.settings = settings
        do {
            let worker = try WorkerProcess(running: self.path, settings)
            let contents = try worker.load()
            self.contents = contents
            for finding in FileCheck.findings(inFile: self.path) { add(finding) }
            for finding in FileCheck.findings(in: contents) { add(finding) }
        } catch WorkerLoss.unavailable(let reason) {
            throw Impossible(reason: reason)
        } catch let loss as WorkerLoss {
            add(
                CheckFinding(
                    loss.check, .error,
                    "\(loss.description), when it was loaded. Nothing of it can be used. See its constructors and "
                        + "assay_plugin_entry, which should only return a static table"))
        } catch {
            add(CheckFinding("load", .error, "\((error as? PluginError)?.message ?? "\(error)")"))
        }
    }

    /// Adds a finding, unless one was there with its check, scorer and key.
    ///
    /// - Parameter key: what it is about; nil: its message.
    public func add(_ finding: CheckFinding, key: String? = nil) {
        let identity = "\(finding.check)\u{0}\(finding.scorer ?? "")\u{0}\(key ?? finding.message)"
        if known.insert(identity).inserted { findings.append(finding) }
    }

    // MARK: Scorers

    /// Whether a scorer can be made with these parameters. What is wrong with how it takes or refuses them is a finding.
    public func accepts(_ trial: Trial) -> Bool {
        guard let plugin = makePlugin() else { return false }
        do {
            _ = try Scorer(trial.scorer, of: plugin, configuration: trial.configuration)
            checkUnknownParameter(trial, plugin)
            return true
        } catch let error as ParameterError {
            lastRefusal = error.description
            if let name = trial.name {
                add(
                    CheckFinding(
                        "parameters", .error, scorer: trial.scorer,
                        "it refuses the parameters of \(name): "
                            + "\(error.faults.map(\.description).joined(separator: "; ")). Correct the definition, or "
                            + "the scorer"))
            }
            for fault in error.faults where !fault.pointer.isEmpty && !fault.pointer.hasPrefix("/") {
                add(
                    CheckFinding(
                        "parameters", .error, scorer: trial.scorer,
                        "it refuses parameters at \"\(fault.pointer)\", which is not a JSON Pointer into the "
                            + "configuration, so its users do not see the place. Start it with "
                            + "/params/"), key: "pointer")
            }
        } catch {
            report(error, trial, "with \(trial.name.map { "the parameters of \($0)" } ?? "no parameters")")
        }
        return false
    }

    private func checkUnknownParameter(_ trial: Trial, _ plugin: Plugin) {
        let name = trial.unknownParameter.name
        do {
            _ = try Scorer(trial.scorer, of: plugin, configuration: trial.unknownParameter.configuration)
            add(
                CheckFinding(
                    "parameters", .error, scorer: trial.scorer,
                    "it accepts the parameter \"\(name)\", which it does not know. A user who misspells a parameter "
                        + "will get wrong scores without a warning. Reject unknown parameters, with a pointer to each"))
        } catch let error as ParameterError {
            if !error.faults.contains(where: { $0.pointer.hasSuffix("/\(name)") }) {
                add(
                    CheckFinding(
                        "parameters", .warning, scorer: trial.scorer,
                        "it refuses the unknown parameter \"\(name)\", but points to "
                            + "\"\(error.faults.first?.pointer ?? "")\". Its users will look in the wrong place. "
                            + "Point to /params/\(name)"))
            }
        } catch {
            report(error, trial, "with an unknown parameter")
        }
    }

    private func report(_ error: any Error, _ trial: Trial, _ when: String) {
        let message = (error as? PluginError)?.message ?? "\(error)"
        let loss = (error as? PluginError)?.loss.flatMap { $0.isFaultOfPlugin ? $0 : nil }
        add(
            CheckFinding(
                loss?.check ?? "parameters", .error, scorer: trial.scorer,
                loss != nil
                    ? "\(message) \(when). A run with such a definition fails. Reject what cannot be used, and return"
                    : "create fails \(when): \(message). Its users cannot know what to change. Call reject with a pointer and "
                        + "a message before ASSAY_E_INVALID is returned"), key: "create \(when)")
    }

    /// Has a scorer score all kinds of rows, and looks at what it does to its process meanwhile.
    public func exercise(_ trial: Trial) {
        guard let plugin = makePlugin() else { return }
        guard let worker = plugin.worker(), let before = try? worker.probe() else {
            return add(
                CheckFinding(
                    "exercise", .warning, scorer: trial.scorer,
                    "no row was scored with it, since its process could not be used. Check again"))
        }
        plugin.giveBack(worker)
        ScorerExercise(self, plugin, trial).run()
        reportEvents(of: trial.scorer)
        checkProcess(plugin, trial, since: before)
    }

    private func makePlugin() -> Plugin? {
        let events = events
        do throws(PluginError) {
            return try Plugin(isolating: path, settings: settings) { _, event in events.add(event) }
        } catch {
            add(
                CheckFinding("load", .error, "it could be loaded once, but not a second time: \(error.message)"),
                key: "again")
            return nil
        }
    }

    /// What the host would have logged of the plugin.
    func reportEvents(of scorer: String) {
        for event in events.take() {
            switch event {
            case .misuse(_, let misuse):
                add(
                    CheckFinding(
                        "host-services", .error, scorer: scorer,
                        "\(misuse). Such a call is ignored, so results may be missing. See the comment "
                            + "of that function in the plugin header"), key: misuse.service.rawValue)
            case .wrote:
                add(
                    CheckFinding("output", .warning, scorer: scorer, "it \(event.text). \(Self.whyStreams)"),
                    key: "stream")
            case .lostWhenFreeing(let loss):
                add(
                    CheckFinding(
                        loss.check, .error, scorer: scorer,
                        "\(event.text): in call_free or destroy, possibly of a call that waits for replies. A cancelled "
                            + "run ends in the same way. Free the resources of the call, and do not wait"), key: "free")
            case .line, .endedIdle, .notFinalized: break
            }
        }
    }

    // MARK: The process

    private func checkProcess(_ plugin: Plugin, _ trial: Trial, since before: WorkerProbe) {
        guard let worker = plugin.worker() else { return reportEvents(of: trial.scorer) }
        defer { plugin.giveBack(worker) }
        reportEvents(of: trial.scorer)
        guard var after = try? worker.probe() else { return }
        let scorer = trial.scorer
        if worker.standardOutput.byteCount + worker.standardErrors.byteCount > 0 {
            let isOutput = worker.standardOutput.byteCount > 0
            let stream = isOutput ? worker.standardOutput : worker.standardErrors
            let text = String(decoding: stream.bytes.prefix(60), as: UTF8.self).debugDescription
            add(
                CheckFinding(
                    "output", .warning, scorer: scorer,
                    "it wrote \(stream.byteCount) bytes to standard \(isOutput ? "output" : "error"), beginning with "
                        + "\(text). "
                        + Self.whyStreams), key: "stream")
        }
        for change in after.changes { add(Self.finding(change, scorer), key: "\(change.kind)") }
        guard after.process == before.process else { return }
        for _ in 0..<20 where (after.threadCount ?? 0) > (before.threadCount ?? .max) {
            // A thread that was joined may be counted for a moment.
            poll(nil, 0, 25)
            if let again = try? worker.probe() { after = again }
        }
        if let count = after.threadCount, let first = before.threadCount, count > first {
            add(
                CheckFinding(
                    "threads", .warning, scorer: scorer,
                    "\(count - first) more threads are running after all its instances were destroyed than before. "
                        + "They accumulate, and may use freed memory. Join them in destroy"))
        }
        let opened = after.descriptors & ~before.descriptors
        if opened != 0 {
            add(
                CheckFinding(
                    "descriptors", .warning, scorer: scorer,
                    "\(opened.nonzeroBitCount) more descriptors are open after all its instances were destroyed than "
                        + "before (number \(opened.trailingZeroBitCount)). A long run will exceed the limit. Close "
                        + "them in destroy"
                ))
        }
        let closed = before.descriptors & ~after.descriptors
        if closed != 0 {
            add(
                CheckFinding(
                    "descriptors", .error, scorer: scorer,
                    "it has closed descriptor \(closed.trailingZeroBitCount), which was not its own. Another file "
                        + "will get that number next. Close only descriptors that the plugin opened, and only once"))
        }
    }

    private static let whyStreams =
        "Both streams belong to the host, which writes results to standard output and progress to standard error. "
        + "Other output breaks programs that read them. Use the host's log"

    private static func finding(_ change: WorkerProbe.Change, _ scorer: String) -> CheckFinding {
        let (check, why): (String, String) =
            switch Int(change.kind) {
            case AW_TEXT_LOCALE:
                (
                    "locale",
                    "This changes how the whole process reads and writes numbers. Use newlocale and the functions "
                        + "with _l"
                )
            case AW_TEXT_SIGNALS:
                ("signals", "The host uses signals to stop runs. Do not change handlers or masks")
            case AW_TEXT_UMASK: ("umask", "This changes the permissions of the host's files. Do not change it")
            case AW_TEXT_FOLDER:
                ("working-directory", "This redirects the host's relative paths. Use absolute paths")
            case AW_TEXT_ENVIRONMENT:
                (
                    "environment",
                    "Other threads may be reading it, and crash. Use parameters or the plugin's own variables"
                )
            default:
                (
                    "floating-point",
                    "This changes how the whole thread computes. Restore it before returning, and do not link "
                        + "with -ffast-math"
                )
            }
        return CheckFinding(check, .error, scorer: scorer, "\(change.text) after it ran. \(why)")
    }
}

/// What the log of a plugin would get, from any thread.
private final class CheckEvents: Sendable {
    private let events = Mutex<[PluginEvent]>([])

    func add(_ event: PluginEvent) { events.withLock { $0.append(event) } }

    func take() -> [PluginEvent] {
        events.withLock { events in
            defer { events = [] }
            return events
        }
    }
}

extension WorkerLoss {
    /// The check that finds such a loss.
    var check: String { isHang ? "hang" : "crash" }
}

extension Plugin {
    /// A worker that nobody uses, to be given back; nil if the plugin runs in none, or none can be had.
    func worker() -> WorkerProcess? {
        guard case .isolated(let pool) = code else { return nil }
        return try? pool.take()
    }

    func giveBack(_ worker: WorkerProcess) {
        if case .isolated(let pool) = code { worker.loss == nil ? pool.giveBack(worker) : pool.discard(worker) }
    }
}
