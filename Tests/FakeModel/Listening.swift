import Glibc
import NIOCore
import NIOPosix

/// Listens on a port of 127.0.0.1 with event loops of its own, and says which port it is.
func listen(
    on port: Int, threads: Int, _ initialize: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
) throws(FakeModelError) -> (MultiThreadedEventLoopGroup, Int) {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: max(threads, 1))
    do {
        let channel = try ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .serverChannelInitializer(keepFromChildren)
            .childChannelInitializer { channel in keepFromChildren(channel).flatMap { initialize(channel) } }
            .bind(host: "127.0.0.1", port: port)
            .wait()
        return (group, channel.localAddress?.port ?? port)
    } catch {
        try? group.syncShutdownGracefully()
        throw FakeModelError("cannot listen on 127.0.0.1:\(port): \(error)")
    }
}

/// Keeps a connection from the processes that this one starts.
///
/// NIO does not. A child that holds it too would keep it open after it was closed here, and a drop would go unnoticed.
@Sendable func keepFromChildren(_ channel: any Channel) -> EventLoopFuture<Void> {
    channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { descriptor in
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
    }
}
