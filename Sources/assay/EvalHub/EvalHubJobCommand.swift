import ArgumentParser
import Encodings
import Glibc
import JSON
import Platform

struct EvalHubJobCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evalhub-job",
        abstract: "Run a job of EvalHub, and report its status and results to EvalHub.",
        discussion: """
            EXAMPLES
              assay evalhub-job
              assay evalhub-job --spec job.json -- --config models.json --cache /var/cache/assay

            The job is read from --spec, or else from the file in EVALHUB_JOB_SPEC_PATH, or else from /meta/job.json with \
            EVALHUB_MODE=k8s and from meta/job.json without. Arguments after -- are added to the command that the job runs: \
            'assay evaluate', or 'assay score' for a job without a model.

            Exit status: 0 the results were reported; 1 the job failed, or its results could not be reported; 130 it was \
            interrupted.
            """)

    @Option(help: ArgumentHelp("Read the job from FILE.", valueName: "file"))
    var spec: String?

    @Option(
        help: ArgumentHelp(
            "Save the run in the folder DIR (default: a temporary folder that is deleted).", valueName: "dir"))
    var save: String?

    @Option(
        help: ArgumentHelp(
            "A folder with further benchmarks, each in a file ID.json, in the form of 'assay evaluate --benchmark'.",
            valueName: "dir"))
    var benchmarks: String?

    @Argument(parsing: .postTerminator, help: ArgumentHelp("Arguments for the job's command.", valueName: "arguments"))
    var arguments: [String] = []

    func run() throws {
        Interruption.hold()
        let environment = EvalHubEnvironment()
        let job = try EvalHubJob(file: spec ?? environment.jobPath)
        let events = try EvalHubEvents(job, environment)
        let parent = environmentVariable("TMPDIR") ?? "/tmp"
        guard let folder = Folder.make(in: parent, prefix: "assay-evalhub-") else {
            throw Failure("a folder cannot be created in \(parent): \(systemMessage())")
        }
        defer { Folder.remove(folder) }
        let run = save ?? "\(folder)/run"
        do {
            events.report("running", phase: "initializing")
            let line = try EvalHubCommandLine(job, environment, in: folder, benchmarks: benchmarks, saving: run)
            let command = line.words + arguments
            printError("assay: running: assay \(command.map(shellWord).joined(separator: " "))")
            var parsed = try Assay.parseAsRoot(command)
            events.report("running", phase: "running_evaluation")
            try play(&parsed)
        } catch {
            try fail(events, error)
        }
        guard let results = EvalHubResults(inFolder: run, job) else {
            try fail(events, Failure("the run left no results in \(run)"))
        }
        try events.complete(results)
    }

    /// Runs the command. Rows without a score, and requirements that are not met, are results as well.
    private func play(_ command: inout any ParsableCommand) throws {
        do {
            try command.run()
        } catch let code as ExitCode where [0, 3, 4].contains(code.rawValue) {}
    }

    /// Reports why the job failed, and ends the program.
    private func fail(_ events: EvalHubEvents, _ error: any Error) throws -> Never {
        let code = Assay.exitCode(for: error)
        if code.rawValue == 130 {
            // EvalHub accepts no other end from an adapter.
            events.report("failed", message: ("the job was interrupted", "job_cancelled"))
            throw code
        }
        // Where a command has printed the reason itself, only its status is left.
        let text = error is ExitCode ? "" : Assay.message(for: error)
        let reason = text.isEmpty ? "the run ended with status \(code.rawValue); the job's log says why" : text
        events.report("failed", message: (oneLine(reason, limit: 2000), "evaluation_failed"))
        throw error
    }
}
