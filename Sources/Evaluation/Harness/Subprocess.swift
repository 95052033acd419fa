import CSubprocess
import Concurrency
import Glibc
import Platform

/// Runs a program, and ensures that neither the program nor any process that it starts outlives the run.
///
/// The program gets its own process group, which is killed when the run is over, and also when this process dies: a shell that
/// leads the group waits for the end of a pipe whose other end only this process holds. The shell's script is constant; the
/// program is passed to it as arguments, which it does not interpret.
struct Subprocess {
    /// How a program ended.
    enum Ending: Hashable {
        case status(Int32)
        case signal(Int32)
        /// Unknown, because this process ignores SIGCHLD.
        case unknown
        /// It was stopped by a cancellation.
        case cancelled
        /// It was stopped because it took too long.
        case timedOut
    }

    /// Why a program could not be started.
    struct Fault: Error {
        var message: String

        fileprivate init(_ number: Int32) {
            message = "could not be started: \(systemMessage(number))"
        }
    }

    /// How long a program has to end by itself when it is told to.
    static let grace = Duration.milliseconds(600)

    static let script = """
        exec 3<&0 4>&2 </dev/null 2>/dev/null
        trap : TERM
        { trap '' TERM; read -r line <&3; kill -KILL 0; } >/dev/null 4>&- &
        (exec 2>&4 3<&- 4>&-; exec "$@")
        status=$?
        kill -KILL $!
        exit $status
        """

    /// The program's path or, without a slash, its name to be found in the environment's PATH; and what follows it.
    var words: [String]
    /// All that it gets, as `NAME=value`.
    var environment: [String]
    /// Where it runs.
    var folder: String

    /// Runs the program to its end. Blocks its thread.
    ///
    /// - Parameter output: takes what it writes to its standard output and its standard error, as it comes.
    func run(
        cancellation: Cancellation, timeout: Duration?, output: (UnsafeRawBufferPointer) -> Void
    ) throws(Fault) -> Ending {
        var lifeline = try Pipe()
        var messages = try Pipe()
        var pid: pid_t = 0
        let failure = withCStrings(["/bin/sh", "-c", Self.script, "sh"] + words) { words in
            withCStrings(environment) { environment in
                let descriptors = [lifeline.reading, messages.writing, messages.writing]
                return sp_start(words, environment, folder, descriptors, Int32(descriptors.count), false, &pid)
            }
        }
        guard failure == 0 else { throw Fault(failure) }
        lifeline.closeReading()
        messages.closeWriting()

        let deadline = timeout.map { ContinuousClock.now + $0 }
        var reason: Ending?
        var killTime: ContinuousClock.Instant?
        while !sp_has_ended(pid) {
            messages.read(waiting: 20, output)
            let now = ContinuousClock.now
            if reason == nil {
                if cancellation.isCancelled { reason = .cancelled } else if now > deadline ?? now { reason = .timedOut }
                if reason != nil {
                    kill(-pid, SIGTERM)
                    killTime = now + Self.grace
                }
            }
            if let time = killTime, now > time {
                kill(-pid, SIGKILL)
                killTime = nil
            }
        }
        // Whatever it has left behind. The number is the group's as long as its leader has not been waited for.
        kill(-pid, SIGKILL)
        messages.read(waiting: 0, output)
        var status: Int32 = 0
        var ended: pid_t
        repeat { ended = waitpid(pid, &status, 0) } while ended < 0 && errno == EINTR
        if let reason { return reason }
        if ended != pid { return .unknown }
        if status & 0x7F != 0 { return .signal(status & 0x7F) }
        let code = status >> 8 & 0xFF
        // So shells report a signal; there are 64. What is above is a status of the program's own, such as Python's -1.
        return (129...192).contains(code) ? .signal(code - 128) : .status(code)
    }

    /// A pipe that other programs do not inherit.
    private struct Pipe: ~Copyable {
        private(set) var reading: Int32
        private(set) var writing: Int32

        init() throws(Fault) {
            var ends: [Int32] = [-1, -1]
            let failure = sp_pipe(&ends)
            guard failure == 0 else { throw Fault(failure) }
            (reading, writing) = (ends[0], ends[1])
        }

        deinit {
            if reading >= 0 { close(reading) }
            if writing >= 0 { close(writing) }
        }

        mutating func closeReading() {
            close(reading)
            reading = -1
        }

        mutating func closeWriting() {
            close(writing)
            writing = -1
        }

        /// Reads what is there, after waiting up to so many milliseconds for something to be.
        func read(waiting: Int32, _ body: (UnsafeRawBufferPointer) -> Void) {
            var request = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
            var waiting = waiting
            withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
                // A program that writes without end does not keep this thread from looking at the clock.
                for _ in 0..<64 {
                    guard poll(&request, 1, waiting) > 0 else { return }
                    waiting = 0
                    let count = Glibc.read(reading, buffer.baseAddress, buffer.count)
                    if count <= 0 {
                        // With nothing to come any more, only the end of the process is waited for.
                        usleep(5_000)
                        return
                    }
                    body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                }
            }
        }
    }
}

/// The program that a name stands for: the path of a file that can be executed, found in `path` where the name has no
/// slash.
func executable(_ name: String, path: String) -> String? {
    func isExecutable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }
    if name.contains("/") {
        guard isExecutable(name) else { return nil }
        // It will run in another folder.
        guard !name.hasPrefix("/"), let folder = getcwd(nil, 0) else { return name }
        defer { free(folder) }
        return "\(String(cString: folder))/\(name)"
    }
    return path.split(separator: ":").lazy.map { "\($0)/\(name)" }.first(where: isExecutable)
}

private func withCStrings<Result>(
    _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
    let pointers = texts.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return body(pointers)
}
