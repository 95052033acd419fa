import Concurrency
import Glibc

/// A thread for starting processes from, which stays until this process ends.
final class Launcher: Sendable {
    static var shared: Launcher { ofProcess.value }
    private static let ofProcess = PerProcess { Launcher() }

    private struct State {
        var isRunning = false
        var jobs: [@Sendable () -> Void] = []
    }

    private let state = Monitor(State())

    /// Runs `body` on the thread, and returns what it returns.
    func run<Value>(_ body: @escaping @Sendable () -> Value) -> Value {
        let result = Monitor<Handed<Value>?>(nil)
        let isRunning = state.update { state in
            if !state.isRunning, let thread = try? startThread(takesSignals: false, { [self] in work() }) {
                pthread_detach(thread)
                state.isRunning = true
            }
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

    private func work() -> Never {
        while true {
            let job = state.wait { state in state.jobs.isEmpty ? nil : state.jobs.removeFirst() }
            job()
        }
    }
}
