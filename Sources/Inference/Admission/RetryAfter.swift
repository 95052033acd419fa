/// The pause that a server requests in its headers: `retry-after-ms`, or `Retry-After` (RFC 9110, section
/// 10.2.3) in seconds or as a date.
struct RetryAfter: Hashable {
    /// More than anybody waits, and little enough to calculate with.
    private static let maximum = Duration.seconds(1_000_000)

    let pause: Duration

    /// - Parameter seconds: the time by the wall clock, in seconds since 1970, which a date is compared with.
    /// - Returns: nil if no header has a valid value.
    init?(milliseconds: String?, retryAfter: String?, seconds now: Int) {
        let pause: Duration
        if let value = milliseconds.flatMap(Double.init), value >= 0 {
            pause = .milliseconds(min(value, 1e9))
        } else if let value = retryAfter.flatMap(Double.init), value >= 0 {
            pause = .seconds(min(value, 1e6))
        } else if let date = retryAfter.flatMap(secondsSince1970(ofHTTPDate:)) {
            pause = .seconds(max(0, date - now))
        } else {
            return nil
        }
        self.pause = min(pause, Self.maximum)
    }
}

/// The seconds since 1970 of a date such as `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that servers may send today.
func secondsSince1970(ofHTTPDate text: String) -> Int? {
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let parts = text.split(separator: " ")
    guard parts.count == 6, parts[5] == "GMT", let day = Int(parts[1]), (1...31).contains(day),
        let month = months.firstIndex(of: String(parts[2])), let year = Int(parts[3]), (1970...9999).contains(year)
    else { return nil }
    let clock = parts[4].split(separator: ":").compactMap { Int($0) }
    guard clock.count == 3, (0..<24).contains(clock[0]), (0..<60).contains(clock[1]), (0...60).contains(clock[2]) else {
        return nil
    }
    // Years that begin in March have their leap day at the end, and months of 31 and 30 days in a pattern of five.
    let marchYear = month < 2 ? year - 1 : year
    let daysInYear = (153 * ((month + 10) % 12) + 2) / 5 + day - 1
    let days = 365 * marchYear + marchYear / 4 - marchYear / 100 + marchYear / 400 + daysInYear - 719_468
    return ((days * 24 + clock[0]) * 60 + clock[1]) * 60 + clock[2]
}
