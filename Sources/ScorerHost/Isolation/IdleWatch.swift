import Concurrency
import Glibc

/// Has pools end workers that are of no use, from a thread of its own, while there are any workers.
final class IdleWatch: Sendable {
    static var shared: IdleWatch { ofProcess.value }
    private static let ofProcess = PerProcess { IdleWatch() }

    private struct WeakPool: Sendable { weak var pool: WorkerPool? }

    private struct State {
        var isRunning = false
        var pools: [WeakPool] = []
    }

    private let state = Monitor(State())

    /// How often workers are looked at, in milliseconds.
    private static let interval: Int32 = 500

    /// Looks after a pool until it has no workers left.
    func add(_ pool: WorkerPool) {
        state.update { state in
            state.pools.append(WeakPool(pool: pool))
            guard !state.isRunning, let thread = try? startThread(takesSignals: false, { [self] in work() }) else {
                return
            }
            pthread_detach(thread)
            state.isRunning = true
        }
    }

    private func work() {
        while true {
            let pools = state.wait { $0.pools.isEmpty ? nil : $0.pools }
            let useless = pools.filter { !($0.pool?.endUselessWorkers() ?? false) }
            state.update { state in
                for pool in useless {
                    let index = state.pools.firstIndex { $0.pool === pool.pool }
                    if let index { state.pools.remove(at: index) }
                }
            }
            poll(nil, 0, Self.interval)
        }
    }
}
