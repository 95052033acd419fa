import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOPosix
import NIOSSL
import Synchronization

/// A server on 127.0.0.1 that speaks the API of an OpenAI-compatible model and does with each request what it is told.
///
///     let server = try FakeModelServer(.answer("C").failing(first: 1, with: .status(500)))
///     defer { server.stop() }
///     … ask server.url …
///     #expect(server.totals.askedAgain == 0)
///
/// It answers POST …/chat/completions, …/completions, …/embeddings, …/responses and …/messages, whatever the prefix, by its
/// behaviour, as a stream of events where the request has `"stream": true`; GET
/// …/models with the one model `fake`; anything else with status 404. It speaks HTTP/1.1, and over TLS HTTP/2 too.
///
/// It has agents, too, with the API of a Llama Stack server: POST …/agents, …/agents/ID/session and
/// …/agents/ID/session/ID/turn are answered by its behaviour, which for the first two means that an agent or a session is
/// created, unless the behaviour fails.
public final class FakeModelServer: Sendable {
    /// The certificate (a chain) and the private key of a server that speaks TLS, as paths of PEM files.
    public struct TLS: Sendable {
        public var certificate: String
        public var key: String

        public init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// The port it listens on.
    public let port: Int
    /// The base of its API: `http://127.0.0.1:PORT/v1`, with `https` where it has a certificate.
    public let url: String

    private let desk: RequestDesk
    private let group: MultiThreadedEventLoopGroup
    private let isStopped = Mutex(false)

    /// Starts a server.
    ///
    /// - Parameters:
    ///   - behaviour: what it does until `behaviour` is replaced.
    ///   - port: the port to listen on; 0 for one that is free.
    ///   - tls: a certificate; without one it speaks plain HTTP/1.1.
    ///   - threads: the number of its event loops.
    ///   - keepsRequests: whether `requests` is filled. The totals and tallies are kept anyway.
    ///   - log: a file that gets a line for each request.
    public init(
        _ behaviour: Behaviour, port: Int = 0, tls: TLS? = nil, threads: Int = 1, keepsRequests: Bool = true,
        log: RequestLog? = nil
    ) throws(FakeModelError) {
        let desk = RequestDesk(behaviour, RequestLedger(keepsRequests: keepsRequests, log: log))
        let context = try tls.map(makeContext)
        (group, self.port) = try listen(on: port, threads: threads) { channel in
            desk.ledger.countConnection()
            return addHandlers(to: channel, context: context, desk: desk)
        }
        self.desk = desk
        url = "\(tls == nil ? "http" : "https")://127.0.0.1:\(self.port)/v1"
    }

    deinit {
        stop()
    }

    /// Closes the port and all connections. Waits until that is done; requests under way are abandoned.
    public func stop() {
        let wasStopped = isStopped.withLock { isStopped in
            defer { isStopped = true }
            return isStopped
        }
        // It can only fail where the group has been shut down before.
        if !wasStopped { try? group.syncShutdownGracefully() }
    }

    /// What is done with the requests that arrive from now on.
    public var behaviour: Behaviour {
        get { desk.behaviour }
        set { desk.behaviour = newValue }
    }

    /// Forgets all agents and sessions, as a server does that is started anew.
    ///
    /// - Parameter status: what it answers about those that it does not know; Llama Stack answers 400.
    public func forgetAgents(answering status: Int = 400) {
        desk.agents.forget(answering: status)
    }

    /// How many agents and sessions were created and not deleted yet.
    public var livingAgents: (agents: Int, sessions: Int) { desk.agents.counts }

    /// The requests so far, in the order in which they arrived; none if they are not kept.
    public var requests: [ReceivedRequest] {
        settle()
        return desk.ledger.requests
    }

    /// The numbers of all requests so far.
    ///
    /// What a client has read is in them. That it gave up is noticed a moment after it did, when `inFlight` falls.
    public var totals: RequestTotals {
        settle()
        return desk.ledger.totals
    }

    /// How often a body was asked, and answered.
    public func tally(ofBody body: String) -> BodyTally {
        settle()
        return desk.ledger.tally(of: body)
    }

    /// Waits until every answer that a client may have read already is in the books.
    ///
    /// An event loop enters an answer right after it has written it, before it does anything else. Code that runs on an
    /// event loop itself, such as a behaviour's, must not wait and sees the books as they are.
    private func settle() {
        guard MultiThreadedEventLoopGroup.currentEventLoop == nil else { return }
        isStopped.withLock { isStopped in
            guard !isStopped else { return }
            for loop in group.makeIterator() { try? loop.submit {}.wait() }
        }
    }
}

/// What the handlers of all connections share: the behaviour of the moment and the books.
final class RequestDesk: Sendable {
    let ledger: RequestLedger
    let agents = AgentBook()
    private let current: Mutex<Behaviour>

    init(_ behaviour: Behaviour, _ ledger: RequestLedger) {
        current = Mutex(behaviour)
        self.ledger = ledger
    }

    var behaviour: Behaviour {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }
}

private func makeContext(_ tls: FakeModelServer.TLS) throws(FakeModelError) -> NIOSSLContext {
    do {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(tls.certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: tls.key, format: .pem)))
        configuration.applicationProtocols = NIOHTTP2SupportedALPNProtocols
        return try NIOSSLContext(configuration: configuration)
    } catch {
        throw FakeModelError("cannot use the certificate \(tls.certificate) with the key \(tls.key): \(error)")
    }
}

/// Prepares a connection that was accepted.
private func addHandlers(
    to channel: any Channel, context: NIOSSLContext?, desk: RequestDesk
) -> EventLoopFuture<Void> {
    guard let context else { return addHTTP1Handlers(to: channel, desk: desk) }
    return channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
    }.flatMap {
        channel.configureHTTP2SecureUpgrade(
            h2ChannelConfigurator: { addHTTP2Handlers(to: $0, desk: desk) },
            http1ChannelConfigurator: { addHTTP1Handlers(to: $0, desk: desk) })
    }
}

private func addHTTP1Handlers(to channel: any Channel, desk: RequestDesk) -> EventLoopFuture<Void> {
    channel.eventLoop.makeCompletedFuture {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandlers([
            RawBytesHandler(), HTTPResponseEncoder(), ByteToMessageHandler(HTTPRequestDecoder()),
        ])
        try pipeline.addHandler(ExchangeHandler(desk, .http1))
    }
}

private func addHTTP2Handlers(to channel: any Channel, desk: RequestDesk) -> EventLoopFuture<Void> {
    // A client may reset as many streams as it wants to; guarding against that is not what is tested here.
    var streams = NIOHTTP2Handler.StreamConfiguration()
    streams.streamResetFrameRateLimit.maximumCount = .max
    streams.streamErrorRateLimit.maximumCount = .max
    return channel.configureHTTP2Pipeline(
        mode: .server, connectionConfiguration: .init(), streamConfiguration: streams
    ) { stream in
        stream.eventLoop.makeCompletedFuture {
            let pipeline = stream.pipeline.syncOperations
            try pipeline.addHandler(HTTP2FramePayloadToHTTP1ServerCodec())
            try pipeline.addHandler(ExchangeHandler(desk, .http2))
        }
    }.map { _ in }
}
