import Glibc

/// A thread of its own, for work that blocks.
struct JobThread {
    private let handle: pthread_t

    /// Starts the thread.
    init(_ body: @escaping @Sendable () -> Void) throws(EvaluationError) {
        final class Start {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
        pthread_attr_init(attributes)
        defer {
            pthread_attr_destroy(attributes)
            attributes.deallocate()
        }
        pthread_attr_setstacksize(attributes, 8 << 20)
        let start = Unmanaged.passRetained(Start(body))
        var handle = pthread_t()
        let failure = pthread_create(
            &handle, attributes,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, start.toOpaque())
        guard failure == 0 else {
            start.release()
            throw EvaluationError(
                .unavailable, "no thread for jobs could be started: \(String(cString: strerror(failure)))")
        }
        self.handle = handle
    }

    /// Waits until the thread has ended. Once.
    func join() { pthread_join(handle, nil) }
}
