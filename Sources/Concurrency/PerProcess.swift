import Glibc
import Synchronization

/// An object for each process. A forked child has none of the threads that serve its parent's, and what they wait for would
/// never be let go.
package final class PerProcess<Value: AnyObject & Sendable>: Sendable {
    private let make: @Sendable () -> Value
    private let current = Mutex<(process: pid_t, value: Value)?>(nil)

    /// - Parameter make: makes the object of a process, when it is first wanted.
    package init(_ make: @escaping @Sendable () -> Value) { self.make = make }

    package var value: Value {
        current.withLock { current in
            let process = getpid()
            if let current, current.process == process { return current.value }
            // The parent's is left alone: its end might wait for threads that are not here.
            if let old = current?.value { _ = Unmanaged.passRetained(old) }
            let value = make()
            current = (process, value)
            return value
        }
    }
}
