import CWorkerProtocol
import Concurrency
import Glibc

/// What is known of a step while a worker runs it: who waits for it, and what counts as progress.
struct StepWatch {
    /// The rows of its batch; 0 where no rows are expected.
    var rowCount: Int
    var cancellation: Cancellation
    /// How long it may go without progress, if not as long as the settings say.
    var timeout: Duration?

    init(rowCount: Int, _ cancellation: Cancellation, timeout: Duration? = nil) {
        self.rowCount = rowCount
        self.cancellation = cancellation
        self.timeout = timeout
    }
}

/// Sends a worker a command, and waits for the answer. Ends the worker where none comes that makes sense.
struct Exchange {
    private let process: ChildProcess
    private let memory: OutputMemory
    private let settings: WorkerSettings

    /// How often the process is looked at while it works, in milliseconds.
    private static let tick: Int32 = 50
    /// How long a step may go on after nobody wants its results any more, whatever it gives.
    private static let grace = Duration.seconds(5)

    init(_ process: ChildProcess, _ memory: OutputMemory, _ settings: WorkerSettings) {
        self.process = process
        self.memory = memory
        self.settings = settings
    }

    /// Sends a message, with a descriptor unless that is negative. Returns whether it could be sent: a worker that does not
    /// read is as good as none.
    func send(_ command: aw_message, _ descriptor: Int32 = -1) -> Bool {
        withUnsafePointer(to: command) { aw_send(process.ends.socket, $0, descriptor) }
    }

    /// Waits for the answer to the command `serial`.
    ///
    /// - Parameter records: takes what the worker gives. After a failure, it holds what can be said of that.
    /// - Returns: the answer's status. After a failure, the worker has ended.
    func wait(
        for serial: UInt64, _ watch: StepWatch, _ records: inout RecordMemory, _ output: inout StreamCapture,
        _ errors: inout StreamCapture
    ) -> Result<Int32, WorkerLoss> {
        let timeout = watch.timeout ?? settings.timeout
        // A machine that sleeps takes no time from the plugin.
        var now = SuspendingClock.now
        var deadline = now + timeout
        var nextLook = now + .milliseconds(Int(Self.tick))
        var progress = 0
        var isStopping = false
        while true {
            var events = [
                pollfd(fd: process.ends.socket, events: Int16(POLLIN), revents: 0),
                pollfd(fd: process.ends.output, events: Int16(POLLIN), revents: 0),
                pollfd(fd: process.ends.errors, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&events, 3, Self.tick)
            if count > 0 {
                if events[1].revents != 0 { output.read(from: process.ends.output) }
                if events[2].revents != 0 { errors.read(from: process.ends.errors) }
                if events[0].revents != 0 {
                    switch receive(serial, &records) {
                    case .done(let status): return .success(status)
                    case .goOn: break
                    case .ended:
                        records.append(memory, memory.written)
                        return .failure(process.end())
                    case .broken(let how):
                        process.kill()
                        return .failure(.misbehaved(how))
                    }
                }
            }
            // On each turn, also while it says that its output is full: it alone decides how often that is.
            now = SuspendingClock.now
            if now >= nextLook {
                nextLook = now + .milliseconds(Int(Self.tick))
                if let usage = process.usage, usage.threadCount > settings.threadLimit {
                    records.append(memory, memory.written)
                    process.kill()
                    return .failure(.tooManyThreads(settings.threadLimit))
                }
            }
            let isCancelled = watch.cancellation.isCancelled
            memory.setCancelled(isCancelled)
            if isCancelled && !isStopping {
                isStopping = true
                deadline = min(deadline, now + min(timeout, Self.grace))
            }
            if now < deadline { continue }
            if isStopping {
                process.kill()
                return .failure(.stopped)
            }
            let sofar = GivenRows(rowCount: watch.rowCount, records: records.peek(memory)).progress
            if sofar > progress {
                progress = sofar
                deadline = now + timeout
                continue
            }
            records.append(memory, memory.written)
            process.kill()
            return .failure(.hang(timeout))
        }
    }

    private enum Received {
        case done(Int32)
        case goOn
        case ended
        case broken(String)
    }

    private func receive(_ serial: UInt64, _ records: inout RecordMemory) -> Received {
        var answer = aw_message()
        let size = aw_receive(process.ends.socket, &answer)
        if size == -1 { return .goOn }
        if size == 0 || size == -2 { return .ended }
        guard size == MemoryLayout<aw_message>.size, answer.serial == serial else {
            return .broken("a message that does not answer a request")
        }
        guard answer.length <= UInt64(AW_OUTPUT_CAPACITY) else { return .broken("more output than there is room for") }
        guard records.count + Int(answer.length) <= settings.outputLimit else {
            return .broken("more than \(settings.outputLimit >> 20) MiB in one step")
        }
        records.append(memory, Int(answer.length))
        switch Int(answer.kind) {
        case AW_DONE: return .done(answer.status)
        case AW_FULL:
            // Else a plugin could have this process go on for ever, for nothing.
            guard answer.length == UInt64(AW_OUTPUT_CAPACITY) else {
                return .broken("output that is marked as full but is not")
            }
            var go = aw_message()
            go.kind = UInt32(AW_GO)
            return send(go) ? .goOn : .ended
        default: return .broken("a message of an unknown kind")
        }
    }
}

/// The records of a command, copied, so that nobody can change them any more.
struct RecordMemory: ~Copyable {
    private var memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    private(set) var count = 0

    deinit { memory.deallocate() }

    /// Aligned for any type. Valid until the records are next changed.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    mutating func removeAll() {
        count = 0
        // A step that gave a great deal should not hold its memory for good.
        if memory.count > 16 << 20 {
            memory.deallocate()
            memory = .allocate(byteCount: 64 << 10, alignment: 16)
        }
    }

    mutating func append(_ output: OutputMemory, _ length: Int) {
        if count + length > memory.count {
            let larger = UnsafeMutableRawBufferPointer.allocate(
                byteCount: max(2 * memory.count, count + length), alignment: 16)
            larger.copyMemory(from: bytes)
            memory.deallocate()
            memory = larger
        }
        if length == 0 { return }
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: output.bytes(length))
        count += length
    }

    /// The records so far, with those that have not been announced, which stay where they are.
    mutating func peek(_ output: OutputMemory) -> UnsafeRawBufferPointer {
        let kept = count
        append(output, output.written)
        defer { count = kept }
        return bytes
    }
}
