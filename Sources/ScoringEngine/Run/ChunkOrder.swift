/// The counts of a chunk, or of all chunks before one.
struct ChunkCounts: Equatable {
    var rows = 0
    var lines = 0
    var selected = 0

    static func + (one: ChunkCounts, other: ChunkCounts) -> ChunkCounts {
        ChunkCounts(
            rows: one.rows + other.rows, lines: one.lines + other.lines, selected: one.selected + other.selected)
    }
}

/// Keeps the order of chunks that are processed out of order: the numbers of their rows, and the order of their output.
/// At most `window` chunks are claimed but not yet written, so memory is limited. No I/O.
struct ChunkOrder<Output> {
    private let window: Int
    private var claimed = 0
    private var written = 0
    private var isWriting = false
    private var finished: [Int: Output] = [:]
    private var counted: [Int: ChunkCounts] = [:]
    private var bases: [Int: ChunkCounts] = [:]
    private var nextBase = 0
    /// The counts of all chunks before `nextBase`.
    private(set) var total = ChunkCounts()

    /// - Parameter total: the counts of chunks that were processed before the first.
    init(window: Int, total: ChunkCounts = ChunkCounts()) {
        self.window = window
        self.total = total
    }

    /// Claims a place in the window for the next chunk; false if the window is full.
    mutating func claim() -> Bool {
        guard claimed < written + window else { return false }
        claimed += 1
        return true
    }

    /// Adds the counts of a chunk.
    mutating func count(_ index: Int, _ counts: ChunkCounts) {
        counted[index] = counts
        while let counts = counted.removeValue(forKey: nextBase) {
            bases[nextBase] = total
            total = total + counts
            nextBase += 1
        }
    }

    /// The counts of the chunks before this one; nil until all of them are counted.
    func base(of index: Int) -> ChunkCounts? { bases[index] }

    /// Accepts the output of a finished chunk.
    mutating func finish(_ index: Int, _ output: Output) {
        finished[index] = output
        bases[index] = nil
    }

    /// The next output to write, if it is available and no other thread is writing; the caller must then call `wrote`.
    mutating func outputToWrite() -> Output? {
        guard !isWriting, let output = finished.removeValue(forKey: written) else { return nil }
        isWriting = true
        return output
    }

    /// The output has been written.
    mutating func wrote() {
        isWriting = false
        written += 1
    }
}
