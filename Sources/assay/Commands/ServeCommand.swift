import ArgumentParser
import AssayServer
import CMalloc
import Concurrency
import Datasets
import Evaluation
import Glibc
import HuggingFace
import Inference
import Logging
import NIOCore
import Platform
import ScoringDefinitions
import ScoringEngine
import Store
import Synchronization
import UnixSignals

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve the scoring, datasets and benchmarks API over HTTP.",
        discussion: """
            Existing clients of a Llama Stack server's scoring, datasets and benchmarks APIs work unchanged. \
            Registrations are kept in the data folder. On SIGTERM or SIGINT, the server answers the requests that are \
            in progress and then stops.

            A server option that is missing on the command line is read from the environment (ASSAY_MAX_ROWS for \
            --max-rows), then from the member "server" of the configuration ({"server": {"max_rows": 1000}}). The server \
            reads these variables: \(ServerSettings.variables.joined(separator: ", ")). Any other ASSAY_… variable is \
            ignored, with a warning.
            """)

    @Option(help: ArgumentHelp("The address to listen on (default: 127.0.0.1).", valueName: "address"))
    var host: String?

    @Option(help: ArgumentHelp("The port to listen on; 0 for any free port (default: 8321).", valueName: "port"))
    var port: Int?

    @Option(
        help: ArgumentHelp(
            "The folder for datasets and registrations (default: $XDG_DATA_HOME/assay or ~/.local/share/assay).",
            valueName: "dir"))
    var dataDir: String?

    @Flag(
        help: ArgumentHelp(
            "Register the open benchmarks ('assay benchmarks list') and their datasets, whose rows are read when they are "
                + "first used."))
    var openBenchmarks = false

    @OptionGroup(title: "Access") var accessOptions: AccessOptions

    @OptionGroup(title: "Datasets") var sourceOptions: SourceOptions

    @OptionGroup(title: "Limits") var limitOptions: LimitOptions

    @OptionGroup(title: "Limits of rows and functions") var dataLimitOptions: DataLimitOptions

    @OptionGroup var engineOptions: EngineOptions

    @OptionGroup(title: "Models") var modelOptions: ModelOptions

    @OptionGroup(title: "Agents") var agentOptions: AgentOptions

    func run() throws {
        Self.limitFreeMemory()
        let level: Logger.Level = engineOptions.verbose ? .debug : engineOptions.quiet ? .error : .info
        let logger = Logger(label: "assay") { _ in LineLogHandler(level: level) }
        for warning in ServerSettings.warnings() { logger.warning("\(warning)") }
        do {
            var configuration = try makeConfiguration()
            configuration.huggingFace.warn = { logger.warning("\($0)") }
            // Other files need descriptors too: the registry, waiting results, plugins' workers, models.
            if let files = OpenFiles.raiseLimit(), configuration.maxConnections > files / 2 {
                configuration.maxConnections = max(1, files / 2)
                logger.warning(
                    "the limit on open files (ulimit -n) allows fewer connections than --max-connections",
                    metadata: ["max_connections": "\(configuration.maxConnections)", "files": "\(files)"])
            }
            let registry = try Registry(folder: configuration.dataFolder, resultLimit: configuration.maxResults)
            // In the data folder, so that a copy of the folder includes the replies that were paid for.
            let inference = try modelOptions.makeInference(
                agentsURL: agentOptions.agentsURL, cacheFolder: configuration.dataFolder + "/cache",
                isQuiet: engineOptions.quiet)
            let evaluation = try modelOptions.config.map { try EvaluationSettings(inFile: $0) } ?? EvaluationSettings()
            let engine = engineOptions.makeEngine(limits: try functionLimits()) { inference }
            let server = try Server(
                configuration, engine: engine, registry: registry, inference: inference,
                providers: [
                    NeMoProvider(
                        evaluation.nemo,
                        custom: CustomEvaluation(
                            engine, jobs: configuration.jobs, judgeModel: configuration.judgeModel,
                            budget: configuration.budget, folder: configuration.dataFolder)),
                    HarnessProvider(evaluation.harness),
                ], logger: logger)
            try serve(server, configuration, logger)
            waiting {
                await engine.shutDown()
                // The engine only knows it after it has asked a model itself.
                await inference.shutDown()
            }
        } catch let error as ConfigurationError {
            throw Failure("\(error)")
        } catch let error as StoreError {
            throw Failure("\(error)")
        } catch let error as DatasetError {
            throw Failure("--allow-path: \(error)")
        } catch let error as EngineError {
            throw Failure(error.commandText)
        }
    }

    /// Makes the allocator return the memory of large requests to the system. By default, it would keep that memory in each of
    /// its arenas, of which there are up to eight per core.
    private static func limitFreeMemory() {
        mallopt(M_ARENA_MAX, Int32(max(4, sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
        mallopt(M_MMAP_THRESHOLD, 1 << 20)
        mallopt(M_TRIM_THRESHOLD, 8 << 20)
    }

    private func makeConfiguration() throws -> ServerConfiguration {
        let settings = try ServerSettings(file: modelOptions.config)
        guard let folder = try dataDir ?? settings.text("data_dir") ?? UserFolder.data.path else {
            throw Failure(
                "there is no data folder, because neither HOME nor XDG_DATA_HOME is set; name one with --data-dir")
        }
        var configuration = ServerConfiguration(version: Assay.version)
        configuration.dataFolder = folder
        configuration.host = try host ?? settings.text("host") ?? configuration.host
        configuration.port = try port ?? settings.integer("port", 0...65_535) ?? configuration.port
        guard (0...65_535).contains(configuration.port) else {
            throw ValidationError("--port \(configuration.port): expected 0 to 65535")
        }
        configuration.judgeModel = modelOptions.judgeModel
        configuration.budget = modelOptions.budget
        try limitOptions.apply(to: &configuration, settings)
        let limits = try dataLimitOptions.filled(from: settings)
        configuration.maxRowSize = limits.maxRowSize ?? configuration.maxRowSize
        configuration.maxPatterns = limits.maxPatterns ?? configuration.maxPatterns
        try sourceOptions.apply(to: &configuration, settings)
        configuration.huggingFace.cache = modelOptions.hubCache(folder + "/cache")
        if try openBenchmarks || settings.flag("open_benchmarks") {
            configuration.benchmarks = BenchmarkCatalog.installed().benchmarks
        }
        try accessOptions.apply(to: &configuration, settings)
        return configuration
    }

    /// The limits of all functions.
    private func functionLimits() throws -> FunctionLimits {
        let usual = FunctionLimits()
        var limits = try dataLimitOptions.filled(from: ServerSettings(file: modelOptions.config)).functionLimits
        // A lower number is for clients: functions that come with the server have some tens of patterns.
        limits.patternCount = max(limits.patternCount, usual.patternCount)
        return limits
    }

    private func serve(_ server: Server, _ configuration: ServerConfiguration, _ logger: Logger) throws {
        let host = configuration.host.contains(":") ? "[\(configuration.host)]" : configuration.host
        let scheme = configuration.tls == nil ? "http" : "https"
        let failure = Mutex<Failure?>(nil)
        let (access, file) = (accessOptions, modelOptions.config)
        waiting {
            do {
                let signals = await UnixSignalsSequence(trapping: .sighup)
                let reloading = Task { for await _ in signals { Self.reload(server, access, file, logger) } }
                defer { reloading.cancel() }
                try await server.run(stoppingOn: [.sigterm, .sigint]) { port in
                    logger.notice("listening", metadata: ["url": "\(scheme)://\(host):\(port)"])
                }
            } catch {
                let reason = Self.reason(error, configuration.port)
                failure.withLock { $0 = Failure("cannot serve on \(host), port \(configuration.port): \(reason)") }
            }
        }
        if let failure = failure.withLock({ $0 }) { throw failure }
    }

    /// Reads the token, the certificate and its key again, on SIGHUP. If one cannot be read, the previous one stays in use.
    private static func reload(_ server: Server, _ access: AccessOptions, _ file: String?, _ logger: Logger) {
        do {
            try server.reload(accessToken: access.accessToken(ServerSettings(file: file)))
            logger.notice("the token and the certificate, where configured, were read again")
        } catch {
            logger.error(
                "the token and the certificate could not be read again; the previous ones stay in use",
                metadata: ["error": "\(error)"])
        }
    }

    /// Why a server could not be started, in words for users.
    private static func reason(_ error: any Error, _ port: Int) -> String {
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE:
            "port \(port) is used by another program; stop that program, or choose another port with --port"
        case EACCES: "ports below 1024 need special privileges; choose another port with --port"
        case EADDRNOTAVAIL: "this machine does not have that address; choose another address with --host"
        default: "\(error)"
        }
    }
}
