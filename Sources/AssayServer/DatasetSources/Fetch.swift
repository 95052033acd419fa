import Concurrency
import NIOCore
import Synchronization
import Web

extension WebClient {
    /// Gets something from the web. Blocks its thread, and ends early with `cancellation`.
    ///
    /// - Parameters:
    ///   - paceSeconds: the time over which the server has to send a kibibyte of a body for each second, once that time
    ///     has passed for the first time.
    ///   - body: takes the body of an answer with status 200, piece by piece.
    func fetch(
        _ request: Request, paceSeconds: Int, cancellation: Cancellation,
        body: @escaping @Sendable (ByteBuffer) throws -> Void
    ) throws -> Response {
        try waiting(cancellation) {
            try await withThrowingTaskGroup(of: Response?.self) { tasks in
                defer { tasks.cancelAll() }
                let received = ByteCount()
                tasks.addTask {
                    try await self.get(request) { piece in
                        received.add(piece.readableBytes)
                        try body(piece)
                    }
                }
                tasks.addTask {
                    try await watchPace(of: received, over: paceSeconds)
                    return nil
                }
                tasks.addTask {
                    try await Task.sleep(for: request.timeout)
                    let seconds = Int(request.timeout / .seconds(1))
                    throw TransportFailure(.timedOut, "it has not been sent as a whole within \(seconds) s")
                }
                guard let response = try await tasks.next() ?? nil else { throw SlowServer(seconds: paceSeconds) }
                return response
            }
        }
    }
}

/// Bytes that have arrived.
private final class ByteCount: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    func add(_ more: Int) { count.withLock { $0 += more } }
}

/// Waits until less than a kibibyte per second has arrived over some period, except the first such period.
private func watchPace(of received: ByteCount, over seconds: Int) async throws {
    try await Task.sleep(for: .seconds(seconds))
    var before: Int
    repeat {
        before = received.value
        try await Task.sleep(for: .seconds(seconds))
    } while received.value - before >= seconds << 10
}

/// A server that would take forever.
private struct SlowServer: Error, CustomStringConvertible {
    var seconds: Int
    var description: String { "it sent less than \(seconds) KiB in \(seconds) seconds" }
}
