import CThreads
package import Glibc
import Platform

/// The stack of threads, in bytes, which plugins may use.
private let stackSize = 8 << 20

/// Runs `body` on `count` threads, numbered from 0, and returns when all have ended. The first is the calling thread, unless its
/// stack is small, as those of a Java program's threads are; where others cannot be started, there are fewer.
///
/// Plugins run on such threads, so who calls this has one that may be blocked: none of Swift's concurrency.
package func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    var threads: [pthread_t] = []
    // Less than all of it: the system takes some for itself.
    let isCallerFirst = cthreads_stack_size() >= stackSize / 4 * 3
    for index in (isCallerFirst ? 1 : 0)..<max(1, count) {
        guard let thread = try? startThread({ body(index) }) else { break }
        threads.append(thread)
    }
    if isCallerFirst || threads.isEmpty { body(0) }
    for thread in threads { pthread_join(thread, nil) }
}

/// Runs `other` on a thread of its own while `body` runs on this one, and returns when both have ended.
///
/// - Throws: if no thread can be started; neither has run then.
package func withThread(
    running other: @escaping @Sendable () -> Void, _ body: () -> Void
) throws(ThreadError) {
    let thread = try startThread(other)
    body()
    pthread_join(thread, nil)
}

/// The system has no thread to give.
package struct ThreadError: Error, CustomStringConvertible {
    var code: Int32

    package var description: String { "no thread could be started: \(systemMessage(code))" }
}

/// Starts a thread with a stack of 8 MiB. It is to be joined.
///
/// - Parameter takesSignals: whether signals to the process may be handled on it.
package func startThread(
    takesSignals: Bool = true, _ body: @escaping @Sendable () -> Void
) throws(ThreadError) -> pthread_t {
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
    pthread_attr_setstacksize(attributes, stackSize)
    var old = sigset_t()
    if !takesSignals {
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, &old)
    }
    defer { if !takesSignals { pthread_sigmask(SIG_SETMASK, &old, nil) } }
    let start = Unmanaged.passRetained(Start(body))
    var thread = pthread_t()
    let failure = pthread_create(
        &thread, attributes,
        { argument in
            guard let argument else { return nil }
            Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
            return nil
        }, start.toOpaque())
    if failure != 0 {
        start.release()
        throw ThreadError(code: failure)
    }
    return thread
}
