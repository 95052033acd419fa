import Datasets
import JSON
import JinjaTemplates
import ScoringCore

/// Rows that are made of other rows, one by one, as JSON Lines.
final class CustomRows: ByteSource {
    /// The column with the request for a row.
    static let requestColumn = "nemo_request"
    /// The row's own columns that generation replaces, such as tool_calls.
    static let ownColumn = "nemo_own_columns"
    /// The column that says why a metric has no row.
    static let failureColumn = "nemo_failure"

    /// Columns that generation adds or replaces.
    static let generatedNames = GeneratedColumn.allCases.filter { $0 != .context }.map(\.rawValue) + ["input_query"]

    private var reader: ChunkReader
    private let chunk = Chunk()
    private let make: (JSONObject) -> JSONObject
    private var lines: [UInt8] = []
    private var position = 0

    /// - Parameter make: the new row. Lines that are not rows stay as they are.
    init(_ source: any ByteSource, make: @escaping (JSONObject) -> JSONObject) {
        reader = ChunkReader(source)
        self.make = make
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        while position == lines.count {
            guard try reader.read(into: chunk) else { return 0 }
            lines.removeAll(keepingCapacity: true)
            position = 0
            var parser = JSONParser()
            var repairs = 0
            chunk.withLines { line in
                if let row = try? parser.parse(line, repairs: &repairs).object {
                    lines += JSONValue.object(make(row)).text.utf8
                } else {
                    lines += line
                }
                lines.append(UInt8(ascii: "\n"))
            }
        }
        let count = min(buffer.count, lines.count - position)
        buffer.copyBytes(from: lines[position..<position + count])
        position += count
        return count
    }

    /// The rows with the requests that a template makes of them.
    static func asked(_ source: any ByteSource, _ template: CustomTemplate) -> CustomRows {
        CustomRows(source) { row in
            var asked = row
            let context = CustomContext(row, isGenerated: false)
            do throws(JinjaTemplate.RenderingFault) {
                let body = try template.value(context)
                asked[requestColumn] = body.object == nil ? ["prompt": body] : body
            } catch {
                asked[requestColumn] = .string("the template: \(error.message)")
            }
            let own = row.members.filter { generatedNames.contains($0.key) }
            if !own.isEmpty { asked[ownColumn] = .object(JSONObject(own)) }
            return asked
        }
    }

    /// The rows that the function of a metric reads.
    static func scored(_ source: any ByteSource, _ metric: CustomMetric, isGenerated: Bool) -> CustomRows {
        CustomRows(source) { row in
            if let failure = row[GeneratedColumn.generationError.rawValue], isGenerated {
                return metric.row(failing: failure)
            }
            return metric.row(CustomContext(row, isGenerated: isGenerated))
        }
    }
}

/// The lines of several sources, one of each at a time.
struct LineReader: ~Copyable {
    private var reader: ChunkReader
    private let chunk = Chunk()
    private var lines: ArraySlice<[UInt8]> = []

    init(_ source: any ByteSource) {
        reader = ChunkReader(source)
    }

    /// The next line; nil at the end.
    mutating func next() throws(DatasetError) -> [UInt8]? {
        while lines.isEmpty {
            guard try reader.read(into: chunk) else { return nil }
            var read: [[UInt8]] = []
            chunk.withLines { read.append(Array($0)) }
            lines = read[...]
        }
        return lines.popFirst()
    }
}

/// The statistics of a score, as NeMo Evaluator's results have them. Rows without a score are counted as NaN.
struct CustomStatistics: Sendable {
    private var count = 0
    private var missing = 0
    private var mean = 0.0
    /// The sum of the squares of the differences from the mean (Welford).
    private var squares = 0.0
    private var sum = 0.0
    private var least = Double.infinity
    private var most = -Double.infinity

    mutating func add(_ value: Double?) {
        guard let value else {
            missing += 1
            return
        }
        count += 1
        sum += value
        let difference = value - mean
        mean += difference / Double(count)
        squares += difference * (value - mean)
        least = min(least, value)
        most = max(most, value)
    }

    /// `{"value": …, "stats": {"count", "sum", "mean", "min", "max", "stddev", "variance", "nan_count"}}`, with the variance of
    /// the population.
    ///
    /// - Parameter value: the value, if it is not the mean.
    func json(value: JSONValue? = nil) -> JSONValue {
        var statistics: JSONObject = ["count": JSONValue(count), "sum": JSONValue(sum)]
        if count > 0 {
            let variance = squares / Double(count)
            statistics["mean"] = JSONValue(sum / Double(count))
            statistics["min"] = JSONValue(least)
            statistics["max"] = JSONValue(most)
            statistics["stddev"] = JSONValue(variance.squareRoot())
            statistics["variance"] = JSONValue(variance)
        }
        statistics["nan_count"] = JSONValue(missing)
        let mean: JSONValue = count == 0 ? .null : JSONValue(sum / Double(count))
        return ["value": value ?? mean, "stats": .object(statistics)]
    }

    /// The counts of rows, as Assay's results have them.
    var rows: JSONValue { ["total": JSONValue(count + missing), "scored": JSONValue(count)] }
    var average: JSONValue { count == 0 ? .null : JSONValue(sum / Double(count)) }
}
