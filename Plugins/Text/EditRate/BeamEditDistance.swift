/// The edit distance between words and a reference, along the diagonal only, as sacrebleu 2.6.0 computes it for TER.
///
/// Row i of the matrix belongs to the first i words, and has the cells around the reference's place of the same share. Takes
/// time and memory linear in the number of words: 2 · 25 cells each, or more for references that are very much longer.
struct BeamEditDistance {
    /// How the last word of a cell came about.
    enum Edit: UInt8 { case unreached, same, substitution, insertion, deletion }

    private static let beam = 25
    private static let infinity = Int32.max / 2

    private let reference: [UInt32]
    private let wordCount: Int
    private let width: Int
    /// The first cell of each row.
    private var starts: [Int] = []
    private var ends: [Int] = []
    /// The costs and edits of the rows of the words that the matrix was last computed for.
    private var costs: [Int32] = []
    private var edits: [UInt8] = []
    private var last: [Int32] = []
    private var lastEdits: [UInt8] = []
    private var rows: (above: [Int32], below: [Int32])

    /// - Parameter wordCount: how many words all texts have that are compared with the reference.
    init(_ reference: [UInt32], wordCount: Int) {
        self.reference = reference
        self.wordCount = wordCount
        let ratio = wordCount > 0 ? Double(reference.count) / Double(wordCount) : 1
        let beam = Double(Self.beam) < ratio / 2 ? Int((ratio / 2 + Double(Self.beam)).rounded(.up)) : Self.beam
        width = 2 * beam
        for row in 0...wordCount {
            let diagonal = Int((Double(row) * ratio).rounded(.down))
            // The first row is known, and the last one is not bounded at its end.
            starts.append(row == 0 ? 0 : max(0, diagonal - beam))
            ends.append(
                row == 0 || row == wordCount ? reference.count + 1 : min(reference.count + 1, diagonal + beam))
        }
        costs = Array(repeating: Self.infinity, count: (wordCount + 1) * width)
        edits = Array(repeating: 0, count: (wordCount + 1) * width)
        rows = ([], [])
    }

    /// Cells between two looks whether the run was cancelled.
    var cellCount: Int { (wordCount + 1) * width + reference.count }

    private func initialRow(into row: inout [Int32]) {
        row.removeAll(keepingCapacity: true)
        for cell in 0...reference.count { row.append(Int32(cell)) }
    }

    /// Computes the row of `word` from the one above it. Both have the cells of their own ranges.
    private func compute(
        _ row: Int, _ word: UInt32, _ above: [Int32], _ below: inout [Int32], _ edits: inout [UInt8]?
    ) {
        below.removeAll(keepingCapacity: true)
        edits?.removeAll(keepingCapacity: true)
        let (start, aboveStart, aboveEnd) = (starts[row], starts[row - 1], starts[row - 1] + above.count)
        for cell in start..<max(start, ends[row]) {
            let over = cell >= aboveStart && cell < aboveEnd ? above[cell - aboveStart] : Self.infinity
            if cell == 0 {
                below.append(over + 1)
                edits?.append(Edit.deletion.rawValue)
                continue
            }
            let diagonal = cell - 1 >= aboveStart && cell - 1 < aboveEnd ? above[cell - 1 - aboveStart] : Self.infinity
            let isSame = word == reference[cell - 1]
            // Of equal costs, the first of these counts.
            var best = diagonal + (isSame ? 0 : 1)
            var edit = isSame ? Edit.same : .substitution
            if over + 1 < best { (best, edit) = (over + 1, .deletion) }
            let left = cell > start ? below[cell - 1 - start] : Self.infinity
            if left + 1 < best { (best, edit) = (left + 1, .insertion) }
            if best >= Self.infinity { (best, edit) = (Self.infinity, .unreached) }
            below.append(best)
            edits?.append(edit.rawValue)
        }
    }

    /// Computes the whole matrix, and keeps it for `cost`.
    mutating func prepare(_ words: [UInt32]) -> Int {
        var (above, below): ([Int32], [Int32]) = ([], [])
        initialRow(into: &above)
        var rowEdits: [UInt8]? = []
        for row in 1..<max(1, wordCount + 1) {
            compute(row, words[row - 1], above, &below, &rowEdits)
            if row < wordCount {
                for (place, cost) in below.enumerated() { costs[row * width + place] = cost }
                for (place, edit) in (rowEdits ?? []).enumerated() { edits[row * width + place] = edit }
            } else {
                last = below
                lastEdits = rowEdits ?? []
            }
            swap(&above, &below)
        }
        return Int(above.last ?? 0)
    }

    /// The cost of other words that begin with the same `count` words.
    mutating func cost(of words: [UInt32], sharing count: Int) -> Int {
        var (above, below) = rows
        rows = ([], [])
        if count == 0 {
            initialRow(into: &above)
        } else {
            above.removeAll(keepingCapacity: true)
            let size = max(0, ends[count] - starts[count])
            above += costs[count * width..<count * width + size]
        }
        var none: [UInt8]?
        for row in count + 1..<max(count + 1, wordCount + 1) {
            compute(row, words[row - 1], above, &below, &none)
            swap(&above, &below)
        }
        rows = (above, below)
        return Int(above.last ?? 0)
    }

    /// How the words of `prepare` become the reference, from the first edit to the last; nil if the beam lost the way.
    func path() -> [Edit]? {
        var path: [Edit] = []
        var (row, cell) = (wordCount, reference.count)
        while row > 0 || cell > 0 {
            let edit: Edit?
            if row == 0 {
                edit = .insertion
            } else {
                let place = cell - starts[row]
                let known = row == wordCount ? lastEdits : nil
                if place < 0 || place >= ends[row] - starts[row] { return nil }
                edit = Edit(rawValue: known?[place] ?? edits[row * width + place])
            }
            switch edit {
            case .same?, .substitution?:
                row -= 1
                cell -= 1
            case .insertion?: cell -= 1
            case .deletion?: row -= 1
            case .unreached?, nil: return nil
            }
            if let edit { path.append(edit) }
        }
        return path.reversed()
    }
}
