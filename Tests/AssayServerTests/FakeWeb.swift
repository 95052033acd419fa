import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A web server on 127.0.0.1 that answers each path, query included, with what it was given.
final class FakeWeb: Sendable {
    struct Page: Sendable {
        var status = 200
        var headers: [(String, String)] = []
        var body = ""
        /// Whether the body is announced as longer, and goes on with a byte now and then.
        var isEndless = false
    }

    private let log: Log
    private let channel: any Channel

    init(_ answer: @escaping @Sendable (HTTPRequestHead) -> Page) async throws {
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

    var port: Int { channel.localAddress?.port ?? 0 }
    var url: String { "http://127.0.0.1:\(port)" }
    var requests: [HTTPRequestHead] { log.heads.withLock { $0 } }

    func stop() async throws { try await channel.close() }

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
