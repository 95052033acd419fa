/// Runs a task to its end while this thread, which must be one that may block, waits; cancels it with `cancellation`.
package func waiting<Value: Sendable>(
    _ cancellation: Cancellation = Cancellation(), _ body: @escaping @Sendable () async throws -> Value
) throws -> Value {
    let outcome = Monitor<Result<Value, any Error>?>(nil)
    let task = Task {
        let result: Result<Value, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        outcome.update { $0 = result }
    }
    cancellation.onCancel { task.cancel() }
    return try outcome.wait { $0 }.get()
}

/// Runs a task that cannot fail to its end while this thread waits.
package func waitFor(_ body: @escaping @Sendable () async -> Void) {
    let hasEnded = Monitor(false)
    Task {
        await body()
        hasEnded.update { $0 = true }
    }
    hasEnded.wait { $0 ? () : nil }
}
