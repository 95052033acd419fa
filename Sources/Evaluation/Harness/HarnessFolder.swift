import Glibc
import Platform

/// Where lm_eval works on one job.
struct HarnessFolder {
    let path: String

    /// Where it writes results and samples.
    var results: String { path + "/results" }
    /// Where it keeps answers, so that a job that runs again asks for none twice. It adds to the name.
    var cache: String { path + "/cache/answers" }
    /// Where the task of a benchmark's metadata is.
    var tasks: String { path + "/tasks" }

    /// Makes a new folder that only this user can read, and the folder that it is in where that is missing.
    init(in parent: String) throws(EvaluationError) {
        try Self.makeFolder(parent)
        guard let path = Folder.make(in: parent, prefix: "assay-lm-eval-") else {
            throw Self.fault("a folder cannot be created in \(parent)")
        }
        self.path = path
    }

    /// Makes a folder, and those above it, that only this user can read, where they are missing.
    private static func makeFolder(_ path: String) throws(EvaluationError) {
        var made = path.hasPrefix("/") ? "/" : ""
        for name in path.split(separator: "/") {
            made += name
            var status = stat()
            if stat(made, &status) != 0 && mkdir(made, 0o700) != 0 && errno != EEXIST {
                throw fault("the folder \(made) cannot be created")
            }
            made += "/"
        }
    }

    /// The folder of a job that has run before; nil if it is gone, or somebody else's by now.
    init?(existing path: String) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
            return nil
        }
        self.path = path
    }

    /// Makes it ready for a run: without results, and with the task's definition, if there is one.
    func prepare(_ definition: String?) throws(EvaluationError) {
        Folder.remove(results)
        guard let definition else { return }
        guard mkdir(tasks, 0o700) == 0 || errno == EEXIST, let file = fopen(tasks + "/task.yaml", "we") else {
            throw Self.fault("\(tasks) cannot be written")
        }
        let isWritten = fputs(definition, file) >= 0
        guard fclose(file) == 0, isWritten else { throw Self.fault("\(tasks)/task.yaml cannot be written") }
    }

    func remove() { Folder.remove(path) }

    private static func fault(_ message: String) -> EvaluationError {
        EvaluationError(.provider, "\(message): \(systemMessage())")
    }
}
