import CWorkerProtocol
import Glibc

/// What a plugin has done to its worker process.
struct WorkerProbe {
    /// What of the process has changed since before the plugin was loaded.
    struct Change {
        var kind: UInt32
        var text: String
    }

    var process: pid_t
    /// The bytes of the heap in use.
    var heapBytes = 0
    /// The open descriptors below 64, a bit each.
    var descriptors: UInt64 = 0
    var changes: [Change] = []
    /// Nil where the system does not tell.
    var threadCount: Int?

    init(_ records: UnsafeRawBufferPointer, process: pid_t) {
        self.process = process
        var reader = RecordReader(records)
        while let (record, rest) = reader.next() {
            switch record.kind {
            case UInt32(AW_PROBED):
                heapBytes = Int(clamping: record.first)
                descriptors = record.count
            case UInt32(AW_TEXT): changes.append(Change(kind: record.type, text: String(shortened: rest)))
            default: break
            }
        }
        threadCount = Self.threadCount(of: process)
    }

    /// The line "Threads:" of /proc/PID/status, which the host may read of a worker that itself may read nothing there.
    private static func threadCount(of process: pid_t) -> Int? {
        let descriptor = open("/proc/\(process)/status", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 8192)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        let lines = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix("Threads:") }) else { return nil }
        return line.split(whereSeparator: \.isWhitespace).last.flatMap { Int($0) }
    }
}
