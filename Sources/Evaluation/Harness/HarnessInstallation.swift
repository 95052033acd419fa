import Concurrency
import Glibc
import Platform

/// A program `lm_eval`, and what can be found out about it without running a task.
struct HarnessInstallation {
    /// Its path.
    var program: String
    /// What its interpreter is run with, as `NAME=value`.
    var environment: [String]

    /// The packages that asking a model's server takes: those that the package `lm-eval[api]` adds, and lm_eval itself.
    private static let packages = ["lm_eval", "requests", "aiohttp", "tenacity", "tqdm"]

    /// The Python packages of these that its interpreter does not find; none where that cannot be said. Takes up to some
    /// seconds.
    func missingPackages() -> [String] {
        guard let interpreter else { return [] }
        let names = Self.packages.map { "'\($0)'" }.joined(separator: ", ")
        let script = "import importlib.util as u; print(*[n for n in (\(names),) if u.find_spec(n) is None])"
        var output: [UInt8] = []
        let search = Subprocess(words: interpreter + ["-c", script], environment: environment, folder: "/")
        let ending = try? search.run(cancellation: Cancellation(), timeout: .seconds(10)) { output += $0 }
        guard ending == .status(0) else { return [] }
        let found = String(decoding: output, as: UTF8.self).split { $0.isWhitespace }.map(String.init)
        return found.allSatisfy(Self.packages.contains) ? found : []
    }

    /// The words that start the Python that runs the program: the program itself, or what its first line names.
    private var interpreter: [String]? {
        func isPython(_ path: some StringProtocol) -> Bool {
            path.split(separator: "/").last?.hasPrefix("python") ?? false
        }
        if isPython(program) { return [program] }
        guard let descriptor = try? RegularFile.open(program).descriptor else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = read(descriptor, &bytes, bytes.count)
        let line = String(decoding: bytes.prefix(max(count, 0)).prefix { $0 != 0x0A }, as: UTF8.self)
        guard line.hasPrefix("#!") else { return nil }
        let words = line.dropFirst(2).split(separator: " ").map(String.init)
        return words.last.map(isPython) == true ? words : nil
    }
}
