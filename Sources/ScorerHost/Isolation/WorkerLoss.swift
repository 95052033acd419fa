import CWorkerProtocol
import Glibc

/// How a worker was lost.
public enum WorkerLoss: Error, Sendable, Hashable {
    /// A signal ended it.
    case signal(Int32)
    /// The plugin ended it, with this status.
    case exit(Int32)
    /// It showed no sign of progress for this long, and was stopped.
    case hang(Duration)
    /// It had more threads than this, and was stopped.
    case tooManyThreads(Int)
    /// It was still working some seconds after the run was stopped, and was ended.
    case stopped
    /// It closed its connection to this process, and was stopped.
    case disconnected
    /// It sent invalid data (described in words), and was stopped.
    case misbehaved(String)
    /// It could not be started or used; described in words.
    case unavailable(String)

    var isHang: Bool { if case .hang = self { true } else { false } }

    /// Whether the plugin is to blame, and not the run that was stopped or the system that gave nothing.
    var isFaultOfPlugin: Bool {
        switch self {
        case .signal, .exit, .hang, .tooManyThreads, .disconnected, .misbehaved: true
        case .stopped, .unavailable: false
        }
    }

    /// The cause in words, as results and errors have it.
    public var description: String {
        switch self {
        case .signal(let number): "the plugin crashed: \(signalName(number))"
        case .exit(let status): "the plugin crashed: exited with status \(status)"
        case .hang(let time): "the plugin showed no sign of progress for \(seconds(time)) s, and was stopped"
        case .tooManyThreads(let most): "the plugin crashed: it had more than \(most) threads, and was stopped"
        case .stopped: "the run was stopped while the plugin was working"
        case .disconnected: "the plugin crashed: it closed its connection to the engine"
        case .misbehaved(let how): "the plugin crashed: its output is broken: \(how)"
        case .unavailable(let why): "the plugin's worker process could not be used: \(why)"
        }
    }
}

private func seconds(_ time: Duration) -> String {
    let (whole, rest) = time.components
    let thousandths = rest / 1_000_000_000_000_000
    return thousandths == 0 ? "\(whole)" : "\(Double(whole) + Double(thousandths) / 1000)"
}

/// "SIGSEGV (segmentation fault)".
private func signalName(_ number: Int32) -> String {
    switch number {
    case SIGABRT: "SIGABRT (aborted)"
    case SIGBUS: "SIGBUS (bus error)"
    case SIGFPE: "SIGFPE (arithmetic exception)"
    case SIGILL: "SIGILL (illegal instruction)"
    case SIGKILL: "SIGKILL (killed; the system may have run out of memory)"
    case SIGSEGV: "SIGSEGV (segmentation fault)"
    case SIGSYS: "SIGSYS (system call that is not allowed)"
    case SIGTERM: "SIGTERM (terminated)"
    case SIGTRAP: "SIGTRAP (trap)"
    default: "signal \(number)"
    }
}
