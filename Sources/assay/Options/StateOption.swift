import ArgumentParser
import Platform
import ScoringEngine

/// The option that keeps what a run adds up to.
struct StateOption: ParsableArguments {
    @Option(
        name: .customLong("state"),
        help: ArgumentHelp(
            "Write the sums behind the aggregates to FILE, for 'assay merge': parts of a dataset may be scored on several "
                + "machines.", valueName: "file"))
    var path: String?

    /// Refuses to replace a file that the run reads, or anything that is not a file.
    func check(filesRead: [String]) throws {
        guard let path, let status = FileStatus(ofPath: path) else { return }
        if status.kind != .regular { throw Failure("--state \(path): is not a regular file; name a file") }
        for read in filesRead where FileStatus(ofPath: read)?.identity == status.identity {
            throw Failure("--state \(path): the state would overwrite a file that the run reads; name another file")
        }
    }

    /// Writes the state of a run that is complete.
    func write(_ results: ScoringResults) throws {
        guard let path, results.failure == nil, !results.isCancelled, let state = results.state else { return }
        try state.write(to: path)
    }
}
