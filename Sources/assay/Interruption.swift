import Concurrency
import Datasets
import Glibc
import Synchronization

/// Turns the first SIGINT, SIGTERM or SIGHUP into a cancellation, and the second into the end of the process.
///
/// A separate thread waits for signals, so no code runs in a signal handler.
final class Interruption: Sendable {
    /// For reading files that options name: the first signal ends that too.
    static let reading = ReadControl()

    private let cancellation: Cancellation
    private let action = Mutex<(@Sendable () -> Void)?>(nil)

    init(cancelling cancellation: Cancellation) {
        self.cancellation = cancellation
        // Threads that start later inherit the mask. If the waiting thread cannot start, signals keep their usual effect.
        var signals = Self.signals
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        guard let thread = try? startThread({ [self] in wait() }) else {
            pthread_sigmask(SIG_UNBLOCK, &signals, nil)
            return
        }
        pthread_detach(thread)
    }

    /// Blocks the signals, for commands that start threads before they have something to cancel. A signal that arrives meanwhile
    /// takes effect when the first `Interruption` is created.
    static func hold() {
        var signals = Self.signals
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Runs `action` after the cancellation, on the thread that waits for signals.
    func onCancel(_ action: @escaping @Sendable () -> Void) {
        self.action.withLock { $0 = action }
    }

    private static var signals: sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
        return signals
    }

    private func wait() -> Never {
        var signals = Self.signals
        var first: ContinuousClock.Instant?
        while true {
            var caught: Int32 = 0
            guard sigwait(&signals, &caught) == 0 else { continue }
            if let first {
                // `timeout` and some shells send a signal to the process and another one to its group.
                if ContinuousClock.now - first < .milliseconds(500) { continue }
                _exit(130)
            }
            first = ContinuousClock.now
            cancellation.cancel()
            Self.reading.stop()
            action.withLock { $0 }?()
            printError(
                "assay: stopping after the work in progress, which may take a few seconds; interrupt again to stop at "
                    + "once"
            )
        }
    }
}
