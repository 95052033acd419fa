import Glibc

/// How many threads a process has, and the processor time that they have used, in user mode and in the kernel.
///
/// From `/proc/PID/stat`, which anybody may read; fields as in proc_pid_stat(5).
struct ProcessUsage {
    var threadCount: Int
    var processorTime: Duration

    init?(of process: pid_t) {
        let descriptor = open("/proc/\(process)/stat", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let line = withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 1) { buffer in
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            return Array(buffer.prefix(max(count, 0)))
        }
        // The second field is the program's name in parentheses, which may hold anything. As bytes: in a text, a name that
        // ends with U+0600, say, makes one character of itself and the parenthesis.
        guard let end = line.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = line[(end + 1)...].split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
        let (userTime, systemTime, threads) = (14 - 3, 15 - 3, 20 - 3)
        guard fields.count > threads, let user = Int(fields[userTime]), let system = Int(fields[systemTime]),
            let count = Int(fields[threads])
        else { return nil }
        threadCount = count
        let ticks = max(sysconf(Int32(_SC_CLK_TCK)), 1)
        processorTime = .milliseconds((user + system) * 1000 / ticks)
    }
}
