import Datasets
import Glibc
import JSON
import ScoringCore

/// The score of a row.
enum RunScore: Sendable, Hashable {
    /// A number, or a boolean as 1 and 0.
    case number(Double)
    case category(String)
    /// There is none, for this reason.
    case missing(outcome: String)

    init(_ json: UnsafeRawBufferPointer) {
        switch json.first {
        case UInt8(ascii: "t"): self = .number(1)
        case UInt8(ascii: "f"): self = .number(0)
        case UInt8(ascii: "\""):
            let text = String(decoding: json, as: UTF8.self)
            self = .category((try? JSONValue(parsing: text).string) ?? text)
        case UInt8(ascii: "["), UInt8(ascii: "{"): self = .category(String(decoding: json, as: UTF8.self))
        default:
            let text = String(decoding: json, as: UTF8.self)
            self = Double(text).flatMap { $0.isFinite ? .number($0) : nil } ?? .category(text)
        }
    }
}

/// A row of a run: what was asked of it, and its scores.
struct RunRow: Sendable {
    /// The row's number in the dataset, from 0.
    var number: Int
    /// The JSON of the columns that were asked for; nil where the row has none, or null.
    var cells: [[UInt8]?]
    /// By function, in the order in which they were asked for.
    var scores: [RunScore]
    /// Of averaged samples, the share without a score, by function; empty for single rows.
    var missingShares: [Double] = []

    /// The share of what a function was to score that has none.
    func missingShare(_ function: Int) -> Double {
        if missingShares.indices.contains(function) { return missingShares[function] }
        if case .missing = scores[function] { return 1 }
        return 0
    }
}

/// The rows of a run, one after the other.
final class RunRows {
    private let run: SavedRun
    private let chunk = Chunk()
    private let batch: RowBatch
    private let columns: Int
    private let functions: Int
    private var reader: ChunkReader
    private var next = 0
    private(set) var count = 0

    init(_ run: SavedRun, columns: [String], functions: [String]) throws {
        self.run = run
        self.columns = columns.count
        self.functions = functions.count
        let isFolder = run.rows.hasInput
        var requests = [ColumnRequest("row", .i64)]
        requests += columns.map { ColumnRequest(isFolder ? Self.path("input", $0) : ColumnPath($0), .json) }
        for function in functions {
            requests.append(ColumnRequest(Self.path("scores", function, "score"), .json))
            requests.append(ColumnRequest(Self.path("scores", function, "outcome"), .json))
        }
        batch = RowBatch(requests)
        do throws(DatasetError) {
            reader = ChunkReader(try run.rows.open())
        } catch {
            throw RunError("\(error)")
        }
    }

    private static func path(_ names: String...) -> ColumnPath {
        ColumnPath("/" + names.map { $0.replacing("~", with: "~0").replacing("/", with: "~1") }.joined(separator: "/"))
    }

    /// The next row; nil at the end.
    func read() throws -> RunRow? {
        while next >= batch.count {
            let isThere: Bool
            do throws(DatasetError) {
                isThere = try reader.read(into: chunk)
            } catch {
                throw RunError("\(run.path): \(error)")
            }
            guard isThere else { return nil }
            batch.read(chunk)
            next = 0
        }
        defer { next += 1 }
        let row = next
        if let fault = batch.fault(row) { throw RunError("\(run.path): line \(count + 1): \(fault)") }
        func cell(_ column: Int) -> UnsafeRawBufferPointer? {
            batch.states(column)[row] == CellState.value.rawValue ? batch.text(column, row: row) : nil
        }
        let hasNumber = batch.states(0)[row] == CellState.value.rawValue
        let number = hasNumber ? batch.values(0).assumingMemoryBound(to: Int64.self)[row] : Int64(count)
        let scores = (0..<functions).map { index -> RunScore in
            let place = 1 + columns + 2 * index
            if let score = cell(place) { return RunScore(score) }
            let outcome = cell(place + 1).map { String(decoding: $0, as: UTF8.self) }
            return .missing(outcome: outcome.flatMap { try? JSONValue(parsing: $0).string } ?? "missing")
        }
        count += 1
        return RunRow(
            number: Int(number), cells: (0..<columns).map { cell(1 + $0).map { Array($0) } }, scores: scores)
    }
}

/// The text of a JSON value such that equal values have equal texts: numbers by value, members sorted.
func canonicalText(_ json: [UInt8]) -> String {
    let text = String(decoding: json, as: UTF8.self)
    if json.first == UInt8(ascii: "\""), !json.contains(UInt8(ascii: "\\")) { return text }
    guard let value = try? JSONValue(parsing: text) else { return text }
    return value.withPlainNumbers.canonical.text
}

/// The text by which rows are joined: that of a key's only column, or the texts of its columns as an array.
func keyText(_ parts: [String]) -> String { parts.count == 1 ? parts[0] : "[\(parts.joined(separator: ", "))]" }

extension JSONValue {
    /// The value with numbers that are integers spelled as such, so that 1.0 is 1.
    fileprivate var withPlainNumbers: JSONValue {
        switch self {
        case .number(let number):
            if let int = number.int { return JSONValue(int) }
            let double = number.double
            return double == double.rounded() && double.magnitude < 0x1p53
                ? Int(exactly: double).map { JSONValue($0) } ?? self : JSONValue(double)
        case .array(let elements): return .array(elements.map(\.withPlainNumbers))
        case .object(let object): return .object(JSONObject(object.members.map { ($0.key, $0.value.withPlainNumbers) }))
        default: return self
        }
    }
}
