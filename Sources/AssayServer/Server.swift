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

    /// - Parameters:
    ///   - inference: what asks models, the same as the engine's; nil where there are none.
    ///   - logger: gets a line for each request, and what goes wrong.
    public init(
        _ configuration: ServerConfiguration, engine: Engine, registry: Registry, inference: InferenceService?,
        logger: Logger
    ) throws {
        service = try Service(
            configuration, engine: engine, registry: registry, inference: inference,
            routes: RouteTable(routes: Self.routes))
        self.logger = logger
        for warning in service.warnings { logger.warning("\(warning)") }
    }

    static let routes =
        InspectRoutes.all + MetricsRoute.all + DescriptionRoutes.all + ModelRoutes.all + ScoringFunctionRoutes.all
        + ScoringRoutes.all + DatasetRoutes.all
        + BenchmarkRoutes.all + PageRoutes.all

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
            service: service, access: service.access, connections: connections,
            admission: Admission(
                maxRequests: configuration.maxConcurrentRequests, maxBytes: max(1 << 30, 2 * configuration.maxBodySize)),
            threads: threads, logger: logger)
        let application = Application(
            responder: responder,
            server: try serverBuilder(connections),
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

    private func serverBuilder(_ connections: Connections) throws -> HTTPServerBuilder {
        let plain = HTTPServerBuilder.http1(
            configuration: HTTP1Channel.Configuration(
                additionalChannelHandlers: [ConnectionHandler(connections)], idleTimeout: .seconds(120)))
        guard let tls = service.configuration.tls else { return plain }
        let chain = try NIOSSLCertificate.fromPEMFile(tls.certificate).map { NIOSSLCertificateSource.certificate($0) }
        let key = try NIOSSLPrivateKey(file: tls.key, format: .pem)
        return try .tls(
            plain, tlsConfiguration: .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key)))
    }
}
