import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A forward proxy on 127.0.0.1 that counts what goes through it.
///
/// It opens tunnels (CONNECT) and forwards requests with a whole URL, each over a connection of its own. It does not
/// slow down a sender whose receiver is slow, so that large answers are held in memory.
public final class FakeProxy: Sendable {
    /// One request to the proxy.
    public struct ProxiedRequest: Sendable, Hashable {
        /// `CONNECT`, or the method of the request that was forwarded.
        public let method: String
        /// `host:port` for CONNECT, else the whole URL.
        public let target: String
        /// The header `Proxy-Authorization`.
        public let authorization: String?
    }

    /// The port it listens on.
    public let port: Int

    private let group: MultiThreadedEventLoopGroup
    private let isStopped = Mutex(false)
    private let book: ProxyBook

    /// Starts a proxy, on a free port if `port` is 0.
    ///
    /// - Parameter names: where it finds hosts that nobody else knows, `host:port` by `host:port`.
    public init(port: Int = 0, names: [String: String] = [:]) throws(FakeModelError) {
        let book = ProxyBook(names: names)
        self.book = book
        (group, self.port) = try listen(on: port, threads: 1) { channel in
            channel.eventLoop.makeCompletedFuture {
                let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
                try channel.pipeline.syncOperations.addHandler(decoder)
                try channel.pipeline.syncOperations.addHandler(ProxyHandler(book, decoder))
            }
        }
    }

    deinit {
        stop()
    }

    /// What to put into `http_proxy`: `http://127.0.0.1:PORT`.
    public var url: String { "http://127.0.0.1:\(port)" }

    /// The requests so far, in the order in which they arrived.
    public var requests: [ProxiedRequest] { book.requests.withLock { $0 } }

    /// Closes the port and all connections, and waits until that is done.
    public func stop() {
        let wasStopped = isStopped.withLock { isStopped in
            defer { isStopped = true }
            return isStopped
        }
        if !wasStopped { try? group.syncShutdownGracefully() }
    }
}

/// The requests to a proxy, shared with its handlers.
private final class ProxyBook: Sendable {
    let requests = Mutex<[FakeProxy.ProxiedRequest]>([])
    let names: [String: String]

    init(names: [String: String]) {
        self.names = names
    }
}

/// Reads one request of a client, connects to where it wants to go, and passes bytes on from then.
private final class ProxyHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let book: ProxyBook
    private let decoder: ByteToMessageHandler<HTTPRequestDecoder>
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(_ book: ProxyBook, _ decoder: ByteToMessageHandler<HTTPRequestDecoder>) {
        self.book = book
        self.decoder = decoder
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(var part): body.writeBuffer(&part)
        case .end:
            guard let head else { return }
            let request = FakeProxy.ProxiedRequest(
                method: head.method.rawValue, target: head.uri,
                authorization: head.headers.first(name: "proxy-authorization"))
            book.requests.withLock { $0.append(request) }
            if head.method == .CONNECT { openTunnel(to: head.uri, context) } else { forward(head, context) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func openTunnel(to target: String, _ context: ChannelHandlerContext) {
        connect(to: target, defaultPort: 443, context) { [self] upstream in
            let client = context.channel
            let pipeline = client.pipeline.syncOperations
            let answer = ByteBuffer(string: "HTTP/1.1 200 Connection established\r\n\r\n")
            // The client sends nothing more before it has the answer, so the handlers can be exchanged in peace.
            pipeline.removeHandler(decoder).and(pipeline.removeHandler(self)).whenSuccess { _ in
                client.pipeline.addHandler(RelayHandler(to: upstream)).whenSuccess {
                    client.writeAndFlush(answer, promise: nil)
                }
            }
        }
    }

    private func forward(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let scheme = "http://"
        guard head.uri.lowercased().hasPrefix(scheme) else { return refuse("400 Bad Request", context) }
        let rest = head.uri.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" }
        let path = rest.dropFirst(authority.count)
        var text = "\(head.method.rawValue) \(path.isEmpty ? "/" : path) HTTP/1.1\r\n"
        // The answer's end is the end of the connection, so that its bytes can be passed on without being read.
        for (name, value) in head.headers where !["connection", "proxy-authorization"].contains(name.lowercased()) {
            text += "\(name): \(value)\r\n"
        }
        let request = ByteBuffer(string: text + "Connection: close\r\n\r\n")
        connect(to: String(authority), defaultPort: 80, context) { [body] upstream in
            upstream.write(request, promise: nil)
            upstream.writeAndFlush(body, promise: nil)
        }
    }

    private func connect(
        to target: String, defaultPort: Int, _ context: ChannelHandlerContext,
        then action: @escaping (any Channel) -> Void
    ) {
        let target = book.names[target] ?? target
        let colon = target.lastIndex(of: ":") ?? target.endIndex
        let port = Int(target[colon...].dropFirst()) ?? defaultPort
        let client = context.channel
        ClientBootstrap(group: context.eventLoop)
            .channelInitializer { upstream in
                keepFromChildren(upstream).flatMap { upstream.pipeline.addHandler(RelayHandler(to: client)) }
            }
            .connect(host: String(target[..<colon]), port: port)
            .assumeIsolated()
            .whenComplete { result in
                switch result {
                case .success(let upstream):
                    // A client that gives up takes its connection to the server with it.
                    client.closeFuture.whenComplete { _ in upstream.close(promise: nil) }
                    action(upstream)
                case .failure: self.refuse("502 Bad Gateway", context)
                }
            }
    }

    private func refuse(_ status: String, _ context: ChannelHandlerContext) {
        let answer = ByteBuffer(string: "HTTP/1.1 \(status)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        let channel = context.channel
        channel.writeAndFlush(answer).whenComplete { _ in channel.close(promise: nil) }
    }
}

/// Passes all bytes of its connection on to another one, and the end of it too.
private final class RelayHandler: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let peer: any Channel

    init(to peer: any Channel) {
        self.peer = peer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        peer.writeAndFlush(unwrapInboundIn(data), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        // Behind the bytes that are still to be written.
        let peer = peer
        peer.writeAndFlush(ByteBuffer()).whenComplete { _ in peer.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
