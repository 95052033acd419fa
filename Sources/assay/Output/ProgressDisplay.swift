import Concurrency
import Datasets
import Glibc
import Platform
import ScoringCore
import ScoringEngine
import Synchronization

/// Shows the progress of a run on standard error: the share of completed rows, their rate, errors, time left.
final class ProgressDisplay: Sendable {
    private let progress: RunProgress
    private let reading: ReadControl
    private let byteSize: Int?
    private let limit: Int?
    private let isTerminal: Bool
    private let start: Double
    private let isFinished = Mutex<Bool>(false)
    private let isShown: Bool

    /// - Parameters:
    ///   - byteSize: the size of the dataset, or nil if it is not known.
    ///   - limit: the maximum number of rows of the run.
    ///   - isWanted: nil means on a terminal only.
    init(
        _ progress: RunProgress, _ reading: ReadControl, byteSize: Int?, limit: Int?, isWanted: Bool?, isQuiet: Bool
    ) {
        self.progress = progress
        self.reading = reading
        self.byteSize = byteSize
        self.limit = limit
        isTerminal = isatty(STDERR_FILENO) == 1
        start = monotonicSeconds()
        isShown = isWanted ?? (isTerminal && !isQuiet)
        guard isShown else { return }
        if let thread = try? startThread({ [self] in show() }) { pthread_detach(thread) }
    }

    /// Ends the display, and erases it from a terminal.
    func finish() {
        isFinished.withLock { finished in
            if isShown && isTerminal && !finished { ProgressLine.erase() }
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
                if !finished { ProgressLine.draw(line, onTerminal: isTerminal) }
                return finished
            }
            if isOver { return }
        }
    }

    private var line: String {
        let seconds = max(monotonicSeconds() - start, 0.001)
        let rows = progress.rows
        let rate = Double(rows) / seconds
        // A slow judge scores less than one row per second.
        let rateText = rate < 10 ? "\((rate * 10).rounded() / 10)" : grouped(Int(rate))
        var parts = ["\(grouped(rows)) rows", "\(rateText) rows/s"]
        if progress.replies > 0 { parts.append("\(grouped(progress.replies)) model replies") }
        if progress.unscored > 0 { parts.append("\(grouped(progress.unscored)) not scored") }
        if let expected = expectedRows {
            let share = min(1, Double(rows) / expected)
            let filled = Int(share * 24)
            let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
            parts.insert("\(bar) \(Int(share * 100)) %", at: 0)
            if share > 0.01 { parts.append("\(duration(seconds / share - seconds)) left") }
        } else {
            parts.append(duration(seconds))
        }
        return parts.joined(separator: "  ")
    }

    /// The estimated number of rows in the run, from the part of the dataset that was read; nil if there is no estimate.
    private var expectedRows: Double? {
        let (rows, bytes) = (Double(progress.rowsTaken), Double(reading.bytesRead))
        guard let byteSize, byteSize > 0, bytes > 0, rows > 0 else { return nil }
        let expected = max(rows, rows * Double(byteSize) / bytes)
        return limit.map { min(Double($0), expected) } ?? expected
    }

    private func duration(_ seconds: Double) -> String {
        let seconds = Int(seconds.rounded(.up))
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3600 { return "\(seconds / 60) min \(seconds % 60) s" }
        return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
    }
}
