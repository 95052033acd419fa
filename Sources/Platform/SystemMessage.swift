public import Glibc

/// The system's message for an error, such as `No such file or directory`.
///
/// - Parameter code: the error's number; by default that of the calling thread's last failed call.
public func systemMessage(_ code: Int32 = errno) -> String {
    strerror(code).map { String(cString: $0) } ?? "error \(code)"
}
