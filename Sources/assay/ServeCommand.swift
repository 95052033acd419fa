import ArgumentParser
import AssayServer
import Datasets
import Glibc
import Inference
import Logging
import ScoringEngine
import Store
import Synchronization
import UnixSignals

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serves the scoring and datasets API over HTTP.",
        discussion: """
            Existing clients of a Llama Stack server's scoring, datasets and benchmarks APIs work unchanged. What is \
            registered is kept in the data folder. SIGTERM and SIGINT end the server when the requests under way are \
            answered.
            """)

    @Option(help: ArgumentHelp("The address to listen on.", valueName: "address"))
    var host = "127.0.0.1"

    @Option(help: ArgumentHelp("The port to listen on; 0: any that is free.", valueName: "port"))
    var port = 8321

    @Option(
        help: ArgumentHelp(
            "Where datasets and registrations are kept; ~/.local/share/assay unless given (or $XDG_DATA_HOME/assay).",
            valueName: "dir"))
    var dataDir: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Threads that score one request; all cores unless given.", valueName: "n"))
    var jobs: Int?

    @Option(help: ArgumentHelp("Bytes that the body of a request may have.", valueName: "bytes"))
    var maxBodySize = 256 << 20

    @Option(help: ArgumentHelp("Requests that are worked on at once; others are answered 429.", valueName: "n"))
    var maxConcurrentRequests = 128

    @Option(help: ArgumentHelp("Rows that a request or a dataset may have.", valueName: "n"))
    var maxRows = 50_000_000

    @Option(
        name: .customLong("allow-path"),
        help: ArgumentHelp("Let files in DIR be registered as datasets; repeatable.", valueName: "dir"))
    var allowedFolders: [String] = []

    @Flag(help: "Let datasets be downloaded from private networks and from this machine.")
    var allowPrivateAddresses = false

    @Option(
        name: .customLong("huggingface-url"),
        help: ArgumentHelp("The datasets server that huggingface:// stands for.", valueName: "url"))
    var huggingFaceURL = "https://datasets-server.huggingface.co"

    @OptionGroup var engineOptions: EngineOptions

    @OptionGroup(title: "Models") var modelOptions: ModelOptions

    func validate() throws {
        if !(0...65_535).contains(port) { throw ValidationError("--port \(port): 0 to 65535 was expected") }
        if let jobs, jobs < 1 || jobs > 1024 { throw ValidationError("--jobs \(jobs): 1 to 1024 was expected") }
        if maxBodySize < 1 { throw ValidationError("--max-body-size \(maxBodySize): a number of bytes was expected") }
        if !(1...4096).contains(maxConcurrentRequests) {
            throw ValidationError("--max-concurrent-requests \(maxConcurrentRequests): 1 to 4096 was expected")
        }
        if maxRows < 1 { throw ValidationError("--max-rows \(maxRows): a number of rows was expected") }
    }

    func run() throws {
        guard let folder = dataDir ?? Self.userDataFolder else {
            throw Failure(
                "no folder for data is known, as neither HOME nor XDG_DATA_HOME is set: name one with --data-dir")
        }
        let level: Logger.Level = engineOptions.verbose ? .debug : engineOptions.quiet ? .error : .info
        let logger = Logger(label: "assay") { _ in LineLogHandler(level: level) }
        do {
            let registry = try Registry(folder: folder)
            let inference = try modelOptions.makeInference(isQuiet: engineOptions.quiet)
            let engine = engineOptions.makeEngine { inference }
            var configuration = ServerConfiguration(version: Assay.version)
            configuration.host = host
            configuration.port = port
            configuration.dataFolder = folder
            configuration.jobs = jobs ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
            configuration.judgeModel = modelOptions.judgeModel
            configuration.maxBodySize = maxBodySize
            configuration.maxConcurrentRequests = maxConcurrentRequests
            configuration.maxRows = maxRows
            configuration.allowedFolders = allowedFolders
            configuration.allowsPrivateAddresses = allowPrivateAddresses
            configuration.huggingFaceURL = huggingFaceURL
            configuration.huggingFaceToken = variable("HF_TOKEN")
            let server = try Server(
                configuration, engine: engine, registry: registry, models: inference.catalog, logger: logger)
            try serve(server, logger)
            waitFor { await engine.shutDown() }
        } catch let error as StoreError {
            throw Failure("\(error)")
        } catch let error as DatasetError {
            throw Failure("--allow-path: \(error)")
        } catch let error as EngineError {
            throw Failure("\(error)")
        }
    }

    private func serve(_ server: Server, _ logger: Logger) throws {
        let host = host.contains(":") ? "[\(host)]" : host
        let place = "\(self.host), port \(port)"
        let failure = Mutex<Failure?>(nil)
        waitFor {
            do {
                try await server.run(stoppingOn: [.sigterm, .sigint]) { port in
                    logger.notice("listening", metadata: ["url": "http://\(host):\(port)"])
                }
            } catch {
                failure.withLock { $0 = Failure("cannot serve on \(place): \(error)") }
            }
        }
        if let failure = failure.withLock({ $0 }) { throw failure }
    }

    /// `assay` in the folder that the XDG Base Directory Specification names, `~/.local/share` unless XDG_DATA_HOME is set.
    private static var userDataFolder: String? {
        if let folder = variable("XDG_DATA_HOME"), folder.hasPrefix("/") { return folder + "/assay" }
        return variable("HOME").map { $0 + "/.local/share/assay" }
    }
}
