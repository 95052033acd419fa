import Glibc

/// A thread for starting processes from, which stays until this process ends.
final class Launcher: Sendable {
    static let shared = Launcher()

    private struct State {
        var isRunning = false
        var jobs: [@Sendable () -> Void] = []
    }

    private let state = Monitor(State())

    /// Runs `body` on the thread, and returns what it returns.
    func run<Value>(_ body: @escaping @Sendable () -> Value) -> Value {
        let result = Monitor<Handed<Value>?>(nil)
        let isRunning = state.update { state in
            if !state.isRunning { state.isRunning = startThread() }
            if state.isRunning {
                state.jobs.append {
                    let value = Handed(value: body())
                    result.update { $0 = value }
                }
            }
            return state.isRunning
        }
        // Without the thread, a worker lives as long as the caller's.
        if !isRunning { return body() }
        return result.wait { $0 }.value
    }

    /// What one thread hands to another.
    ///
    /// `@unchecked Sendable`: the first has no further use for it.
    private struct Handed<Value>: @unchecked Sendable { var value: Value }

    private func startThread() -> Bool {
        var thread = pthread_t()
        var old = sigset_t()
        var all = sigset_t()
        // Signals are for the threads of whoever uses this.
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, &old)
        defer { pthread_sigmask(SIG_SETMASK, &old, nil) }
        let argument = Unmanaged.passRetained(self)
        let failure = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Launcher>.fromOpaque(argument).takeRetainedValue().work()
            }, argument.toOpaque())
        if failure != 0 {
            argument.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    private func work() -> Never {
        while true {
            let job = state.wait { state in state.jobs.isEmpty ? nil : state.jobs.removeFirst() }
            job()
        }
    }
}
