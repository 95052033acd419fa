import JSON
import Runs
import ScoringCore

/// The pairs of rows of two runs whose scores differ, as far as a report shows them: what became worse first.
struct Changes {
    /// How the scores of a function changed.
    enum Kind: Int, CaseIterable {
        case worse, lost, better, gained

        /// A sign and words.
        var text: (sign: String, words: String) {
            switch self {
            case .worse: ("▼", "worse")
            case .lost: ("○", "not scored in B")
            case .better: ("▲", "better")
            case .gained: ("●", "not scored in A")
            }
        }
    }

    /// A pair of rows, by their numbers.
    struct Pair {
        var a: Int
        var b: Int
        var kind: Kind
        var function: Int
    }

    /// Greatest changes first, then the first rows.
    private struct Order: Comparable {
        var change: Double
        var row: Int

        static func < (one: Order, other: Order) -> Bool { (one.change, one.row) < (other.change, other.row) }
    }

    private let functions: [String]
    private var lists: [Kind: [LeastElements<Order, Pair>]] = [:]
    private(set) var counts: [Kind: Int] = [:]
    /// The rows that have a partner.
    private var paired = (a: NumberSet(), b: NumberSet())
    /// The first rows without a partner.
    private(set) var alone: (a: [ShownExample], b: [ShownExample]) = ([], [])
    private(set) var rows: (a: [Int: ShownExample], b: [Int: ShownExample]) = ([:], [:])

    private static let aloneLimit = 10

    /// - Parameter limit: the most pairs of each function that are kept.
    init(_ functions: [String], limit: Int) {
        self.functions = functions
        for kind in Kind.allCases {
            let share = kind == .worse ? limit : max(1, limit / 5)
            lists[kind] = functions.map { _ in LeastElements(limit: share) }
        }
    }

    /// Takes a pair as `assay compare --output` writes it.
    mutating func add(_ pair: JSONValue) {
        guard let a = integer(pair["a"]?["row"]), let b = integer(pair["b"]?["row"]) else { return }
        paired.a.insert(a)
        paired.b.insert(b)
        for (index, name) in functions.enumerated() {
            guard let one = pair["a"]?["scores"]?[name], let other = pair["b"]?["scores"]?[name] else { continue }
            let kind: Kind
            var change = 0.0
            switch (one == .null, other == .null) {
            case (true, true): continue
            case (true, false): kind = .gained
            case (false, true): kind = .lost
            case (false, false):
                if let before = number(one), let after = number(other) {
                    if before == after { continue }
                    kind = after < before ? .worse : .better
                    change = -(after - before).magnitude
                } else {
                    if one == other { continue }
                    kind = .worse
                }
            }
            counts[kind, default: 0] += 1
            lists[kind]?[index].add(
                Order(change: change, row: a), Pair(a: a, b: b, kind: kind, function: index))
        }
    }

    /// The pairs to show, each once.
    var pairs: [Pair] {
        var seen: Set<[Int]> = []
        return Kind.allCases.flatMap { kind in
            (lists[kind] ?? []).flatMap(\.entries).sorted { $0.key < $1.key }.map(\.element)
        }.filter { seen.insert([$0.a, $0.b]).inserted }
    }

    /// Reads the rows of the pairs, and those without a partner.
    mutating func read(_ a: SavedRun, _ b: SavedRun) throws {
        let wanted = pairs
        (rows.a, alone.a) = try Self.read(a, Set(wanted.map(\.a)), paired.a)
        (rows.b, alone.b) = try Self.read(b, Set(wanted.map(\.b)), paired.b)
    }

    private static func read(
        _ run: SavedRun, _ wanted: Set<Int>, _ paired: NumberSet
    ) throws -> (rows: [Int: ShownExample], alone: [ShownExample]) {
        var rows: [Int: ShownExample] = [:]
        var alone: [ShownExample] = []
        try RunLines(run: run).read { line in
            let isAlone = alone.count < aloneLimit && !paired.contains(line.number)
            guard isAlone || wanted.contains(line.number) && rows[line.number] == nil else { return }
            let example = ShownExample(
                position: line.position, number: line.number, scores: line.scores, row: line.row(RunSummary.limits))
            if isAlone { alone.append(example) } else { rows[line.number] = example }
        }
        return (rows, alone)
    }
}

/// A set of row numbers: a bit for each.
private struct NumberSet {
    private var words: [UInt64] = []
    /// Numbers beyond this are not kept apart.
    private static let limit = 1 << 36

    mutating func insert(_ number: Int) {
        guard number >= 0, number < Self.limit else { return }
        let word = number >> 6
        if word >= words.count {
            words.append(contentsOf: repeatElement(0, count: max(word + 1 - words.count, words.count)))
        }
        words[word] |= 1 << UInt64(number & 63)
    }

    func contains(_ number: Int) -> Bool {
        guard number >= 0, number < Self.limit else { return true }
        let word = number >> 6
        return word < words.count && words[word] & (1 << UInt64(number & 63)) != 0
    }
}

/// The words of two texts, with those that only one of them has marked.
enum WordDifference {
    /// A part of a text, and whether the other text has it.
    typealias Part = (text: String, isChanged: Bool)

    /// The most words that are compared.
    private static let limit = 1_500

    static func parts(_ a: String, _ b: String) -> (a: [Part], b: [Part]) {
        let (wordsA, wordsB) = (words(a), words(b))
        guard wordsA.count <= limit, wordsB.count <= limit else { return ([(a, false)], [(b, false)]) }
        var names: [Substring: Int] = [:]
        func number(_ word: Substring) -> Int {
            if let known = names[word] { return known }
            names[word] = names.count
            return names.count - 1
        }
        let (numbersA, numbersB) = (wordsA.map(number), wordsB.map(number))
        var (changedA, changedB): (Set<Int>, Set<Int>) = ([], [])
        for change in numbersB.difference(from: numbersA) {
            switch change {
            case .remove(let offset, _, _): changedA.insert(offset)
            case .insert(let offset, _, _): changedB.insert(offset)
            }
        }
        return (joined(wordsA, changedA), joined(wordsB, changedB))
    }

    /// Words and what is between them.
    private static func words(_ text: String) -> [Substring] {
        var words: [Substring] = []
        var start = text.startIndex
        var isSpace: Bool?
        for place in text.indices {
            let now = text[place].isWhitespace
            if let isSpace, isSpace != now {
                words.append(text[start..<place])
                start = place
            }
            isSpace = now
        }
        if start < text.endIndex { words.append(text[start...]) }
        return words
    }

    private static func joined(_ words: [Substring], _ changed: Set<Int>) -> [Part] {
        var parts: [Part] = []
        for (index, word) in words.enumerated() {
            let isChanged = changed.contains(index)
            if let last = parts.last, last.isChanged == isChanged {
                parts[parts.count - 1].text += word
            } else {
                parts.append((String(word), isChanged))
            }
        }
        return parts
    }
}
