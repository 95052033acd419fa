import Glibc
import ScorerHost
import Synchronization

/// Turns the first SIGINT or SIGTERM into a cancellation, and the second into the end of the process.
///
/// Signals are taken by a thread of their own that waits for them, so nothing runs in a signal handler.
final class Interruption: Sendable {
    private let cancellation: Cancellation
    private let action = Mutex<(@Sendable () -> Void)?>(nil)

    init(cancelling cancellation: Cancellation) {
        self.cancellation = cancellation
        // Writing to a closed pipe is an error to report, not a reason to vanish.
        signal(SIGPIPE, SIG_IGN)
        // Threads that are started later inherit the mask.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(self).toOpaque()
        pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Interruption>.fromOpaque(argument).takeRetainedValue().wait()
            }, argument)
        pthread_detach(thread)
    }

    /// Runs `action` after the cancellation, on the thread that waits for signals.
    func onCancel(_ action: @escaping @Sendable () -> Void) {
        self.action.withLock { $0 = action }
    }

    private func wait() -> Never {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        while true {
            var caught: Int32 = 0
            guard sigwait(&signals, &caught) == 0 else { continue }
            if cancellation.isCancelled { _exit(130) }
            cancellation.cancel()
            action.withLock { $0 }?()
            printError("assay: stopping; the rows in work are finished first, interrupt again to stop at once")
        }
    }
}
