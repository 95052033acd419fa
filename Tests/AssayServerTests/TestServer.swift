import AssayServer
import AsyncHTTPClient
import Evaluation
import Glibc
import Inference
import JSON
import Logging
import NIOCore
import NIOHTTP1
import ScoringEngine
import Store
import TestSupport
import Testing

/// A real server on a free port of 127.0.0.1, with a registry in a folder of its own.
struct TestServer: Sendable {
    let port: Int
    let folder: String

    /// Runs a server while `body` runs.
    ///
    /// - Parameters:
    ///   - modelURL: the server of models.
    ///   - models: models with a configuration.
    ///   - folder: a folder for the registry; a new one unless given.
    ///   - provider: runs benchmarks.
    ///   - pluginFolder: one more folder with plugins.
    static func run(
        _ configuration: ServerConfiguration = configured(), modelURL: String? = nil,
        models: [ModelConfiguration] = [], folder: TemporaryFolder? = nil,
        provider: any EvaluationProvider = ScriptedProvider(), pluginFolder: String? = nil,
        logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        body: @escaping @Sendable (TestServer) async throws -> Void
    ) async throws {
        let folder = try folder ?? TemporaryFolder()
        var configuration = configuration
        configuration.dataFolder = folder.path
        let catalog = ModelCatalog(models, defaultEndpoint: modelURL.map { .init(url: $0) })
        let inference = InferenceService(catalog: catalog)
        let plugins = [builtFolder] + (pluginFolder.map { [$0] } ?? [])
        let engine = Engine(functionFolders: ["\(packageFolder)/scoring_fns"], pluginFolders: plugins) { inference }
        let server = try Server(
            configuration, engine: engine, registry: Registry(folder: folder.path), inference: inference,
            providers: [provider], logger: logger)
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let (stops, stop) = AsyncStream.makeStream(of: Void.self)
        // Whatever became of the test, connections that are left open would end the process.
        let result = await outcome {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    defer { port.finish() }
                    try await server.run(
                        until: { for await _ in stops {} }, onRunning: { port.yield($0) })
                }
                tasks.addTask {
                    defer { stop.finish() }
                    for await port in ports {
                        try await body(TestServer(port: port, folder: folder.path))
                        break
                    }
                }
                for try await _ in tasks {}
            }
        }
        await engine.shutDown()
        await inference.shutDown()
        try result.get()
    }

    private static func outcome(_ body: () async throws -> Void) async -> Result<Void, any Error> {
        do {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }

    /// A configuration for tests.
    static func configured(_ change: (inout ServerConfiguration) -> Void = { _ in }) -> ServerConfiguration {
        var configuration = ServerConfiguration(version: "1.2.3")
        configuration.port = 0
        configuration.maxConcurrentRequests = 8
        configuration.resultWait = .zero
        change(&configuration)
        return configuration
    }

    var url: String { "http://127.0.0.1:\(port)" }

    func get(_ path: String, headers: [(String, String)] = []) async throws -> TestResponse {
        try await send("GET", path, headers: headers)
    }

    func delete(_ path: String) async throws -> TestResponse { try await send("DELETE", path) }

    func post(_ path: String, _ body: JSONValue, headers: [(String, String)] = []) async throws -> TestResponse {
        try await post(path, bytes: Array(body.text.utf8), headers: headers)
    }

    func post(
        _ path: String, bytes: [UInt8], type: String = "application/json", headers: [(String, String)] = []
    ) async throws -> TestResponse {
        try await send("POST", path, bytes: bytes, headers: headers + [("Content-Type", type)])
    }

    func send(
        _ method: String, _ path: String, bytes: [UInt8]? = nil, headers: [(String, String)] = []
    ) async throws -> TestResponse {
        var request = HTTPClientRequest(url: url + path)
        request.method = .init(rawValue: method)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let bytes { request.body = .bytes(ByteBuffer(bytes: bytes)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let body = try await response.body.collect(upTo: 1 << 30)
        return TestResponse(
            status: Int(response.status.code), headers: response.headers.map { ($0.name.lowercased(), $0.value) },
            body: String(buffer: body))
    }
}

struct TestResponse: Sendable {
    var status: Int
    var headers: [(name: String, value: String)]
    var body: String

    /// The body; a text that says so where it is no JSON.
    var json: JSONValue { (try? JSONValue(parsing: body)) ?? .string("no JSON: \(body)") }

    /// What an error says.
    var error: JSONValue { json["error"] ?? .null }

    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// The folder of the package.
let packageFolder = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()

/// Where the plugins are built: beside the tests' executable.
let builtFolder: String = {
    guard let path = realpath("/proc/self/exe", nil) else { return "." }
    defer { free(path) }
    return String(cString: path).split(separator: "/").dropLast().map { "/\($0)" }.joined()
}()
