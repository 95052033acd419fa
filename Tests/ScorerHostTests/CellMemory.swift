import CScorerPlugin
import ScorerHost
import ScoringCore

/// Cells in memory of their own, laid out as the plugin header says.
final class CellMemory {
    private var blocks: [UnsafeMutableRawPointer] = []

    deinit {
        for block in blocks { block.deallocate() }
    }

    /// A column of texts, or of JSON; with a validity bitmap where it is `nullable`.
    func texts(_ values: [String?], as type: ValueType = .text, nullable: Bool = true) -> CellColumn {
        CellColumn(type: type, values: copy(values.map { text($0 ?? "") }), validity: nullable ? bitmap(values) : nil)
    }

    func numbers(_ values: [Double?], nullable: Bool = true) -> CellColumn {
        CellColumn(type: .f64, values: copy(values.map { $0 ?? .nan }), validity: nullable ? bitmap(values) : nil)
    }

    func integers(_ values: [Int64?], nullable: Bool = true) -> CellColumn {
        CellColumn(type: .i64, values: copy(values.map { $0 ?? -99 }), validity: nullable ? bitmap(values) : nil)
    }

    func booleans(_ values: [Bool?], nullable: Bool = true) -> CellColumn {
        CellColumn(
            type: .bool, values: copy(values.map { $0 == true ? UInt8(1) : 0 }),
            validity: nullable ? bitmap(values) : nil)
    }

    func lists(_ values: [[String]?], nullable: Bool = true) -> CellColumn {
        var offsets: [Int64] = [0]
        for list in values { offsets.append(offsets[offsets.count - 1] + Int64(list?.count ?? 0)) }
        let texts = values.flatMap { $0 ?? [] }.map { text($0) }
        return CellColumn(
            type: .textList, values: copy(texts), validity: nullable ? bitmap(values) : nil, listOffsets: copy(offsets))
    }

    private func text(_ text: String) -> assay_str {
        let bytes = copy(text.utf8.map { CChar(bitPattern: $0) })
        return assay_str(ptr: bytes, len: UInt64(text.utf8.count))
    }

    private func bitmap<Value>(_ values: [Value?]) -> UnsafePointer<UInt8> {
        var bytes = [UInt8](repeating: 0, count: (values.count + 7) / 8)
        for (index, value) in values.enumerated() where value != nil { bytes[index / 8] |= 1 << (index % 8) }
        return copy(bytes)
    }

    private func copy<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafePointer<Element> {
        let block = UnsafeMutablePointer<Element>.allocate(capacity: max(1, elements.count))
        block.initialize(from: elements, count: elements.count)
        blocks.append(UnsafeMutableRawPointer(block))
        return UnsafePointer(block)
    }
}

/// What became of a row.
struct RowVerdict: Equatable, CustomStringConvertible {
    var outcome: RowOutcome
    var score: Double?
    var reason: String?

    static func scored(_ score: Double) -> RowVerdict { RowVerdict(outcome: .scored, score: score) }
    static func failed(_ outcome: RowOutcome, _ reason: String) -> RowVerdict {
        RowVerdict(outcome: outcome, reason: reason)
    }

    var description: String { "\(outcome) \(score.map { "\($0)" } ?? "nil") \(reason ?? "")" }
}

extension RowResults {
    /// The rows, of a scorer whose score is its first output and a number.
    var verdicts: [RowVerdict] {
        (0..<count).map { row in
            RowVerdict(
                outcome: outcomes[row], score: outputs[0].hasValue(row) ? outputs[0].numbers[row] : nil,
                reason: reason(of: row))
        }
    }

    /// An output's cells as text, nil if a row has none.
    func texts(_ output: String) -> [String?] {
        guard let cells = outputs.first(where: { $0.name == output }) else { return [] }
        let view = cells.view
        return (0..<count).map { row in
            guard view.hasValue(row) else { return nil }
            return switch view.type {
            case .f64: "\(view.number(row))"
            case .i64, .bool: "\(view.integer(row))"
            case .text, .json, .textList: String(decoding: view.text(row), as: UTF8.self)
            }
        }
    }
}
