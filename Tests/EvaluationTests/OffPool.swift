import Glibc

/// Runs `body`, which may block, on a thread of its own.
func offPool<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    return try await withCheckedThrowingContinuation { continuation in
        let start = Unmanaged.passRetained(Start { continuation.resume(with: Result { try body() }) })
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, start.toOpaque())
        precondition(failure == 0, "no thread can be started")
        pthread_detach(thread)
    }
}

private final class Start {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
}
