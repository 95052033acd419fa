import JSON
import Statistics

/// Rows of several runs that are about the same question.
struct JoinedRow {
    /// The question, as the JSON of its key, or the row's number.
    var key: String
    /// One of each run.
    var rows: [RunRow]
}

/// Finds the rows of several runs that belong together.
///
/// By row number, and by keys that were saved in ascending order, the runs are read side by side in constant memory. By
/// other keys, some 100 bytes a row tell which of them occur twice, and rows that do not come in the same order wait for
/// their partners.
struct RunJoin {
    /// How many of the first columns are the key; nil: rows are paired by number.
    let keyColumns: Int?
    /// For messages.
    let runs: [SavedRun]
    let keyNames: [String]

    private(set) var matched = 0
    /// The rows of each run without a partner in every other.
    private(set) var alone: [Int]

    init(_ runs: [SavedRun], key: [String]?) {
        self.runs = runs
        keyColumns = key?.count
        keyNames = key ?? []
        alone = runs.map { _ in 0 }
    }

    /// Calls `body` for all rows that every run has.
    mutating func forEach(_ readers: [RunRows], _ body: (JoinedRow) throws -> Void) throws {
        let runs = runs
        if keyColumns == nil {
            func disorder(_ row: RunRow, _ index: Int) -> any Error {
                Refusal(
                    .duplicateKey,
                    "\(runs[index].path): row \(row.number) occurs twice, like samples of one question; to average the "
                        + "samples of a question first, use --samples and --key COLUMN")
            }
            try merge(readers, key: { row, _ in row.number }, text: { String($0) }, disorder: disorder, body)
        } else if runs.allSatisfy({ $0.keysAscend && $0.key == keyNames }) {
            let join = self
            func disorder(_ row: RunRow, _ index: Int) -> any Error {
                RunError(
                    "\(runs[index].path): row \(row.number) is not in the order of the keys, which results.json says the "
                        + "rows have; the run was changed after it was saved")
            }
            try merge(
                readers, key: { OrderedKey(try join.key(of: $0, in: $1)) }, text: { $0.text }, disorder: disorder,
                body)
        } else {
            try joinByKey(readers, body)
        }
    }

    /// Reads all runs in the order of their keys, in constant memory.
    ///
    /// - Parameters:
    ///   - key: that of a row of a run.
    ///   - disorder: what a row is at fault for that does not come after the one before.
    private mutating func merge<Key: Comparable>(
        _ readers: [RunRows], key: (RunRow, Int) throws -> Key, text: (Key) -> String,
        disorder: (RunRow, Int) -> any Error, _ body: (JoinedRow) throws -> Void
    ) throws {
        var last: [Key?] = readers.map { _ in nil }
        func next(_ index: Int) throws -> (key: Key, row: RunRow)? {
            guard let row = try readers[index].read() else { return nil }
            let key = try key(row, index)
            if let last = last[index], !(last < key) { throw disorder(row, index) }
            last[index] = key
            return (key, row)
        }
        var current = try readers.indices.map(next)
        while true {
            var (least, isCommon): (Key?, Bool) = (nil, true)
            for entry in current {
                guard let entry else {
                    isCommon = false
                    continue
                }
                if let known = least, known != entry.key {
                    isCommon = false
                    least = min(known, entry.key)
                } else {
                    least = entry.key
                }
            }
            guard let least else { return }
            if isCommon {
                matched += 1
                try body(JoinedRow(key: text(least), rows: current.compactMap { $0?.row }))
            }
            for index in readers.indices where current[index]?.key == least {
                if !isCommon { alone[index] += 1 }
                current[index] = try next(index)
            }
        }
    }

    private mutating func joinByKey(_ readers: [RunRows], _ body: (JoinedRow) throws -> Void) throws {
        var seen: [[UInt128: Int]] = readers.map { _ in [:] }
        var waiting: [String: [RunRow?]] = [:]
        var isOpen = readers.map { _ in true }
        while isOpen.contains(true) {
            var taken: [(key: String, row: RunRow)?] = []
            for (index, reader) in readers.enumerated() {
                guard isOpen[index], let row = try reader.read() else {
                    isOpen[index] = false
                    taken.append(nil)
                    continue
                }
                let key = try key(of: row, in: index)
                if let other = seen[index].updateValue(row.number, forKey: Self.hash(key)) {
                    throw duplicate(key, other, row.number, index)
                }
                taken.append((key, row))
            }
            let present = taken.compactMap(\.self)
            if present.count == readers.count, let first = present.first, present.allSatisfy({ $0.key == first.key }) {
                matched += 1
                try body(JoinedRow(key: first.key, rows: present.map(\.row)))
                continue
            }
            for (index, entry) in taken.enumerated() {
                guard let entry else { continue }
                var rows = waiting.removeValue(forKey: entry.key) ?? readers.map { _ in nil }
                rows[index] = entry.row
                let whole = rows.compactMap(\.self)
                if whole.count == readers.count {
                    matched += 1
                    try body(JoinedRow(key: entry.key, rows: whole))
                } else {
                    waiting[entry.key] = rows
                }
            }
        }
        for rows in waiting.values {
            for index in rows.indices where rows[index] != nil { alone[index] += 1 }
        }
    }

    private func key(of row: RunRow, in index: Int) throws -> String {
        var parts: [String] = []
        for (place, name) in keyNames.enumerated() {
            guard let cell = row.cells[place] else {
                throw Refusal(
                    .missingKey, "\(runs[index].path): row \(row.number) has no value in the key \(quoted(name))")
            }
            parts.append(canonicalText(cell))
        }
        return keyText(parts)
    }

    private func duplicate(_ key: String, _ first: Int, _ second: Int, _ index: Int) -> Refusal {
        let names = keyNames.joined(separator: ",")
        return Refusal(
            .duplicateKey,
            "\(runs[index].path): rows \(first) and \(second) have the same key, \(shortened(key)); if they are samples of one "
                + "question, use --samples; otherwise, pair by more columns: --key \(names),COLUMN")
    }

    private static func hash(_ key: String) -> UInt128 {
        var (one, other) = (Hasher(), Hasher())
        one.combine(key)
        other.combine(1)
        other.combine(key)
        return UInt128(UInt64(bitPattern: Int64(one.finalize()))) << 64
            | UInt128(UInt64(bitPattern: Int64(other.finalize())))
    }
}

extension RunJoin {
    /// Averages the samples of each question first, and then calls `body` for the questions that every run has. All
    /// questions are held in memory.
    mutating func forEachQuestion(_ readers: [RunRows], _ body: (JoinedRow) throws -> Void) throws {
        struct Question {
            var rows: [RunRow?]
            var sums: [[ClusterSum]]
            var samples: [Int]
        }
        var order: [String] = []
        var questions: [String: Question] = [:]
        for (index, reader) in readers.enumerated() {
            while let row = try reader.read() {
                let key = keyColumns == nil ? String(row.number) : try key(of: row, in: index)
                if questions[key] == nil {
                    order.append(key)
                    let sums = row.scores.map { _ in ClusterSum() }
                    questions[key] = Question(
                        rows: readers.map { _ in nil }, sums: readers.map { _ in sums }, samples: readers.map { _ in 0 }
                    )
                }
                if questions[key]?.rows[index] == nil { questions[key]?.rows[index] = row }
                questions[key]?.samples[index] += 1
                for (function, score) in row.scores.enumerated() {
                    switch score {
                    case .number(let number): questions[key]?.sums[index][function].add(number)
                    case .category:
                        throw RunError(
                            "\(runs[index].path): row \(row.number): samples are averaged, but a score is text")
                    case .missing: break
                    }
                }
            }
        }
        for key in order {
            guard let question = questions[key] else { continue }
            let rows = question.rows.compactMap(\.self)
            guard rows.count == readers.count else {
                for index in readers.indices where question.rows[index] != nil { alone[index] += 1 }
                continue
            }
            matched += 1
            let means = rows.enumerated().map { index, row in
                var row = row
                for (function, sum) in question.sums[index].enumerated() {
                    if sum.count > 0 { row.scores[function] = .number(sum.sum.value / Double(sum.count)) }
                    let samples = question.samples[index]
                    row.missingShares.append(Double(samples - sum.count) / Double(samples))
                }
                return row
            }
            try body(JoinedRow(key: key, rows: means))
        }
    }
}

/// A text for a line of a message.
func shortened(_ text: String, to limit: Int = 80) -> String {
    var line = String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit).map { $0.value < 32 ? " " : $0 }))
    if text.unicodeScalars.count > limit { line += "…" }
    return line.visible
}
