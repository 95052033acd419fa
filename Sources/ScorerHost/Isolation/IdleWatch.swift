import Glibc

/// Has pools end workers that are of no use, from a thread of its own, while there are any workers.
final class IdleWatch: Sendable {
    static let shared = IdleWatch()

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
            if !state.isRunning { state.isRunning = startThread { [self] in work() } }
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

/// Runs `body` on a thread of its own, which takes no signals: those are for the threads of whoever uses this module.
///
/// - Returns: whether the thread could be started.
func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    var thread = pthread_t()
    var old = sigset_t()
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, &old)
    defer { pthread_sigmask(SIG_SETMASK, &old, nil) }
    let argument = Unmanaged.passRetained(Body(body))
    let failure = pthread_create(
        &thread, nil,
        { argument in
            if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
            return nil
        }, argument.toOpaque())
    if failure != 0 {
        argument.release()
        return false
    }
    pthread_detach(thread)
    return true
}
