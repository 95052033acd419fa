/// What was counted in a chunk, or in all chunks before one.
struct ChunkCounts: Equatable {
    var rows = 0
    var lines = 0
    var selected = 0

    static func + (one: ChunkCounts, other: ChunkCounts) -> ChunkCounts {
        ChunkCounts(
            rows: one.rows + other.rows, lines: one.lines + other.lines, selected: one.selected + other.selected)
    }
}

/// Puts chunks that are worked on out of order back in order: where their rows start, and when their output is written.
/// At most `window` chunks are between being claimed and being written, so memory is bounded. No I/O.
struct ChunkOrder<Output> {
    private let window: Int
    private var claimed = 0
    private var written = 0
    private var isWriting = false
    private var finished: [Int: Output] = [:]
    private var counted: [Int: ChunkCounts] = [:]
    private var bases: [Int: ChunkCounts] = [:]
    private var nextBase = 0
    /// What was counted in all chunks before `nextBase`.
    private(set) var total = ChunkCounts()

    init(window: Int) {
        self.window = window
    }

    /// Takes a place in the window for a chunk to be read; false where there is none now.
    mutating func claim() -> Bool {
        guard claimed < written + window else { return false }
        claimed += 1
        return true
    }

    /// Takes what was counted in a chunk.
    mutating func count(_ index: Int, _ counts: ChunkCounts) {
        counted[index] = counts
        while let counts = counted.removeValue(forKey: nextBase) {
            bases[nextBase] = total
            total = total + counts
            nextBase += 1
        }
    }

    /// What was counted in the chunks before this one; nil while one of them is not counted.
    func base(of index: Int) -> ChunkCounts? { bases[index] }

    /// Takes the output of a chunk that was worked on to its end.
    mutating func finish(_ index: Int, _ output: Output) {
        finished[index] = output
        bases[index] = nil
    }

    /// The next output to write, if it is there and nobody else is writing; whoever gets it calls `wrote`.
    mutating func outputToWrite() -> Output? {
        guard !isWriting, let output = finished.removeValue(forKey: written) else { return nil }
        isWriting = true
        return output
    }

    /// The output that was taken is written.
    mutating func wrote() {
        isWriting = false
        written += 1
    }
}
