public import JSON
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A server on 127.0.0.1 with a batch API, that misbehaves on command. Requests by themselves are answered, too.
///
/// A batch is carried out when it is created, and its results can be had after some questions about it. What is paid for is
/// kept by the body of the request.
public final class FakeBatchServer: Sendable {
    public enum Form: Sendable {
        case openai, together, anthropic
    }

    /// What a client can ask for.
    public enum Step: String, Sendable, CaseIterable {
        case upload, create, poll, list, results, delete, cancel, direct
    }

    /// A request of a client.
    public struct Call: Sendable {
        public var step: Step
        public var path: String
        /// How often this step has been asked for, this time included.
        public var count: Int
        public var headers: [(String, String)]
    }

    /// What is done with a call.
    public enum Reaction: Sendable {
        case pass
        /// The connection is closed before anything is done.
        case drop
        /// It is done, and the connection is closed in place of an answer.
        case dropAfter
        case status(Int, JSONValue = .null, [(String, String)] = [])
        /// The connection is closed in the middle of the answer.
        case cutOff
        /// The answer ends before its end, as if that were all.
        case shorten
        /// The body of the answer is changed.
        case change(@Sendable ([UInt8]) -> [UInt8])
    }

    /// What becomes of a request of a batch.
    public enum Outcome: Sendable {
        case reply(String)
        case status(Int, String)
        /// Without a response: `batch_expired`.
        case error(String, String)
        /// Nothing is said about it.
        case missing
    }

    /// How a batch ends.
    public struct Ending: Sendable {
        public var state: String
        public var errors: [JSONValue]

        public init(_ state: String = "completed", errors: [JSONValue] = []) {
            self.state = state
            self.errors = errors
        }
    }

    /// What the server does with batches.
    public struct Plan: Sendable {
        /// After how many questions a batch has ended.
        public var polls = 1
        /// How a batch ends, by its number from 1 and its number of requests.
        public var ending: @Sendable (Int, Int) -> Ending = { _, _ in Ending() }
        /// What becomes of a request, by its body and how often it was made before.
        public var outcome: @Sendable (JSONValue, Int) -> Outcome = { _, _ in .reply("Total rating: 7") }
        /// Whether there are lines of requests that nobody made, and some lines twice.
        public var hasNoise = false
        public init() {}
    }

    struct Batch {
        var id: String
        var requests: Int
        var inputFile: String
        var metadata: JSONValue
        var ending: Ending
        var polls = 0
        var isCancelled = false
        var output: [JSONValue] = []
        /// How many requests have a result in `output`.
        var results = 0
        var errors: [JSONValue] = []
    }

    struct State {
        var calls: [Step: Int] = [:]
        var files: [String: (name: String, bytes: [UInt8])] = [:]
        var fileCount = 0
        var batches: [Batch] = []
        var windows: [String] = []
        var made: [String: Int] = [:]
        var paid: [String: Int] = [:]
    }

    let form: Form
    let plan: Plan
    private let react: @Sendable (Call) -> Reaction
    let state = Mutex(State())
    private let group: MultiThreadedEventLoopGroup
    public let port: Int

    /// - Parameter react: what is done with a call, on the server's thread.
    public init(
        _ form: Form = .openai, _ plan: Plan = Plan(), react: @escaping @Sendable (Call) -> Reaction = { _ in .pass }
    ) throws {
        self.form = form
        self.plan = plan
        self.react = react
        let box = Box()
        (group, port) = try listen(on: 0, threads: 1) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                try channel.pipeline.syncOperations.addHandler(BatchHandler { box.server })
            }
        }
        box.server = self
    }

    deinit { stop() }

    /// What handlers reach the server by, without keeping it.
    private final class Box: Sendable {
        private struct Weak: Sendable {
            weak var server: FakeBatchServer?
        }

        private let content = Mutex(Weak())

        var server: FakeBatchServer? {
            get { content.withLock(\.server) }
            set { content.withLock { $0.server = newValue } }
        }
    }

    public var url: String { "http://127.0.0.1:\(port)/v1" }

    public func stop() { group.shutdownGracefully { _ in } }

    /// How often a step was asked for.
    public func calls(_ step: Step) -> Int { state.withLock { $0.calls[step] ?? 0 } }

    /// The numbers of requests of the batches that were created.
    public var sizes: [Int] { state.withLock { $0.batches.map(\.requests) } }

    /// The times in which batches were to be answered, in the words of their creators.
    public var windows: [String] { state.withLock(\.windows) }

    /// How often each request was answered, by its body: paid for.
    public var paid: [String: Int] { state.withLock(\.paid) }

    /// The files that were not deleted.
    public var files: Int { state.withLock(\.files.count) }

    /// What is answered, and whether the connection is closed after so many bytes.
    func answer(_ head: HTTPRequestHead, _ body: [UInt8]) -> (status: Int, [(String, String)], [UInt8], cut: Int?)? {
        let words = head.uri.split(separator: "?").first?.split(separator: "/").map(String.init) ?? []
        let step = step(head.method, words)
        let call = state.withLock { state in
            state.calls[step, default: 0] += 1
            return Call(
                step: step, path: head.uri, count: state.calls[step] ?? 0,
                headers: head.headers.map { ($0.name, $0.value) })
        }
        let reaction = react(call)
        switch reaction {
        case .drop: return nil
        case .status(let status, let json, let headers): return (status, headers, Array(json.text.utf8), nil)
        case .dropAfter:
            _ = state.withLock { perform(step, head, words, body, &$0) }
            return nil
        case .pass, .cutOff, .shorten, .change: break
        }
        var (status, headers, bytes) = state.withLock { perform(step, head, words, body, &$0) }
        if case .shorten = reaction { bytes = Array(bytes.dropLast(bytes.count / 3)) }
        if case .change(let change) = reaction { bytes = change(bytes) }
        if case .cutOff = reaction { return (status, headers, bytes, bytes.count / 2) }
        headers.append(("Content-Type", "application/json"))
        return (status, headers, bytes, nil)
    }

    private func step(_ method: HTTPMethod, _ words: [String]) -> Step {
        let last = words.last ?? ""
        if method == .DELETE { return .delete }
        if last == "cancel" { return .cancel }
        if last == "content" || last == "results" { return .results }
        if method == .PUT || last == "preprocess" || (method == .POST && last == "files") { return .upload }
        if method == .POST, last == "batches" { return .create }
        if method == .GET, last == "batches" || last == "files" { return .list }
        return method == .GET ? .poll : .direct
    }
}

/// Reads the requests of a connection, and writes what the server answers.
private final class BatchHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart
    private let server: @Sendable () -> FakeBatchServer?
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ server: @escaping @Sendable () -> FakeBatchServer?) { self.server = server }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(let part): body += part.readableBytesView
        case .end:
            guard let head, let answer = server()?.answer(head, body) else { return context.close(promise: nil) }
            body = []
            var headers = HTTPHeaders(answer.1)
            headers.add(name: "Content-Length", value: "\(answer.2.count)")
            let status = HTTPResponseStatus(statusCode: answer.status)
            context.write(
                wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))),
                promise: nil)
            let bytes = ByteBuffer(bytes: answer.cut.map { Array(answer.2.prefix($0)) } ?? answer.2)
            if answer.cut != nil {
                context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
                return context.close(promise: nil)
            }
            context.write(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
