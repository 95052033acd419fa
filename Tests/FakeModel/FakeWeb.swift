import NIOCore
public import NIOHTTP1
import NIOPosix
import Synchronization

/// A web server on 127.0.0.1 that answers each path, query included, with what it was given.
public final class FakeWeb: Sendable {
    public struct Page: Sendable {
        public var status: Int
        public var headers: [(String, String)]
        public var body: String
        /// Whether the body is announced as longer, and goes on with a byte now and then.
        public var isEndless: Bool

        public init(
            status: Int = 200, headers: [(String, String)] = [], body: String = "", isEndless: Bool = false
        ) {
            self.status = status
            self.headers = headers
            self.body = body
            self.isEndless = isEndless
        }
    }

    private let log: Log
    private let channel: any Channel

    public init(_ answer: @escaping @Sendable (HTTPRequestHead) -> Page) async throws {
        let log = Log()
        self.log = log
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(answer: answer, log: log))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    public var port: Int { channel.localAddress?.port ?? 0 }
    public var url: String { "http://127.0.0.1:\(port)" }
    public var requests: [HTTPRequestHead] { log.heads.withLock { $0 } }

    public func stop() async throws { try await channel.close() }

    private final class Log: Sendable {
        let heads = Mutex<[HTTPRequestHead]>([])
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        let answer: @Sendable (HTTPRequestHead) -> Page
        let log: Log

        init(answer: @escaping @Sendable (HTTPRequestHead) -> Page, log: Log) {
            self.answer = answer
            self.log = log
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .head(let head) = unwrapInboundIn(data) else { return }
            log.heads.withLock { $0.append(head) }
            let page = answer(head)
            var headers = HTTPHeaders(page.headers)
            headers.add(name: "Content-Length", value: "\(page.isEndless ? 1 << 20 : page.body.utf8.count)")
            let status = HTTPResponseStatus(statusCode: page.status)
            context.write(
                wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))),
                promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: page.body)))), promise: nil)
            if page.isEndless { return drip(context) }
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }

        private func drip(_ context: ChannelHandlerContext) {
            guard context.channel.isActive else { return }
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: "1")))), promise: nil)
            context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(50)) { self.drip(context) }
        }
    }
}
