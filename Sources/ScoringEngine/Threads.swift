import Glibc

/// Runs `body` on `count` threads of their own, numbered from 0, and returns when all have ended.
///
/// Plugins run on such threads and not on those of Swift's concurrency, which nobody may block.
package func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) throws(EngineError) {
    final class Start {
        let index: Int
        let body: @Sendable (Int) -> Void
        init(_ index: Int, _ body: @escaping @Sendable (Int) -> Void) {
            self.index = index
            self.body = body
        }
    }
    let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
    pthread_attr_init(attributes)
    defer {
        pthread_attr_destroy(attributes)
        attributes.deallocate()
    }
    pthread_attr_setstacksize(attributes, 8 << 20)
    var threads: [pthread_t] = []
    var failure: Int32 = 0
    for index in 0..<count where failure == 0 {
        let start = Unmanaged.passRetained(Start(index, body))
        var thread = pthread_t()
        failure = pthread_create(
            &thread, attributes,
            { argument in
                guard let argument else { return nil }
                let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                start.body(start.index)
                return nil
            }, start.toOpaque())
        if failure == 0 { threads.append(thread) } else { start.release() }
    }
    for thread in threads { pthread_join(thread, nil) }
    // With one thread at least, the work was done all the same.
    if threads.isEmpty {
        throw EngineError(.resources, "no thread could be started: \(String(cString: strerror(failure)))")
    }
}
