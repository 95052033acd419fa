import Datasets
import Glibc
import ScoringEngine
import Synchronization
import System

/// Shows on standard error how far a run is: rows done, rate, errors, time left.
final class ProgressDisplay: Sendable {
    private let progress: RunProgress
    private let reading: ReadControl
    private let total: Int?
    private let isTerminal: Bool
    private let start: Double
    private let isFinished = Mutex<Bool>(false)
    private let isShown: Bool

    /// - Parameter isWanted: nil: on a terminal only.
    init(_ progress: RunProgress, _ reading: ReadControl, total: Int?, isWanted: Bool?, isQuiet: Bool) {
        self.progress = progress
        self.reading = reading
        self.total = total
        isTerminal = isatty(STDERR_FILENO) == 1
        start = monotonicSeconds()
        isShown = isWanted ?? (isTerminal && !isQuiet)
        guard isShown else { return }
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(self).toOpaque()
        pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<ProgressDisplay>.fromOpaque(argument).takeRetainedValue().show()
                return nil
            }, argument)
        pthread_detach(thread)
    }

    /// Ends the display; nothing of it stays on a terminal.
    func finish() {
        isFinished.withLock { finished in
            if isShown && isTerminal && !finished { writeText("\r\u{1B}[K") }
            finished = true
        }
    }

    private func show() {
        // A short run shows nothing.
        var interval: UInt32 = 500_000
        while true {
            usleep(interval)
            interval = isTerminal ? 200_000 : 2_000_000
            let isOver = isFinished.withLock { finished in
                if !finished { writeText(isTerminal ? "\r\u{1B}[K\(line)" : "\(line)\n") }
                return finished
            }
            if isOver { return }
        }
    }

    private var line: String {
        let seconds = max(monotonicSeconds() - start, 0.001)
        let rows = progress.rows
        var parts = ["\(grouped(rows)) rows", "\(grouped(Int(Double(rows) / seconds))) rows/s"]
        if progress.replies > 0 { parts.append("\(grouped(progress.replies)) answers of models") }
        if progress.unscored > 0 { parts.append("\(grouped(progress.unscored)) not scored") }
        if let total, total > 0 {
            let share = min(1, Double(reading.bytesRead) / Double(total))
            let filled = Int(share * 24)
            let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
            parts.insert("\(bar) \(Int(share * 100)) %", at: 0)
            if share > 0.01 { parts.append("\(duration(seconds / share - seconds)) left") }
        } else {
            parts.append(duration(seconds))
        }
        return parts.joined(separator: "  ")
    }

    private func duration(_ seconds: Double) -> String {
        let seconds = Int(seconds.rounded(.up))
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3600 { return "\(seconds / 60) min \(seconds % 60) s" }
        return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
    }

    private func writeText(_ text: String) {
        var text = text
        text.withUTF8 { bytes in _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
    }
}

/// A count with commas between groups of three digits.
func grouped(_ count: Int) -> String {
    var text = ""
    for (index, digit) in String(count.magnitude).reversed().enumerated() {
        if index > 0 && index % 3 == 0 { text.append(",") }
        text.append(digit)
    }
    return (count < 0 ? "-" : "") + String(text.reversed())
}
