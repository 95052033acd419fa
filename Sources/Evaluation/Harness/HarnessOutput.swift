/// Reads what lm_eval writes to its terminal: how many of its requests are answered, and the last lines, which say why it
/// failed if it does.
struct HarnessOutput {
    /// The requests that are answered, of all so far; nil before the first one is made.
    private(set) var progress: (done: Int, total: Int)?

    private static let keptLines = 12
    private static let longestLine = 400
    /// What lm_eval can mean by a number of requests. It also prints what servers answer, which may look like a bar.
    private static let counts = 0...(1 << 40)

    /// How many requests a step of the bar stands for.
    private let batchSize: Int
    /// Takes secrets out of a line, before it is cut.
    private let redact: (String) -> String
    private var line: [UInt8] = []
    private var isBar = false
    private var lines: [String] = []
    /// All requests, those with an answer in lm_eval's cache too.
    private var all: Int?

    init(batchSize: Int = 1, redact: @escaping (String) -> String = { $0 }) {
        self.batchSize = batchSize
        self.redact = redact
    }

    mutating func take(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                endLine()
                // Bars are drawn again and again from the line's start.
                isBar = byte == UInt8(ascii: "\r")
            default:
                if line.count < 1 << 16 { line.append(byte) }
            }
        }
        // A bar has no end until its next state is drawn.
        if isBar, line.count < 4096 { readBar(String(decoding: line, as: UTF8.self)) }
    }

    /// The last lines, but for bars.
    mutating func tail() -> String {
        endLine()
        return lines.joined(separator: "\n")
    }

    private mutating func endLine() {
        defer { line.removeAll(keepingCapacity: true) }
        guard line.contains(where: { $0 > 0x20 }) else { return }
        let text = String(decoding: line, as: UTF8.self)
        if isBar || text.hasPrefix("Requesting API:") { return readBar(text) }
        if lines.count == Self.keptLines { lines.removeFirst() }
        let shown = redact(text)
        lines.append(shown.count > Self.longestLine ? shown.prefix(Self.longestLine) + "…" : shown)
    }

    /// Such as `Requesting API:  45%|████▌     | 9/20 [01:49<01:31,  8.35s/it]`.
    private mutating func readBar(_ text: String) {
        let isCheck = text.hasPrefix("Checking cached requests:")
        guard isCheck || text.hasPrefix("Requesting API:"), let edge = text.lastIndex(of: "|") else { return }
        let counts = text[text.index(after: edge)...].prefix { $0 != "[" }.split(separator: "/").map {
            Int($0.filter { $0 != " " })
        }
        guard counts.count == 2, let steps = counts[0], let count = counts[1], Self.counts.contains(steps),
            Self.counts.contains(count)
        else { return }
        if isCheck {
            all = count
        } else {
            let asked = count * batchSize
            let total = max(all ?? asked, count)
            progress = (done: min(total, max(0, total - asked) + steps * batchSize), total: total)
        }
    }
}
