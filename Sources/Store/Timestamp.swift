import Glibc

/// A moment in UTC, as texts show it (RFC 3339).
///
/// Beside NIO's modules, which declare C's `timespec` once more, the compiler does not know whose is meant; so the clock is
/// read here.
package struct Timestamp {
    /// `2026-01-31`
    package let date: String
    /// `12:00:00`
    package let time: String
    private let milliseconds: Int

    /// - Parameter seconds: since 1970.
    package init(_ seconds: Int) { self.init(seconds, milliseconds: 0) }

    /// The moment as it is now.
    package static var now: Timestamp {
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
    package var text: String { "\(date)T\(time)Z" }

    /// `2026-01-31T12:00:00.000Z`
    package var textWithMilliseconds: String { "\(date)T\(time).\(digits(Int32(milliseconds), 3))Z" }
}

private func digits(_ number: Int32, _ count: Int = 2) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, count - text.count)) + text
}
