import Glibc

/// A time in UTC, with its text form (RFC 3339).
///
/// NIO's modules also declare C's `timespec`, so in files that import them, the compiler finds the name ambiguous. The clock
/// is therefore read here.
public struct Timestamp {
    /// `2026-01-31`
    public let date: String
    /// `12:00:00`
    public let time: String
    private let milliseconds: Int

    /// - Parameter seconds: since 1970.
    public init(_ seconds: Int) { self.init(seconds, milliseconds: 0) }

    /// The current time.
    public static var now: Timestamp {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Timestamp(now.tv_sec, milliseconds: now.tv_nsec / 1_000_000)
    }

    private init(_ seconds: Int, milliseconds: Int) {
        var seconds = time_t(seconds)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        date = "\(digits(parts.tm_year + 1900, 4))-\(digits(parts.tm_mon + 1))-\(digits(parts.tm_mday))"
        time = "\(digits(parts.tm_hour)):\(digits(parts.tm_min)):\(digits(parts.tm_sec))"
        self.milliseconds = milliseconds
    }

    /// `2026-01-31T12:00:00Z`
    public var text: String { "\(date)T\(time)Z" }

    /// `2026-01-31T12:00:00.000Z`
    public var textWithMilliseconds: String { "\(date)T\(time).\(digits(Int32(milliseconds), 3))Z" }
}

/// Seconds on a clock that only goes forward, from an arbitrary start.
public func monotonicSeconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}

private func digits(_ number: Int32, _ count: Int = 2) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, count - text.count)) + text
}
