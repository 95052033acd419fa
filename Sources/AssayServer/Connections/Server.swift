import Concurrency
public import Evaluation
import Glibc
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Inference
public import Logging
import NIOCore
import NIOPosix
import NIOSSL
public import ScoringEngine
import ServiceLifecycle
public import Store
public import UnixSignals

/// The server of the scoring API.
public struct Server: Sendable {
    private let service: Service
    private let logger: Logger
    private let certificate = ServerCertificate()

    /// - Parameters:
    ///   - inference: the engine's inference service; nil if there are no models.
    ///   - providers: further engines that run benchmarks, in addition to the server's own.
    ///   - logger: receives a line for each request and each job, and errors.
    public init(
        _ configuration: ServerConfiguration, engine: Engine, registry: Registry, inference: InferenceService?,
        providers: [any EvaluationProvider] = [], logger: Logger
    ) throws {
        service = try Service(
            configuration, engine: engine, registry: registry, inference: inference, providers: providers,
            routes: RouteTable(routes: Self.routes))
        self.logger = logger
        for warning in service.warnings { logger.warning("\(warning)") }
    }

    /// Replaces the access token, and reads the certificate and its key again. Requests in progress are not affected, and
    /// browsers stay signed in.
    ///
    /// - Parameter accessToken: nil keeps the current token.
    /// - Throws: if the files cannot be used; the previous ones stay in use.
    public func reload(accessToken: String?) throws {
        if let tls = service.configuration.tls { try certificate.read(tls) }
        if let accessToken { service.access.setToken(accessToken) }
    }

    static let routes = currentRoutes + EarlierRoutes.all

    /// The routes of the current API, and the pages.
    static let currentRoutes =
        InspectRoutes.all + MetricsRoute.all + DescriptionRoutes.all + ModelRoutes.all + ScoringFunctionRoutes.all
        + ScoringRoutes.all + ComparisonRoutes.all + RunRoutes.all + DatasetRoutes.all
        + BenchmarkRoutes.all + EvaluationRoutes.all + JobRoutes.all + PageRoutes.all

    /// Serves until one of the signals or `stop` ends it.
    ///
    /// Requests in progress get some time to finish; then their work is cancelled. Unfinished jobs continue when a server
    /// is started again with the same folder.
    ///
    /// - Parameters:
    ///   - signals: the signals that stop the server.
    ///   - stop: returns when the server must stop.
    ///   - onRunning: is called with the port as soon as connections are accepted.
    public func run(
        stoppingOn signals: [UnixSignal] = [],
        until stop: @escaping @Sendable () async -> Void = { try? await Task.sleep(for: .seconds(1 << 40)) },
        onRunning: @escaping @Sendable (Int) async -> Void
    ) async throws {
        let configuration = service.configuration
        let threads = NIOThreadPool(numberOfThreads: configuration.maxConcurrentRequests)
        threads.start()
        let connections = Connections(limit: configuration.maxConnections)
        let responder = Responder(
            service: service, access: service.access, connections: connections,
            admission: Admission(
                maxRequests: configuration.maxConcurrentRequests, maxBytes: max(1 << 30, 2 * configuration.maxBodySize)),
            threads: threads, logger: logger)
        let application = Application(
            responder: responder,
            server: try serverBuilder(connections),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: "assay",
                availableConnectionsDelegate: ConnectionLimit(
                    configuration.maxConnections, connections, service.metrics, logger)),
            onServerRunning: { [logger] channel in
                startJobs()
                // Runs other programs, which takes a while.
                threads.submit { [service, logger] _ in
                    for fault in service.providers.compactMap({ $0.startupFault() }) { logger.warning("\(fault)") }
                }
                let added = channel.eventLoop.submit {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause(logger), position: .first)
                    // So that the limit on connections is looked at before each one.
                    try channel.syncOptions?.setOption(.maxMessagesPerRead, value: 1)
                }
                try? await added.get()
                await onRunning(channel.localAddress?.port ?? configuration.port)
            },
            logger: logger)
        var settings = ServiceGroupConfiguration(
            services: [.init(service: application)], gracefulShutdownSignals: signals, logger: logger)
        settings.maximumGracefulShutdownDuration = .seconds(configuration.shutdownSeconds)
        let group = ServiceGroup(configuration: settings)
        let result: Result<Void, any Error>
        do {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                tasks.addTask { try await deleteWhatIsOld(threads) }
                tasks.addTask {
                    await stop()
                    await group.triggerGracefulShutdown()
                    try await Task.sleep(for: .seconds(1 << 40))
                }
                try await tasks.next()
                tasks.cancelAll()
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        connections.cancelAll()
        // Blocks, so it must not run on a thread of Swift's cooperative pool.
        try await threads.runIfActive { [service] in
            service.unread.cancellation.cancel()
            service.jobs.stop(within: .seconds(configuration.shutdownSeconds))
        }
        try await threads.shutdownGracefully()
        try result.get()
    }

    /// Deletes jobs and results that are older than their retention times, at the start and then once an hour.
    private func deleteWhatIsOld(_ threads: NIOThreadPool) async throws {
        let (jobDays, resultDays) = (service.configuration.jobDays, service.configuration.resultDays)
        while true {
            try await threads.runIfActive { [self] in
                if let jobDays {
                    deleteOld("jobs") { time throws(StoreError) in
                        try service.registry.deleteJobs(finishedBefore: time - jobDays * 86_400)
                    }
                }
                if let resultDays {
                    deleteOld("results") { time throws(StoreError) in
                        try service.registry.deleteResults(recordedBefore: time - resultDays * 86_400)
                    }
                }
            }
            try await Task.sleep(for: .seconds(3600))
        }
    }

    private func deleteOld(_ what: String, _ delete: (Int) throws(StoreError) -> Int) {
        do throws(StoreError) {
            let count = try delete(time(nil))
            if count > 0 { logger.info("old \(what) were deleted", metadata: ["count": "\(count)"]) }
        } catch {
            logger.warning("old \(what) could not be deleted", metadata: ["error": "\(error)"])
        }
    }

    private func startJobs() {
        do throws(EvaluationError) {
            try service.jobs.start(
                service.configuration.maxJobs, onEnd: { [service, logger] job in service.jobEnded(job, logger) },
                log: { [logger] line in logger.error("\(line)") })
        } catch {
            logger.critical("not all jobs can run", metadata: ["error": "\(error)"])
        }
    }

    private func serverBuilder(_ connections: Connections) throws -> HTTPServerBuilder {
        let limits = service.configuration
        let configuration = HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                ConnectionHandler(
                    connections, seconds: limits.clientSeconds, readerSeconds: limits.readerSeconds,
                    firstRequestSeconds: limits.firstRequestSeconds, incompleteSeconds: limits.incompleteSeconds)
            ], idleTimeout: .seconds(120))
        let plain = HTTPServerBuilder { responder in
            WatchedChannel(base: HTTP1Channel(responder: responder, configuration: configuration))
        }
        guard let tls = service.configuration.tls else { return plain }
        try certificate.read(tls)
        return try .tls(plain, tlsConfiguration: certificate.configuration())
    }
}
