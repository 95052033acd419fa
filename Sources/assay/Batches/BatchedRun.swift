import ArgumentParser
import Concurrency
import Glibc
import Inference
import Platform
import ScoringEngine
import Store

/// A run whose requests are sent in batches: it is played to collect requests, until all are answered, and then to score.
struct BatchedRun {
    let options: BatchOptions
    let models: ModelOptions
    let isQuiet: Bool

    /// - Parameters:
    ///   - dataset: what the run reads, several times.
    ///   - collect: plays the run without output.
    ///   - score: plays it at last.
    func run(
        dataset: String, _ stage: RunStage, collect: (RunStage) throws -> Void, score: (RunStage) throws -> Void
    ) throws {
        if dataset == "-" || (FileStatus(ofPath: dataset).map { $0.kind != .regular } ?? false) {
            throw ValidationError(
                "--batch reads the dataset several times, which \(dataset == "-" ? "standard input" : dataset) does not "
                    + "allow; write it to a file first")
        }
        let runner = try makeRunner()
        defer { waiting { await runner.shutDown() } }
        var stage = stage
        stage.cache = runner.cache
        do {
            var hasMore = true
            while hasMore {
                let collector = runner.collector()
                try collect(stage.collecting(runner.collecting(in: collector)))
                if let fault = collector.fault { throw fault }
                hasMore = try waiting(stage.cancellation) { try await runner.finishRound() }
            }
        } catch {
            if stage.cancellation.isCancelled { throw interrupted(runner) }
            if error is InferenceError || error is StoreError { throw Failure(text(of: error, runner)) }
            if let fault = error as? RegularFile.Fault {
                throw Failure(
                    text(of: "the requests cannot be collected in the folder of the cache (\(fault.message))", runner))
            }
            throw error
        }
        if isatty(STDERR_FILENO) == 1, !isQuiet { ProgressLine.erase() }
        if runner.leavesOpen, !isQuiet {
            let again = "run the same command again to"
            printError(
                runner.openBatches.isEmpty
                    ? "assay: not all requests were submitted; \(again) submit them"
                    : "assay: requests are left in \(Self.list(runner.openBatches)); \(again) take their "
                        + "replies ('assay batches list' shows them)")
        }
        stage.mode = runner.final
        try score(stage)
    }

    private func makeRunner() throws -> BatchRunner {
        let cache: ReplyCache?
        do throws(EngineError) {
            cache = try models.openCache(isQuiet: isQuiet, isNeeded: true)
        } catch {
            throw Failure("\(error)")
        }
        guard let cache else {
            throw Failure("the replies of a batch are kept in the cache; run with one: --cache DIR")
        }
        var settings = BatchRunner.Options()
        settings.size = options.size
        if let wait = options.wait { settings.wait = wait }
        if let window = options.window { settings.window = window }
        if let minimum = options.minimum { settings.minimum = minimum }
        settings.fallsBack = options.fallsBack
        settings.limits = models.overrides
        settings.budget = models.budget
        settings.userAgent = "assay/\(Assay.version)"
        let isQuiet = isQuiet
        let isShown = !isQuiet && isatty(STDERR_FILENO) == 1
        return BatchRunner(
            cache: cache, settings,
            notice: { text in
                if isShown { ProgressLine.erase() }
                if !isQuiet { printError("assay: \(oneLine(text, limit: 1000))") }
            },
            progress: { open in
                if isShown { ProgressLine.draw(open.text, onTerminal: true) }
            })
    }

    private func interrupted(_ runner: BatchRunner) -> ExitCode {
        let open = runner.openBatches
        if !open.isEmpty {
            printError(
                "assay: interrupted; \(Self.list(open)) \(open.count == 1 ? "stays" : "stay") open: the same command "
                    + "takes the replies later, 'assay batches cancel' cancels \(open.count == 1 ? "it" : "them")")
        }
        return ExitCode(130)
    }

    private func text(of error: Any, _ runner: BatchRunner) -> String {
        let open = runner.openBatches
        let verb = open.count == 1 ? "stays" : "stay"
        return open.isEmpty ? "\(error)" : "\(error); \(Self.list(open)) \(verb) open, and the same command continues"
    }

    private static func list(_ batches: [String]) -> String {
        let named = batches.prefix(5).map { "batch \($0)" }.joined(separator: ", ")
        return batches.count > 5 ? "\(named) and \(batches.count - 5) more" : named
    }
}
