import Datasets
import JSON
import Runs
import ScoringCore

/// The score of a row.
enum RowScore: Sendable, Hashable {
    case number(Double)
    case text(String)
    /// There is none, for this reason.
    case missing(RowOutcome)

    var number: Double? { if case .number(let number) = self { number } else { nil } }
    var outcome: RowOutcome? { if case .missing(let outcome) = self { outcome } else { nil } }
}

/// A line of a run.
struct RunLine {
    /// Its place in the file, from 0.
    var position: Int
    /// The row's number in the dataset. Samples of one question share it.
    var number: Int
    /// By function.
    var scores: [RowScore]
    fileprivate let batch: RowBatch
    fileprivate let index: Int
    fileprivate let firstColumn: Int
    fileprivate let form: ShownRow.Form

    /// The JSON of a column that was asked for; nil where the row has none, or null.
    func cell(_ column: Int) -> UnsafeRawBufferPointer? { text(firstColumn + column) }

    /// Why a function has no score.
    func message(_ function: Int) -> String? {
        text(3 * function + 3).flatMap { try? JSONValue(parsing: String(decoding: $0, as: UTF8.self)).string }
    }

    private func text(_ column: Int) -> UnsafeRawBufferPointer? {
        batch.states(column)[index] == CellState.value.rawValue ? batch.text(column, row: index) : nil
    }

    /// The line with its columns as far as they are shown.
    func row(_ limits: RowLimits) -> ShownRow { ShownRow(Array(batch.line(index))[...], form, limits) }
}

/// Reads the lines of a run, one after the other, in constant memory.
struct RunLines {
    let run: SavedRun
    /// The columns whose cells are needed.
    var columns: [String] = []

    private static let outcomes = Dictionary(uniqueKeysWithValues: RowOutcome.allCases.map { ($0.name, $0) })

    /// Calls `body` for each line.
    func read(_ body: (RunLine) throws -> Void) throws {
        var requests = [ColumnRequest("row", .i64)]
        for function in run.functions {
            for name in ["score", "outcome", "message"] {
                requests.append(ColumnRequest(Self.path("scores", function, name), .json))
            }
        }
        let firstColumn = requests.count
        requests += columns.map { ColumnRequest(run.rows.hasInput ? Self.path("input", $0) : ColumnPath($0), .json) }
        let (batch, chunk) = (RowBatch(requests), Chunk())
        var position = 0
        var reader: ChunkReader
        do throws(DatasetError) {
            reader = ChunkReader(try run.rows.open())
        } catch {
            throw RunError("\(error)")
        }
        while true {
            do throws(DatasetError) {
                guard try reader.read(into: chunk) else { return }
            } catch {
                throw RunError("\(run.path): \(error)")
            }
            batch.read(chunk)
            for index in 0..<batch.count {
                if let fault = batch.fault(index) { throw RunError("\(run.path): line \(position + 1): \(fault)") }
                func text(_ column: Int) -> UnsafeRawBufferPointer? {
                    batch.states(column)[index] == CellState.value.rawValue ? batch.text(column, row: index) : nil
                }
                let hasNumber = batch.states(0)[index] == CellState.value.rawValue
                let number = hasNumber ? Int(batch.values(0).assumingMemoryBound(to: Int64.self)[index]) : position
                let scores = run.functions.indices.map { function in
                    Self.score(text(3 * function + 1), outcome: text(3 * function + 2))
                }
                try body(
                    RunLine(
                        position: position, number: number, scores: scores, batch: batch, index: index,
                        firstColumn: firstColumn, form: run.rows.hasInput ? .saved : .scored))
                position += 1
            }
        }
    }

    private static func path(_ names: String...) -> ColumnPath {
        ColumnPath("/" + names.map { $0.replacing("~", with: "~0").replacing("/", with: "~1") }.joined(separator: "/"))
    }

    private static func score(_ score: UnsafeRawBufferPointer?, outcome: UnsafeRawBufferPointer?) -> RowScore {
        guard let score else {
            let name = outcome.map { String(decoding: $0.dropFirst().dropLast(), as: UTF8.self) }
            return .missing(name.flatMap { outcomes[$0] } ?? .scorerError)
        }
        switch score.first {
        case UInt8(ascii: "t"): return .number(1)
        case UInt8(ascii: "f"): return .number(0)
        default: break
        }
        let text = String(decoding: score, as: UTF8.self)
        if score.first == UInt8(ascii: "\"") { return .text((try? JSONValue(parsing: text).string) ?? text) }
        return Double(text).flatMap { $0.isFinite ? .number($0) : nil } ?? .text(text)
    }
}
