import Glibc

/// Runs `body` on `count` threads, numbered from 0, and returns when all have ended. The first is the calling thread;
/// where others cannot be started, there are fewer.
///
/// Plugins run on such threads, so who calls this has one that may be blocked: none of Swift's concurrency.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
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
    for index in 1..<max(1, count) {
        let start = Unmanaged.passRetained(Start(index, body))
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, attributes,
            { argument in
                guard let argument else { return nil }
                let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                start.body(start.index)
                return nil
            }, start.toOpaque())
        if failure != 0 {
            start.release()
            break
        }
        threads.append(thread)
    }
    body(0)
    for thread in threads { pthread_join(thread, nil) }
}
