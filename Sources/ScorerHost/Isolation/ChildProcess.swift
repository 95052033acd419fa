import CWorkerProtocol
import Glibc
import Platform

/// A process of `assay-plugin-worker`, with the descriptors that it was started with.
///
/// Used by one thread at a time.
final class ChildProcess {
    /// Its number, and this process's ends of its socket and pipes.
    let ends: aw_process
    private var hasEnded = false

    /// Starts a worker.
    ///
    /// - Parameter memory: the descriptor of its output memory.
    init(_ executable: String, plugin: String, addressSpace: Int, memory: Int32) throws(WorkerLoss) {
        // A worker ends with the thread that started it (PR_SET_PDEATHSIG), so that is one that stays.
        let result = Launcher.shared.run { () -> Result<aw_process, WorkerLoss> in
            var process = aw_process()
            let error = aw_start(executable, plugin, UInt64(addressSpace), memory, &process)
            return error == 0
                ? .success(process)
                : .failure(.unavailable("\(executable) could not be started: \(systemMessage(error))"))
        }
        ends = try result.get()
    }

    deinit {
        if !hasEnded { kill() }
        for descriptor in [ends.socket, ends.output, ends.errors] { close(descriptor) }
    }

    /// Its threads and its processor time so far; nil if the system does not tell.
    var usage: ProcessUsage? { ProcessUsage(of: ends.pid) }

    /// Ends it now.
    func kill() {
        Glibc.kill(ends.pid, SIGKILL)
        var status: Int32 = 0
        while waitpid(ends.pid, &status, 0) < 0 && errno == EINTR {}
        hasEnded = true
    }

    /// Waits a tenth of a second for its end, and says how it came.
    ///
    /// - Returns: `disconnected` where it had to be killed, or somebody else has asked for its status.
    func end() -> WorkerLoss {
        for _ in 0..<100 {
            var status: Int32 = 0
            let ended = waitpid(ends.pid, &status, WNOHANG)
            if ended == ends.pid {
                hasEnded = true
                return status & 0x7F == 0 ? .exit(status >> 8 & 0xFF) : .signal(status & 0x7F)
            }
            if ended < 0 && errno != EINTR { break }
            poll(nil, 0, 1)
        }
        kill()
        return .disconnected
    }
}
