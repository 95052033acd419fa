import CArrow
import CAssay
import CScorerPlugin
import Datasets
import Glibc
import JSON
import ScorerHost
import ScoringCore
import ScoringDefinitions

/// A scorer of the program, which takes batches as Arrow and returns results as Arrow.
///
/// `@unchecked Sendable`: the program says that its function may be called on any thread.
struct ArrowScorer: @unchecked Sendable {
    let definition: ScoringFunction
    let embedded: EmbeddedScorer

    private static let types: [String: ValueType] = [
        "text": .text, "number": .f64, "integer": .i64, "boolean": .bool, "json": .json,
    ]

    init(_ scorer: assay_arrow_scorer) throws {
        guard Int(scorer.struct_size) >= MemoryLayout<assay_arrow_scorer>.size, let text = scorer.definition,
            let score = scorer.score
        else { throw LibraryFault("a scorer is incomplete: its size, its definition or its function is missing") }
        guard var definition = try? JSONValue(parsing: String(cString: text)).object else {
            throw LibraryFault("the definition of a scorer is not a JSON object")
        }
        let name = definition["identifier"]?.string ?? "a scorer"
        let inputs = try Self.columns(definition["inputs"], "inputs", name)
        let outputs = try Self.columns(definition["outputs"], "outputs", name)
        definition["inputs"] = nil
        definition["outputs"] = nil
        self.definition = try ScoringFunction(.object(definition), origin: name)
        guard
            let description = ScorerDescription(
                id: self.definition.providerResourceID, description: self.definition.description, inputs: inputs,
                outputs: outputs, concurrency: .instanceSerial)
        else { throw LibraryFault("\(name): one of the outputs must be named \"score\"") }
        let function = ScoreFunction(context: scorer.context, score: score)
        embedded = EmbeddedScorer(description) { configuration, batch, results in
            do {
                try function.score(description, configuration, batch.pointee, results)
            } catch {
                results.failRemaining("\(error)")
            }
        }
    }

    private static func columns(_ json: JSONValue?, _ member: String, _ name: String) throws -> [ColumnDescription] {
        guard let columns = json == nil ? [] : json?.array else {
            throw LibraryFault("\(name): its \(member) are not a list")
        }
        return try columns.map { column in
            guard let column = column.object, let title = column["name"]?.string,
                let type = column["type"]?.string.flatMap({ types[$0] })
            else {
                throw LibraryFault(
                    "\(name): each of its \(member) needs a name, and a type: \(types.keys.sorted().joined(separator: ", "))"
                )
            }
            var description = ColumnDescription(
                name: title, description: "", type: type, isOptional: column["optional"]?.bool ?? (member == "outputs"))
            if let ends = column["range"]?.array?.compactMap(\.number?.double), ends.count == 2, ends[0] <= ends[1] {
                description.range = ends[0]...ends[1]
            }
            if title == "score" { description.isOptional = false }
            return description
        }
    }
}

/// The function of a scorer.
///
/// `@unchecked Sendable`: the program says that it may be called on any thread.
private struct ScoreFunction: @unchecked Sendable {
    typealias Function =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafePointer<CChar>?, UnsafeMutablePointer<ArrowSchema>?,
            UnsafeMutablePointer<ArrowArray>?, UnsafeMutablePointer<ArrowSchema>?, UnsafeMutablePointer<ArrowArray>?,
            UnsafeMutablePointer<CChar>?, Int
        ) -> Int32

    let context: UnsafeMutableRawPointer?
    let score: Function

    func score(
        _ description: ScorerDescription, _ configuration: String, _ batch: assay_batch,
        _ results: EmbeddedResults
    ) throws {
        let count = Int(batch.n_rows)
        var (schema, rows) = try Self.rows(description, batch)
        var (outSchema, out) = (ArrowSchema(), ArrowArray())
        let errorSize = 2048
        var error = [CChar](repeating: 0, count: errorSize)
        let parameters = (try? JSONValue(parsing: configuration)["params"]?.text) ?? "{}"
        let failure = score(context, parameters, &schema, &rows, &outSchema, &out, &error, errorSize - 1)
        // What the function has not taken over is still here.
        schema.release?(&schema)
        rows.release?(&rows)
        defer {
            outSchema.release?(&outSchema)
            out.release?(&out)
        }
        guard failure == 0 else {
            let reason = String(decoding: error.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            throw LibraryFault(reason.isEmpty ? "the scorer failed without a reason (\(failure))" : reason)
        }
        let columns = try ArrowColumns(&outSchema)
        let found = try ArrowRows(&out, of: columns)
        guard found.count == count else {
            throw LibraryFault("the scorer returned \(found.count) rows for \(count)")
        }
        for (index, output) in description.outputs.enumerated() {
            guard let column = columns.names.firstIndex(of: output.name) else { continue }
            try Self.emit(found, column, index, output, results)
        }
        guard let column = columns.names.firstIndex(of: "message") else { return }
        let messages = try found.withCells(column, .text) { states, cells in
            let texts = cells.assumingMemoryBound(to: assay_str.self)
            return (0..<count).map { row -> String? in
                guard states[row] == CellState.value.rawValue else { return nil }
                return String(
                    decoding: UnsafeRawBufferPointer(start: texts[row].ptr, count: Int(texts[row].len)), as: UTF8.self)
            }
        }
        for (row, message) in messages.enumerated() {
            if let message { results.fail(row, .scorerError, message) }
        }
    }

    private static func emit(
        _ found: ArrowRows, _ column: Int, _ index: Int, _ output: ColumnDescription,
        _ results: EmbeddedResults
    ) throws {
        // JSON comes as text.
        let isEmitted = try found.withCells(column, output.type == .json ? .text : output.type) { states, cells in
            var validity = [UInt8](repeating: 0, count: states.count / 8 + 1)
            for row in states.indices where states[row] == CellState.value.rawValue {
                validity[row >> 3] |= 1 << (row & 7)
            }
            return validity.withUnsafeBufferPointer { validity in
                results.emit(
                    index,
                    assay_column(
                        struct_size: UInt32(MemoryLayout<assay_column>.size), type: output.type.rawValue,
                        validity: validity.baseAddress, values: cells, list_offsets: nil), count: states.count)
            }
        }
        if !isEmitted { throw LibraryFault("the output \"\(output.name)\" does not hold \(output.type.name) values") }
    }

    /// The inputs as a record batch.
    private static func rows(
        _ description: ScorerDescription, _ batch: assay_batch
    ) throws -> (ArrowSchema, ArrowArray) {
        let formats = description.inputs.map { input in
            switch input.type {
            case .f64: "g"
            case .i64: "l"
            case .bool: "b"
            case .text, .json, .textList: "u"
            }
        }
        let builder = ca_builder_new(formats.joined())
        defer { ca_builder_free(builder) }
        var isWhole = builder != nil
        for (index, input) in description.inputs.enumerated() {
            guard let column = batch.columns[index]?.pointee, let values = column.values else { continue }
            for row in 0..<Int(batch.n_rows) {
                if let validity = column.validity, validity[row >> 3] >> (row & 7) & 1 == 0 {
                    isWhole = isWhole && ca_builder_nulls(builder, index, 1)
                    continue
                }
                switch input.type {
                case .f64:
                    let numbers = values.assumingMemoryBound(to: Double.self)
                    isWhole = isWhole && ca_builder_number(builder, index, numbers[row])
                case .i64:
                    let integers = values.assumingMemoryBound(to: Int64.self)
                    isWhole = isWhole && ca_builder_integer(builder, index, integers[row])
                case .bool:
                    let booleans = values.assumingMemoryBound(to: UInt8.self)
                    isWhole = isWhole && ca_builder_integer(builder, index, Int64(booleans[row]))
                case .text, .json, .textList:
                    let texts = values.assumingMemoryBound(to: assay_str.self)
                    isWhole = isWhole && ca_builder_text(builder, index, texts[row].ptr, Int(texts[row].len), 1)
                }
            }
        }
        var (schema, array) = (ArrowSchema(), ArrowArray())
        let names = description.inputs.map { strdup($0.name) }
        defer { for name in names { free(name) } }
        guard isWhole, ca_builder_schema(builder, names.map { UnsafePointer<CChar>($0) }, &schema),
            ca_builder_finish(builder, Int(batch.n_rows), &array)
        else {
            schema.release?(&schema)
            throw LibraryFault("there is not enough memory for a batch of \(batch.n_rows) rows")
        }
        return (schema, array)
    }
}
