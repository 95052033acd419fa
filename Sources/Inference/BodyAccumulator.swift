import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

/// Collects a response, and keeps what there is of it when the connection fails.
final class BodyAccumulator: HTTPClientResponseDelegate {
    typealias Response = Void

    struct TooLarge: Error {}

    private struct State {
        var head: HTTPResponseHead?
        var body = ByteBuffer()
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: the largest body that is taken, in bytes.
    init(limit: Int) {
        self.limit = limit
    }

    /// What has arrived; nil if not even the head has.
    var received: (head: HTTPResponseHead, body: ByteBuffer)? {
        state.withLock { state in state.head.map { ($0, state.body) } }
    }

    func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        state.withLock { $0.head = head }
        return isTooLarge(Int(head.headers.first(name: "Content-Length") ?? "") ?? 0)
            ? task.eventLoop.makeFailedFuture(TooLarge()) : task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ part: ByteBuffer) -> EventLoopFuture<Void> {
        let size = state.withLock { state in
            if state.body.readableBytes == 0 { state.body = part } else { state.body.writeImmutableBuffer(part) }
            return state.body.readableBytes
        }
        return isTooLarge(size) ? task.eventLoop.makeFailedFuture(TooLarge()) : task.eventLoop.makeSucceededVoidFuture()
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) {}

    private func isTooLarge(_ size: Int) -> Bool { size > limit }
}
