import JSON
import Runs
import ScoringCore
import Statistics

/// What a report shows of the rows of a run: sums over all of them, and a few as examples.
struct RunSummary {
    let run: SavedRun
    /// In the order of the run.
    private(set) var functions: [FunctionSummary] = []
    private(set) var rows = 0

    /// The columns and the text of a row that are kept.
    static let limits = RowLimits(columns: 30, length: 4_096, lines: 400, unfolded: (600, 12))

    /// Reads the rows of a run.
    init(_ run: SavedRun, _ options: ReportOptions) throws {
        self.run = run
        for column in options.sliceColumns where !run.columns.contains(column) {
            throw RunError(
                "\(run.path): the rows have no column \(quoted(column)); they have: "
                    + (run.columns.isEmpty ? "none" : run.columns.joined(separator: ", "))
                    + "; score saves other columns with --save-column")
        }
        let examples = options.hasTexts ? options.examples : 0
        functions = run.functions.map { _ in FunctionSummary(examples: examples, slices: options.sliceColumns.count) }
        let lines = RunLines(run: run, columns: ["generated_answer"] + options.sliceColumns)
        let judged = run.functions.map { run.judge(of: $0) != nil }
        try lines.read { line in
            rows += 1
            var made: ShownExample?
            func example() -> ShownExample {
                if let made { return made }
                let new = ShownExample(
                    position: line.position, number: line.number, scores: line.scores, row: line.row(Self.limits))
                made = new
                return new
            }
            let order = Self.order(of: line.position)
            let length = line.cell(0).map { max(0, $0.count - 2) }
            let values = options.sliceColumns.indices.map { Self.plainText(line.cell(1 + $0)) }
            for function in functions.indices {
                functions[function].add(
                    line.scores[function], order: order, answerLength: judged[function] ? length : nil, slices: values,
                    message: { options.hasTexts ? line.message(function) : nil }, number: line.number, example)
            }
        }
    }

    /// A string as it reads; anything else as JSON.
    private static func plainText(_ cell: UnsafeRawBufferPointer?) -> String {
        guard let cell else { return "(no value)" }
        let text = String(decoding: cell.prefix(1_000), as: UTF8.self)
        guard cell.first == UInt8(ascii: "\""), cell.count <= 1_000 else { return text }
        return (try? JSONValue(parsing: text).string) ?? text
    }

    /// A number that looks random, and is always the same for a row (SplitMix64's finalizer: G. L. Steele and others, 2014).
    private static func order(of position: Int) -> UInt64 {
        var z = UInt64(truncatingIfNeeded: position) &* 0x9e37_79b9_7f4a_7c15
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// Why a row is among the examples.
    enum Kind: String {
        case worst = "lowest score"
        case unscored = "not scored"
        case sample = "random sample"
    }

    /// The rows to show, each once: for every function the lowest scores, rows without a score, and a sample of all.
    ///
    /// - Parameter count: the most rows for each function.
    func examples(_ count: Int) -> [(example: ShownExample, kind: Kind)] {
        var shown: [Int: Int] = [:]
        var examples: [(example: ShownExample, kind: Kind)] = []
        func add(_ list: some Sequence<ShownExample>, _ kind: Kind) {
            for example in list where shown[example.position] == nil {
                shown[example.position] = examples.count
                examples.append((example, kind))
            }
        }
        let shares = functions.map { function -> (worst: [ShownExample], unscored: [ShownExample], sample: Int) in
            // Where every row has the same score, none is the worst.
            let isVaried = function.moments.count > 0 && (function.moments.standardDeviation ?? 0) > 0
            let unscored = function.unscored.prefix(isVaried ? count / 4 : count / 2)
            let worst = isVaried ? Array(function.worst.elements.prefix((count - unscored.count + 1) / 2)) : []
            return (worst, Array(unscored), count - unscored.count - worst.count)
        }
        for share in shares { add(share.worst, .worst) }
        for share in shares { add(share.unscored, .unscored) }
        for (function, share) in zip(functions, shares) {
            add(function.sample.elements.filter { shown[$0.position] == nil }.prefix(share.sample), .sample)
        }
        return examples
    }
}

extension SavedRun {
    /// What is known of a function's judge; nil if it asks none.
    func judge(of function: String) -> JSONValue? {
        provenance?["functions"]?[function]?["judge"].flatMap { $0 == .null ? nil : $0 }
    }
}
