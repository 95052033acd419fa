import ArgumentParser
import Encodings
import Glibc
import JSON
import ScoringCore

/// Follows a job on a server until it ends, and shows its results.
struct JobFollower {
    private let server: ServerConnection
    private let benchmark: String
    private let id: String
    private let options: ClientOptions
    private let display = LineDisplay()

    /// How long the server may be unreachable, for example during a restart.
    private static let patience = Duration.seconds(600)

    /// From now on, an interruption leaves the job running and prints how to follow it.
    ///
    /// - Parameter interruption: created before the connection, because signals are only blocked in threads that start later.
    init(
        _ server: ServerConnection, benchmark: String, job: String, _ options: ClientOptions,
        _ interruption: Interruption
    ) {
        self.server = server
        self.benchmark = benchmark
        id = job
        self.options = options
        let words = "\(shellWord(benchmark)) \(shellWord(job))\(options.words)"
        interruption.onCancel { [display] in
            display.clear()
            printError(
                "assay: the job continues; follow it with: assay client jobs follow \(words)\n"
                    + "assay: or stop it with: assay client jobs cancel \(words)")
            _exit(130)
        }
    }

    private var path: String { "/v1alpha/eval/benchmarks/\(percentEncoded(benchmark))/jobs/\(percentEncoded(id))" }

    /// - Parameter output: a file for the job's rows.
    func run(output: String?) throws {
        let job = try end()
        display.clear()
        try report(job, output)
    }

    /// Asks about the job until it has ended.
    private func end() throws -> JSONValue {
        var pause = Duration.milliseconds(100)
        var lost: ContinuousClock.Instant?
        while true {
            do throws(ServerConnection.Fault) {
                let job = try server.get(path)
                if lost != nil { printError("assay: the server can be reached again") }
                lost = nil
                if ["completed", "failed", "cancelled"].contains(job["status"]?.string), job["finished_at"] != .null {
                    return job
                }
                display.show(Self.line(of: job))
            } catch {
                // The response of a proxy while the server behind it restarts.
                guard error.status == nil || [502, 503, 504].contains(error.status) else { throw error }
                if lost == nil { printError("assay: \(error); retrying for 10 minutes") }
                let since = lost ?? .now
                lost = since
                if ContinuousClock.now - since > Self.patience { throw error }
            }
            usleep(UInt32(pause / .microseconds(1)))
            pause = min(pause * 3 / 2, .seconds(3))
        }
    }

    private static func line(of job: JSONValue) -> String {
        let done = job["progress"]?["done"]?.number?.int ?? 0
        let status = job["status"]?.string ?? "unknown"
        var state = status.split(separator: "_").joined(separator: " ")
        if let batches = job["progress"]?["batches"], let open = batches["open"]?.number?.int {
            let (answered, requests) = (batches["answered"]?.number?.int, batches["requests"]?.number?.int)
            state += ", " + waitingText(batches: open, answered: answered ?? 0, of: requests ?? 0)
        }
        guard let total = job["progress"]?["total"]?.number?.int, total > 0 else {
            return "\(state)  \(grouped(done)) rows"
        }
        let filled = min(24, done * 24 / total)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
        return "\(bar) \(done * 100 / total) %  \(grouped(done)) of \(grouped(total)) rows  \(state)"
    }

    private func report(_ job: JSONValue, _ output: String?) throws {
        let status = job["status"]?.string ?? ""
        if let output, let rows = job["dataset_id"]?.string { try server.writeRows(of: rows, to: output) }
        ServedResults.printWarnings(of: job)
        if status == "failed" {
            throw Failure("the job failed: \(oneLine(job["error"]?.string ?? "the server does not say why"))")
        }
        var scores = job["scores"]?.object
        if scores == nil { scores = try server.get(path + "/result")["scores"]?.object }
        let results = ServedResults(scores ?? [:])
        var shown = job.object ?? [:]
        shown["scores"] = .object(results.functions)
        try options.show(.object(shown)) { generation(of: job) + results.table }
        if status == "cancelled" {
            printError("assay: the job was cancelled; the results cover only the completed rows")
            throw ExitCode(130)
        }
        if !results.isComplete { throw ExitCode(3) }
    }

    private func generation(of job: JSONValue) -> String {
        guard let generation = job["generation"], let rows = generation["rows"] else { return "" }
        let total = rows["total"]?.number?.int ?? 0
        var line = "  \(grouped(rows["generated"]?.number?.int ?? 0)) of \(grouped(total)) rows answered"
        if let truncated = generation["truncated"]?.number?.int, truncated > 0 {
            line += "; \(grouped(truncated)) cut off at the length limit"
        }
        let usage = generation["usage"].map { "  " + ResultsTable.spending(of: .init($0)) + "\n" } ?? ""
        let name = job["candidate"]?["model"]?.string ?? "candidate"
        return "\(oneLine(name))\n\(line)\n\(usage)\n"
    }
}

/// A line on standard error that is redrawn; shown only on a terminal.
final class LineDisplay: Sendable {
    private let isTerminal = isOnTerminal(output: false)
    private let isShown = Lock(false)

    func show(_ line: String) {
        if !isTerminal { return }
        isShown.update { isShown in
            isShown = true
            ProgressLine.draw(line, onTerminal: true)
        }
    }

    func clear() {
        isShown.update { isShown in
            if isShown { ProgressLine.erase() }
            isShown = false
        }
    }
}

/// Whether a standard stream is a terminal.
func isOnTerminal(output: Bool) -> Bool { isatty(output ? STDOUT_FILENO : STDERR_FILENO) == 1 }
