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
        var template = Array("\(parent)/assay-lm-eval-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw Self.fault("a folder cannot be created in \(parent)")
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
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
        removeTree(results)
        guard let definition else { return }
        guard mkdir(tasks, 0o700) == 0 || errno == EEXIST, let file = fopen(tasks + "/task.yaml", "we") else {
            throw Self.fault("\(tasks) cannot be written")
        }
        let isWritten = fputs(definition, file) >= 0
        guard fclose(file) == 0, isWritten else { throw Self.fault("\(tasks)/task.yaml cannot be written") }
    }

    func remove() { removeTree(path) }

    /// The names in a folder, in order; none where it cannot be read.
    static func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private static func fault(_ message: String) -> EvaluationError {
        EvaluationError(.provider, "\(message): \(systemMessage())")
    }
}

/// Removes a file, or a folder with all that is in it, as far as that is possible. Does not follow links.
private func removeTree(_ path: String) {
    guard unlink(path) != 0, errno == EISDIR || errno == EPERM else { return }
    for name in HarnessFolder.names(in: path) { removeTree("\(path)/\(name)") }
    rmdir(path)
}
