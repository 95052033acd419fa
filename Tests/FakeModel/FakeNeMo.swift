import Glibc
public import JSON
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A NeMo Evaluator on 127.0.0.1, as far as its configurations, jobs and results go, that misbehaves on command.
///
/// Jobs are `eval-1`, `eval-2` …; each question about one gets the next of the statuses, and the last one from then on.
public final class FakeNeMo: Sendable {
    public struct Request: Sendable {
        public var method: String
        public var path: String
        public var body: JSONValue
        public var authorization: String?
        /// How often this method and path have been asked, this time included.
        public var count: Int

        public var line: String { "\(method) \(path)" }
    }

    public enum Reply: Sendable {
        case json(Int, JSONValue)
        case text(Int, String)
        /// Closes the connection.
        case drop
        /// Never answers.
        case stall
        /// Begins to answer, and never ends.
        case drip
    }

    private struct State {
        var requests: [Request] = []
        var configurations: [String: JSONObject] = [:]
        var jobs: [String: Bool] = [:]
    }

    public static let results: JSONValue = [
        "job": "eval-1", "tasks": ["qa": ["metrics": ["f1": ["scores": ["f1": ["value": JSONValue(0.5)]]]]]],
    ]

    private let statuses: [JSONValue]
    private let fault: @Sendable (Request) -> Reply?
    private let state = Mutex(State())
    private let channel = Mutex<(any Channel)?>(nil)

    /// - Parameters:
    ///   - statuses: a job's, each a text, or a whole answer.
    ///   - fault: what is answered in place of what the service would answer; nil: nothing else.
    public init(
        _ statuses: JSONValue..., fault: @escaping @Sendable (Request) -> Reply? = { _ in nil }
    ) async throws {
        self.statuses = statuses
        self.fault = fault
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(self))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.channel.withLock { $0 = channel }
    }

    public var url: String { "http://127.0.0.1:\(channel.withLock { $0?.localAddress?.port } ?? 0)" }
    public var requests: [Request] { state.withLock(\.requests) }
    public var lines: [String] { requests.map(\.line) }
    public func stop() async throws { try await channel.withLock { $0 }?.close() }

    private func answer(_ head: HTTPRequestHead, _ body: [UInt8]) -> Reply {
        state.withLock { state in
            var request = Request(
                method: head.method.rawValue, path: head.uri, body: (try? JSONValue(parsing: body)) ?? .null,
                authorization: head.headers.first(name: "Authorization"), count: 1)
            request.count += state.requests.count { $0.line == request.line }
            state.requests.append(request)
            return fault(request) ?? serve(request, &state)
        }
    }

    private func serve(_ request: Request, _ state: inout State) -> Reply {
        let words = request.path.split(separator: "/").dropFirst(2).map(String.init)
        switch (request.method, words.first, words.count) {
        case ("POST", "configs", 1):
            let name = "\(request.body["namespace"]?.string ?? "")/\(request.body["name"]?.string ?? "")"
            guard let type = request.body["type"]?.string else {
                return .json(422, ["detail": "body.type: Field required"])
            }
            if state.configurations[name] != nil { return .json(409, ["detail": .string("\(name) exists (\(type))")]) }
            state.configurations[name] = request.body.object
            return .json(201, request.body)
        case ("GET", "configs", 3):
            let name = words[2].split(separator: "%3A", omittingEmptySubsequences: false).joined(separator: ":")
            guard var found = state.configurations["\(words[1])/\(name)"] else { break }
            found["id"] = "eval-config-1"
            found["custom_fields"] = [:]
            return .json(200, .object(found))
        case ("POST", "jobs", 1):
            let id = "eval-\(state.jobs.count + 1)"
            state.jobs[id] = false
            return .json(201, ["id": .string(id), "status": "created"])
        case ("POST", "jobs", 3) where words[2] == "cancel":
            state.jobs[words[1]] = true
            return .json(200, ["id": .string(words[1]), "status": "cancelling"])
        case ("GET", "jobs", 2):
            let status = statuses[min(request.count, statuses.count) - 1]
            return .json(200, status.object == nil ? ["id": .string(words[1]), "status": status] : status)
        case ("GET", "jobs", 3) where words[2] == "results":
            return .json(200, Self.results)
        default: break
        }
        return .json(404, ["detail": .string("nothing is at \(request.line)")])
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        private let service: FakeNeMo
        private var head: HTTPRequestHead?
        private var body: [UInt8] = []

        init(_ service: FakeNeMo) { self.service = service }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): self.head = head
            case .body(let part): body += Array(part.readableBytesView)
            case .end:
                guard let head else { return }
                switch service.answer(head, body) {
                case .json(let status, let value): write(status, value.text, context)
                case .text(let status, let text): write(status, text, context)
                case .drop: context.close(promise: nil)
                case .stall: break
                case .drip: drip(context)
                }
                body = []
            }
        }

        private func drip(_ context: ChannelHandlerContext) {
            let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Content-Length": "1000000"])
            context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
            let channel = context.channel
            channel.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(10)) { task in
                guard channel.isActive else { return task.cancel() }
                let part = HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: " ")))
                channel.pipeline.syncOperations.writeAndFlush(NIOAny(part), promise: nil)
            }
        }

        private func write(_ status: Int, _ text: String, _ context: ChannelHandlerContext) {
            let head = HTTPResponseHead(
                version: .http1_1, status: HTTPResponseStatus(statusCode: status),
                headers: ["Content-Length": "\(text.utf8.count)", "Content-Type": "application/json"])
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
