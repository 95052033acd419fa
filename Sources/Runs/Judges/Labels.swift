import Datasets
import JSON
import ScoringCore

/// What people said of rows: a column of the runs, or a file that is joined by the key.
struct Labels {
    /// By key, for labels of a file.
    private(set) var byKey: [String: RunScore]?
    let column: String
    private let map: [String: RunScore]
    private let threshold: Double?

    /// - Parameters:
    ///   - source: `COLUMN`, `FILE` or `FILE:COLUMN`.
    ///   - columns: those that the runs have.
    ///   - map: labels that stand for others.
    init(
        _ source: String, columns: [String], key: [String]?, map: [(String, String)], threshold: Double?
    ) throws {
        self.threshold = threshold
        self.map = Dictionary(
            map.map { old, new in
                (old, RunScore(text: new))
            }, uniquingKeysWith: { _, new in new })
        if columns.contains(source) {
            column = source
            return
        }
        var (path, name) = (source, "label")
        if let colon = source.lastIndex(of: ":"), !Self.exists(source) {
            (path, name) = (String(source[..<colon]), String(source[source.index(after: colon)...]))
        }
        guard Self.exists(path) else {
            throw RunError(
                "--labels \(source): neither a column of the run nor a file; its columns: "
                    + columns.joined(separator: ", "))
        }
        guard let key else {
            throw RunError("--labels \(path): labels of a file are joined by a key; name it with --key COLUMN")
        }
        column = name
        byKey = try Self.read(path, key: key, label: name)
    }

    private static func exists(_ path: String) -> Bool {
        guard let location = try? DatasetLocation(path) else { return false }
        return location.byteSize != nil
    }

    private static func read(_ path: String, key: [String], label: String) throws -> [String: RunScore] {
        var labels: [String: RunScore] = [:]
        do throws(DatasetError) {
            let location = try DatasetLocation(path)
            var reader = ChunkReader(try location.open())
            let batch = RowBatch(
                (key + [label]).map { ColumnRequest($0, .json) }, isUntyped: location.isTable)
            let chunk = Chunk()
            var row = 0
            while try reader.read(into: chunk) {
                batch.read(chunk)
                for place in 0..<batch.count {
                    defer { row += 1 }
                    func cell(_ column: Int) -> [UInt8]? {
                        batch.states(column)[place] == CellState.value.rawValue
                            ? Array(batch.text(column, row: place)) : nil
                    }
                    let parts = key.indices.map { cell($0).map(canonicalText) }
                    if parts.contains(nil) {
                        throw DatasetError(
                            .malformed, "row \(row) has no value in the key \(key.map(quoted).joined(separator: ", "))",
                            path: path)
                    }
                    guard let value = cell(key.count) else { continue }
                    let name = keyText(parts.compactMap(\.self))
                    let score = value.withUnsafeBytes { RunScore($0) }
                    if labels.updateValue(location.isTable ? score.ofTable : score, forKey: name) != nil {
                        throw DatasetError(
                            .malformed, "row \(row): the key \(shortened(name)) occurs twice", path: path)
                    }
                }
            }
            if labels.isEmpty {
                throw DatasetError(.malformed, "no row has a label in the column \(quoted(label))", path: path)
            }
        } catch {
            throw RunError("\(error)")
        }
        return labels
    }

    /// The label of a row; nil where there is none.
    ///
    /// - Parameter cell: the JSON of the row's own column.
    func label(key: String, cell: [UInt8]?) -> RunScore? {
        if let byKey { return byKey[key].map(adapted) }
        return cell.map { $0.withUnsafeBytes { RunScore($0) } }.map(adapted)
    }

    private func adapted(_ label: RunScore) -> RunScore {
        let mapped = map[label.name] ?? label
        return threshold.map { mapped.split(at: $0) } ?? mapped
    }
}

extension RunScore {
    /// A number where the text is one, else a category.
    init(text: String) {
        self = Double(text).flatMap { $0.isFinite ? .number($0) : nil } ?? .category(text)
    }

    /// As people see it.
    var name: String {
        switch self {
        case .number(let number): plain(number)
        case .category(let text): text
        case .missing(let outcome): outcome
        }
    }

    var number: Double? { if case .number(let number) = self { number } else { nil } }

    /// A cell of a table is a text, which may spell a number.
    fileprivate var ofTable: RunScore { if case .category(let text) = self { RunScore(text: text) } else { self } }

    /// 1 for a number that reaches the threshold, else 0.
    func split(at threshold: Double) -> RunScore { number.map { .number($0 >= threshold ? 1 : 0) } ?? self }
}
