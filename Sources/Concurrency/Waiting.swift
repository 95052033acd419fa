/// Runs a task to its end while this thread, which must be one that may block, waits; cancels it with `cancellation`.
@discardableResult
package func waiting<Value: Sendable, Failure: Error>(
    _ cancellation: Cancellation = Cancellation(), _ body: @escaping @Sendable () async throws(Failure) -> Value
) throws(Failure) -> Value {
    let outcome = Monitor<Result<Value, Failure>?>(nil)
    let task = Task {
        let result: Result<Value, Failure>
        do throws(Failure) {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        outcome.update { $0 = result }
    }
    cancellation.onCancel { task.cancel() }
    return try outcome.wait { $0 }.get()
}
