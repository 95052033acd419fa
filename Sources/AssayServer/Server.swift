import Hummingbird
import HummingbirdCore
public import Inference
public import Logging
import NIOCore
import NIOPosix
public import ScoringEngine
import ServiceLifecycle
public import Store
public import UnixSignals

/// The server of the scoring API.
public struct Server: Sendable {
    private let service: Service
    private let logger: Logger

    /// - Parameters:
    ///   - models: the models that can be asked, those that the engine's inference has; nil where there are none.
    ///   - logger: gets a line for each request, and what goes wrong.
    public init(
        _ configuration: ServerConfiguration, engine: Engine, registry: Registry, models: ModelCatalog?, logger: Logger
    ) throws {
        service = try Service(
            configuration, engine: engine, registry: registry, models: models, routes: RouteTable(routes: Self.routes))
        self.logger = logger
        for warning in service.warnings { logger.warning("\(warning)") }
    }

    static let routes =
        InspectRoutes.all + ModelRoutes.all + ScoringFunctionRoutes.all + ScoringRoutes.all + DatasetRoutes.all
        + BenchmarkRoutes.all

    /// Serves until it is told to stop, by one of the signals or by `stop`.
    ///
    /// Requests under way are answered first, for some time; then their work is cancelled.
    ///
    /// - Parameters:
    ///   - signals: what tells the server to stop.
    ///   - stop: ends when the server is to stop.
    ///   - onRunning: is called with the port when connections are accepted.
    public func run(
        stoppingOn signals: [UnixSignal] = [],
        until stop: @escaping @Sendable () async -> Void = { try? await Task.sleep(for: .seconds(1 << 40)) },
        onRunning: @escaping @Sendable (Int) async -> Void
    ) async throws {
        let configuration = service.configuration
        let threads = NIOThreadPool(numberOfThreads: configuration.maxConcurrentRequests)
        threads.start()
        let connections = Connections()
        let responder = Responder(
            service: service, connections: connections,
            admission: Admission(
                maxRequests: configuration.maxConcurrentRequests, maxBytes: max(1 << 30, 2 * configuration.maxBodySize)),
            threads: threads, logger: logger)
        let application = Application(
            responder: responder,
            server: .http1(
                configuration: HTTP1Channel.Configuration(
                    additionalChannelHandlers: [ConnectionHandler(connections)], idleTimeout: .seconds(120))),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: "assay"),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? configuration.port) },
            logger: logger)
        var settings = ServiceGroupConfiguration(
            services: [.init(service: application)], gracefulShutdownSignals: signals, logger: logger)
        settings.maximumGracefulShutdownDuration = .seconds(configuration.shutdownSeconds)
        let group = ServiceGroup(configuration: settings)
        let result: Result<Void, any Error>
        do {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
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
        try await threads.shutdownGracefully()
        try result.get()
    }
}
