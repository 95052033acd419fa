import NIOCore
import NIOPosix
import Synchronization

/// Runs tasks on the thread of an event loop, on which the awaited responses arrive.
///
/// Tasks on Swift's own pool, which has as many threads as there are cores, would stand still while a program blocks
/// all of these, and could not unblock it.
final class EventLoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    private init(_ loop: any EventLoop) {
        self.loop = loop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// One for each of the process's event loops, in turn.
    static func next() -> EventLoopExecutor {
        all[Int(turn.wrappingAdd(1, ordering: .relaxed).oldValue % UInt(all.count))]
    }

    private static let all = MultiThreadedEventLoopGroup.singleton.makeIterator().map { EventLoopExecutor($0) }
    private static let turn = Atomic<UInt>(0)
}
