import Glibc
import JSON
public import Logging
import Platform
import Store

/// Writes each log record to standard error, as a JSON object on one line.
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

    /// A number if the value is one, otherwise a string.
    private static func json(_ value: Logger.Metadata.Value) -> JSONValue {
        guard case .stringConvertible(let value) = value else { return .string(value.description) }
        return switch value {
        case let number as Int: JSONValue(number)
        case let number as Double where number.isFinite: JSONValue(number)
        default: .string(value.description)
        }
    }

    public func log(event: LogEvent) {
        var record: JSONObject = [
            "time": .string(Timestamp.now.textWithMilliseconds), "level": .string(event.level.rawValue),
            "message": .string(event.message.description),
        ]
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) where record[key] == nil {
            record[key] = Self.json(value)
        }
        var line = JSONValue.object(record).text.visible + "\n"
        // One call per line, so that lines of several threads do not mix. A line that cannot be written is dropped.
        line.withUTF8 { bytes in _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
    }
}
