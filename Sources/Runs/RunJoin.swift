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
/// By row number, the runs are read side by side in constant memory. By key, so are rows that come in the same order;
/// others wait in memory for their partners, and some 100 bytes a row tell keys that occur twice.
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
        if keyColumns == nil {
            try mergeByNumber(readers, body)
        } else {
            try joinByKey(readers, body)
        }
    }

    private mutating func mergeByNumber(_ readers: [RunRows], _ body: (JoinedRow) throws -> Void) throws {
        var last = readers.map { _ in -1 }
        func next(_ index: Int) throws -> RunRow? {
            guard let row = try readers[index].read() else { return nil }
            guard row.number > last[index] else {
                throw Refusal(
                    .duplicateKey,
                    "\(runs[index].path): row \(row.number) occurs twice, like samples of one question; to average the "
                        + "samples of each question first, use --samples and --key COLUMN")
            }
            last[index] = row.number
            return row
        }
        var current = try readers.indices.map(next)
        while true {
            let rows = current.compactMap(\.self)
            guard let least = rows.map(\.number).min(), let greatest = rows.map(\.number).max() else { return }
            if rows.count == current.count, least == greatest {
                matched += 1
                try body(JoinedRow(key: String(least), rows: rows))
                current = try readers.indices.map(next)
                continue
            }
            for index in readers.indices where current[index]?.number == least {
                alone[index] += 1
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
