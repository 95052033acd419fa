import CWorkerProtocol
public import Concurrency
import Glibc
import Platform

/// The settings of worker processes.
public struct WorkerSettings: Sendable {
    /// The executable `assay-plugin-worker`; nil means the one next to this executable, or in `../libexec/assay` from its folder.
    public var executable: String?
    /// How long a plugin may take without returning a row, asking a model or ending its step.
    public var timeout = Duration.seconds(10)
    /// The maximum address space of a worker, in bytes.
    public var addressSpace = 4 << 30
    /// The maximum size of a step's results, in bytes. The engine briefly holds several copies of them.
    public var outputLimit = 64 << 20
    /// The maximum number of requests to models that a scorer may make for a row, and of bytes that the requests of a batch may have.
    var requestLimit = (perRow: 1000, bytes: 256 << 20)
    /// The maximum number of threads of a worker, including its own.
    public var threadLimit = Int(AW_MOST_THREADS)
    /// How long an unused worker is kept.
    public var idleTime = Duration.seconds(300)
    /// The processor time that an unused worker may use.
    public var idleProcessorTime = Duration.seconds(2)
    /// Once it is cancelled, workers that are being started or told to do something other than score rows have some seconds
    /// left, too.
    public var cancellation: Cancellation?
    /// Is told what can be told of a worker each time that it has done something, and when it was lost. Called on any thread.
    public var onReport: (@Sendable (WorkerReport) -> Void)?

    public init() {}

    /// The executable that workers are made of.
    func findExecutable() throws(WorkerLoss) -> String {
        if let executable { return executable }
        let folder = executableFolder
        let places = ["\(folder)/assay-plugin-worker", "\(folder)/../libexec/assay/assay-plugin-worker"]
        guard let found = places.first(where: { access($0, X_OK) == 0 }) else {
            throw .unavailable(
                "the program that runs plugins that are not trusted was not found; looked for "
                    + places.joined(separator: " and "))
        }
        return found
    }
}

/// The folder of the running executable, or of the shared library that this code is in; symbolic links resolved. For a library
/// that is installed in `lib`, the `bin` beside it: whatever else is in `lib` is no plugin.
package let executableFolder: String = {
    // The loader knows an executable by the name that it was started with, and a library by its path.
    let image = aw_image_path().map { String(cString: $0) } ?? ""
    let isLibrary = image.hasSuffix(".so") || image.contains(".so.")
    guard let text = realPath(isLibrary ? image : "/proc/self/exe") else { return "." }
    guard let slash = text.lastIndex(of: "/") else { return "." }
    let folder = slash == text.startIndex ? "/" : String(text[..<slash])
    guard isLibrary, folder.hasSuffix("/lib"), access("\(folder)/assay/plugins", F_OK) == 0 else { return folder }
    return folder.dropLast(3) + "bin"
}()

/// What a worker has done so far, for tools that look at plugins.
public struct WorkerReport: Sendable, Hashable {
    /// The number of its process.
    public var process: Int32
    /// How it was lost, once it was.
    public var loss: WorkerLoss?
    /// The first 64 KiB of what it wrote to its standard output and standard error.
    public var standardOutput: [UInt8]
    public var standardErrors: [UInt8]
}
