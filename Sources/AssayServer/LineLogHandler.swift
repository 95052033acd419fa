import Glibc
import JSON
public import Logging

/// Writes each log record as a JSON object on a line of its own to standard error.
public struct LineLogHandler: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]

    public init(level: Logger.Level) {
        logLevel = level
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var record: JSONObject = [
            "time": .string(timeText()), "level": .string(event.level.rawValue),
            "message": .string(event.message.description),
        ]
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) where record[key] == nil {
            record[key] = .string(value.description)
        }
        var line = JSONValue.object(record).text + "\n"
        // One call a line, so that lines of several threads do not mix. A log that cannot be written changes nothing.
        line.withUTF8 { bytes in _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
    }
}

/// The time as RFC 3339 has it, in UTC, to the millisecond.
private func timeText() -> String {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    var parts = tm()
    gmtime_r(&now.tv_sec, &parts)
    func digits(_ number: Int, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    let date = [Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday)]
    let time = [parts.tm_hour, parts.tm_min, parts.tm_sec]
    return "\(digits(date[0], 4))-\(digits(date[1], 2))-\(digits(date[2], 2))T"
        + time.map { digits(Int($0), 2) }.joined(separator: ":") + "." + digits(now.tv_nsec / 1_000_000, 3) + "Z"
}
