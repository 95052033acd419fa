import Glibc
import Synchronization

/// How a process ended.
enum Ending: Equatable {
    case status(Int32)
    case signal(Int32)
}

/// What a process left behind.
struct CommandResult {
    var output: String
    var errors: String
    var ending: Ending
    /// Resident memory in bytes, at its most; no less than that of the tests, which started it.
    var peakMemory: Int
}

/// A run of the executable as it was built, started by a shell as a user starts it.
struct Command {
    /// The folder of the running tests, where the executable and the plugin are built.
    static let builtFolder: String = {
        guard let path = realpath("/proc/self/exe", nil) else { return "." }
        defer { free(path) }
        return String(cString: path).split(separator: "/").dropLast().map { "/\($0)" }.joined()
    }()

    var executable = "\(Command.builtFolder)/assay"
    var arguments: [String]
    /// Where it runs.
    var folder: String
    /// What the shell does before it becomes the executable, such as `ulimit -f 8`.
    var setup = ""
    /// Whether nobody reads standard output.
    var closesOutput = false
    /// How long it may take.
    var patience = Duration.seconds(60)

    /// Runs it to its end with `input` on standard input.
    func run(input: [UInt8] = []) throws -> CommandResult {
        let running = try RunningCommand(self)
        try running.feed(input)
        return try running.finish()
    }
}

/// The system refused something that a test needs.
struct SystemFailure: Error {
    var call: String
    var reason = String(cString: strerror(errno))
}

/// A process had to be killed.
struct TookTooLong: Error {
    var arguments: [String]
    var errors: String
}

/// A process ended before it had done what a test waited for.
struct EndedTooSoon: Error {
    var arguments: [String]
    var errors: String
}

/// A process under way. It is killed when it takes too long, a minute mostly, and when it is let go of.
final class RunningCommand {
    /// Held while files are open that a process started by another test must not inherit.
    static let spawning = Mutex<Void>(())

    private let command: Command
    let pid: pid_t
    private let deadline: ContinuousClock.Instant
    /// Descriptors; -1 once closed.
    private var input: Int32
    private var output: Int32
    private var errors: Int32
    private var outputBytes: [UInt8] = []
    private var errorBytes: [UInt8] = []
    private var ending: Ending?
    private var usage = rusage()

    init(_ command: Command) throws {
        self.command = command
        deadline = .now + command.patience
        // A process that ends before it has read everything is no reason for the tests to end.
        signal(SIGPIPE, SIG_IGN)
        (pid, input, output, errors) = try Self.spawning.withLock { _ in
            let (childInput, input) = try Self.makePipe()
            let (output, childOutput) = try Self.makePipe()
            let (errors, childErrors) = try Self.makePipe()
            if command.closesOutput { close(output) }
            defer { for descriptor in [childInput, childOutput, childErrors] { close(descriptor) } }
            return (
                try Self.spawn(command, [childInput, childOutput, childErrors]), input,
                command.closesOutput ? -1 : output, errors
            )
        }
        _ = fcntl(input, F_SETFL, O_NONBLOCK)
    }

    deinit {
        if ending == nil {
            kill(pid, SIGKILL)
            wait4(pid, nil, 0, nil)
        }
        for descriptor in [input, output, errors] where descriptor >= 0 { close(descriptor) }
    }

    /// What it has written to standard error so far.
    var errorText: String { String(decoding: errorBytes, as: UTF8.self) }

    /// Bytes that were fed and not read yet.
    var unreadInput: Int {
        var count: Int32 = 0
        _ = ioctl(input, UInt(FIONREAD), &count)
        return Int(count)
    }

    func send(_ signal: Int32) { kill(pid, signal) }

    /// Whether the process has not ended, or nobody has asked yet how.
    var isRunning: Bool {
        var information = siginfo_t()
        return waitid(P_PID, id_t(pid), &information, WEXITED | WNOHANG | WNOWAIT) == 0
            && information.si_signo == 0
    }

    /// Writes to its standard input, and returns when it has read all but what a pipe holds, or nobody reads it.
    func feed(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty && input >= 0 && ending == nil { try pump(&rest) }
    }

    /// Waits until `condition` holds; fails if the process ends before.
    func wait(until condition: () -> Bool) throws {
        var nothing: ArraySlice<UInt8> = []
        while !condition() {
            if hasEnded { throw EndedTooSoon(arguments: command.arguments, errors: errorText) }
            try pump(&nothing)
        }
    }

    /// Closes its standard input, unless that is to go on for ever, and waits for its end.
    func finish(closingInput: Bool = true) throws -> CommandResult {
        if closingInput && input >= 0 {
            close(input)
            input = -1
        }
        var nothing: ArraySlice<UInt8> = []
        while !hasEnded { try pump(&nothing) }
        return CommandResult(
            output: String(decoding: outputBytes, as: UTF8.self), errors: errorText,
            ending: ending ?? .signal(0), peakMemory: usage.ru_maxrss << 10)
    }

    /// Whether it has ended, and all that it wrote has been read.
    private var hasEnded: Bool { ending != nil && output < 0 && errors < 0 }

    /// Moves what can be moved now, or waits some milliseconds.
    private func pump(_ rest: inout ArraySlice<UInt8>) throws {
        if ContinuousClock.now > deadline {
            kill(pid, SIGKILL)
            throw TookTooLong(arguments: command.arguments, errors: errorText)
        }
        var requests = [
            pollfd(fd: output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
            pollfd(fd: rest.isEmpty ? -1 : input, events: Int16(POLLOUT), revents: 0),
        ]
        poll(&requests, 3, 2)
        if requests[0].revents != 0 { receive(&output, &outputBytes) }
        if requests[1].revents != 0 { receive(&errors, &errorBytes) }
        if requests[2].revents != 0 {
            let count = rest.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EAGAIN {
                close(input)
                input = -1
            }
        }
        var status: Int32 = 0
        if ending == nil && wait4(pid, &status, WNOHANG, &usage) == pid {
            ending = status & 0x7F == 0 ? .status(status >> 8 & 0xFF) : .signal(status & 0x7F)
        }
    }

    private func receive(_ descriptor: inout Int32, _ bytes: inout [UInt8]) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(descriptor, &buffer, buffer.count)
        if count > 0 {
            bytes += buffer[..<count]
        } else if count == 0 || errno != EAGAIN {
            close(descriptor)
            descriptor = -1
        }
    }

    private static func makePipe() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemFailure(call: "pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func spawn(_ command: Command, _ descriptors: [Int32]) throws -> pid_t {
        let script = "cd \"$1\" || exit 125; shift; \(command.setup)\nexec \"$0\" \"$@\""
        let words = ["sh", "-c", script, command.executable, command.folder] + command.arguments
        var environment = ["SWIFT_BACKTRACE=enable=no"]
        for name in ["PATH", "HOME", "LD_LIBRARY_PATH"] {
            if let value = getenv(name) { environment.append("\(name)=\(String(cString: value))") }
        }
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for (target, descriptor) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(target))
        }
        // The threads that tests run on block most signals, and a child would inherit that.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let argumentPointers = words.map { strdup($0) } + [nil]
        let environmentPointers = environment.map { strdup($0) } + [nil]
        defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }
        var pid: pid_t = 0
        errno = posix_spawn(&pid, "/bin/sh", &actions, &attributes, argumentPointers, environmentPointers)
        guard errno == 0 else { throw SystemFailure(call: "posix_spawn") }
        return pid
    }
}
