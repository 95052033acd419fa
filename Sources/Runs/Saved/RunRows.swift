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
            if let number = Self.plainNumber(json) {
                self = .number(number)
                return
            }
            let text = String(decoding: json, as: UTF8.self)
            self = Double(text).flatMap { $0.isFinite ? .number($0) : nil } ?? .category(text)
        }
    }
}

extension RunScore {
    /// The value of a number of few digits without an exponent, such as 0.25; exact, as both parts of the fraction are.
    private static func plainNumber(_ json: UnsafeRawBufferPointer) -> Double? {
        guard json.count <= 16 else { return nil }
        var (digits, scale): (Int, Double) = (0, 1)
        var (isNegative, hasPoint, hasDigit) = (false, false, false)
        for (place, byte) in json.enumerated() {
            switch byte {
            case 0x30...0x39:
                digits = digits * 10 + Int(byte - 0x30)
                if hasPoint { scale *= 10 }
                hasDigit = true
            case UInt8(ascii: "-") where place == 0: isNegative = true
            case UInt8(ascii: ".") where !hasPoint && hasDigit: hasPoint = true
            default: return nil
            }
        }
        guard hasDigit, digits < 1 << 53 else { return nil }
        let value = Double(digits) / scale
        return isNegative ? -value : value
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
    /// The JSON of members of the first function's result that were asked for; nil where the row has none.
    var members: [[UInt8]?] = []
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
    /// The columns that are read, with that of the selection.
    private let readColumns: Int
    private let functions: Int
    private let scoreMembers: Int
    /// The column of the selection, and its value; nil where all rows are taken.
    private let selected: (place: Int, value: String)?
    private let passThreshold: Double?
    private var reader: ChunkReader
    private var next = 0
    private(set) var count = 0
    /// The lines that were read.
    private var line = 0

    /// - Parameters:
    ///   - passThreshold: scores from here on are 1, others 0; nil: scores are as they are.
    ///   - scoreMembers: further members of the first function's result.
    init(
        _ run: SavedRun, columns: [String], functions: [String], passThreshold: Double? = nil,
        scoreMembers: [String] = []
    ) throws {
        self.run = run
        self.scoreMembers = scoreMembers.count
        self.passThreshold = passThreshold
        self.columns = columns.count
        var columns = columns
        if let selection = run.selection {
            if !columns.contains(selection.column) { columns.append(selection.column) }
            selected = (columns.firstIndex(of: selection.column) ?? 0, selection.value)
        } else {
            selected = nil
        }
        readColumns = columns.count
        self.functions = functions.count
        let isFolder = run.rows.hasInput
        var requests = [ColumnRequest("row", .i64)]
        requests += columns.map { ColumnRequest(isFolder ? Self.path("input", $0) : ColumnPath($0), .json) }
        for function in functions {
            requests.append(ColumnRequest(Self.path("scores", function, "score"), .json))
            requests.append(ColumnRequest(Self.path("scores", function, "outcome"), .json))
        }
        for member in scoreMembers {
            requests.append(ColumnRequest(Self.path("scores", functions.first ?? "", member), .json))
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
        while true {
            guard let row = try readAny() else { return nil }
            if let row { return row }
        }
    }

    /// The next row of the file, nil within if it is not selected.
    private func readAny() throws -> RunRow?? {
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
        line += 1
        if let fault = batch.fault(row) { throw RunError("\(run.path): line \(line): \(fault)") }
        func cell(_ column: Int) -> UnsafeRawBufferPointer? {
            batch.states(column)[row] == CellState.value.rawValue ? batch.text(column, row: row) : nil
        }
        if let selected {
            guard let own = cell(1 + selected.place), canonicalText(Array(own)) == selected.value else {
                return .some(nil)
            }
        }
        let hasNumber = batch.states(0)[row] == CellState.value.rawValue
        let number = hasNumber ? batch.values(0).assumingMemoryBound(to: Int64.self)[row] : Int64(line - 1)
        let scores = (0..<functions).map { index -> RunScore in
            let place = 1 + readColumns + 2 * index
            if let score = cell(place) {
                let score = RunScore(score)
                return passThreshold.map { score.split(at: $0) } ?? score
            }
            let outcome = cell(place + 1).map { String(decoding: $0, as: UTF8.self) }
            return .missing(outcome: outcome.flatMap { try? JSONValue(parsing: $0).string } ?? "missing")
        }
        count += 1
        var result = RunRow(
            number: Int(number), cells: (0..<columns).map { cell(1 + $0).map { Array($0) } }, scores: scores)
        if scoreMembers > 0 {
            let first = 1 + readColumns + 2 * functions
            result.members = (0..<scoreMembers).map { cell(first + $0).map { Array($0) } }
        }
        return result
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
