import Datasets
import JSON
import ScorerHost
import ScoringCore
import ScoringDefinitions

/// Checks, before anything is scored, whether the dataset has the columns that a run needs.
struct ColumnCheck {
    private let plan: RunPlan
    private let batch: RowBatch
    /// The columns that no row has had so far, as indices into the plan's columns.
    private var missing: [Int]
    private var columnsThere: [String] = []
    private var rows = 0
    private var firstFault: String?
    /// Why the first row without a match could not be joined.
    private var joinFailure: String?
    /// The first rows, to show how far a path leads in them.
    private var samples: [JSONObject] = []

    init(_ plan: RunPlan) {
        self.plan = plan
        batch = RowBatch(plan.columns.requests, isUntyped: plan.dataset.isUntyped)
        var needed: Set<Int> = Set(plan.filters.map(\.column) + plan.groups)
        for function in plan.functions {
            for (column, input) in zip(function.columns, function.description.inputs) where !input.isOptional {
                needed.insert(column)
            }
        }
        missing = needed.sorted()
    }

    /// Examines the first chunk, which the reader then reads again. If columns are still missing and the dataset can be
    /// opened twice, examines the rest: only some rows may have a column.
    ///
    /// - Throws: `EngineError` that names the missing columns and the existing ones.
    mutating func run(_ reader: inout ChunkReader) throws(EngineError) {
        if missing.isEmpty && !plan.refusesWrongShapes { return }
        var wrongShape: EngineError?
        do throws(DatasetError) {
            if let first = try reader.peek() {
                look(at: first)
                if plan.refusesWrongShapes { wrongShape = self.wrongShape }
            }
            if !missing.isEmpty && plan.dataset.isReopenable {
                var rest = ChunkReader(try plan.dataset.open(plan.columnNames))
                let chunk = Chunk()
                while !missing.isEmpty, try rest.read(into: chunk) {
                    if chunk.index > 0 { look(at: chunk) }
                }
            }
        } catch {
            // The run will report the same fault, after it has scored the rows before it.
            if rows > 0 && missing.isEmpty { return }
            throw EngineError(.dataset, error.description)
        }
        if missing.isEmpty || rows == 0 {
            if let wrongShape { throw wrongShape }
            return
        }
        if !plan.includesInput { lookAtAllColumns() }
        throw failure
    }

    /// Examines the names of the columns of rows to come.
    ///
    /// - Throws: `EngineError` that names the missing columns and the existing ones.
    mutating func check(names: [String]) throws(EngineError) {
        missing.removeAll { column in
            let path = plan.columns.requests[column].path
            return names.contains { $0 == path.name || $0 == path.root }
        }
        columnsThere = names
        if !missing.isEmpty { throw failure }
    }

    private mutating func look(at chunk: Chunk) {
        batch.read(chunk)
        rows += batch.count
        missing.removeAll { batch.hasSeen($0) }
        if missing.isEmpty { return }
        nameColumns(of: batch)
    }

    /// A table is opened for the needed columns only, so its other columns have not been seen.
    private mutating func lookAtAllColumns() {
        guard plan.dataset.isReopenable, let source = try? plan.dataset.open(nil) else { return }
        var reader = ChunkReader(source)
        let chunk = Chunk()
        guard (try? reader.read(into: chunk)) == true else { return }
        samples = []
        batch.read(chunk)
        nameColumns(of: batch)
    }

    private mutating func nameColumns(of batch: RowBatch) {
        var parser = JSONParser()
        var repairs = 0
        for row in 0..<min(batch.count, 1000) {
            if let fault = batch.fault(row) {
                if firstFault == nil {
                    firstFault = plan.dataset.hasLines ? "line \(batch.lineIndex(row) + 1): \(fault)" : "\(fault)"
                }
            } else if let object = try? parser.parse(batch.line(row), repairs: &repairs).object {
                if samples.count < Self.sampleCount { samples.append(object) }
                if joinFailure == nil { joinFailure = object[joinErrorColumn]?["message"]?.string }
                for key in object.keys
                where key != joinErrorColumn && columnsThere.count < 10_000 && !columnsThere.contains(key) {
                    columnsThere.append(key)
                }
            }
        }
    }

    private static let sampleCount = 20

    /// How far a path leads in the rows, or why it is not valid.
    private func hint(on path: ColumnPath) -> String? {
        if let fault = path.fault { return "As a path, \(quoted(path.name)) is not valid: \(fault)." }
        if path.isColumn { return nil }
        let gaps = samples.compactMap { row -> ColumnPath.Gap? in
            guard case .nothing(let gap) = path.find(in: row), gap.deepest != nil else { return nil }
            return gap
        }
        let deepest = gaps.max { ($0.deepest?.steps.count ?? 0) < ($1.deepest?.steps.count ?? 0) }
        return deepest.map { "\(quoted(path.name)) leads nowhere: \($0)." }
    }

    private var failure: EngineError {
        var gaps: [(names: [String], need: String)] = []
        var hints: [String] = []
        for column in missing {
            if let hint = hint(on: plan.columns.requests[column].path), !hints.contains(hint) { hints.append(hint) }
            let name = plan.columns.requests[column].name
            let wanted = plan.columns.mapping.first { $0.value == name }.map { " (mapped to \(quoted($0.key)))" } ?? ""
            // Functions may need a column as different types, which are different columns to read.
            let users = plan.functions.filter { function in
                function.columns.contains { plan.columns.requests[$0].name == name }
            }
            let who =
                users.isEmpty
                ? plan.groups.contains(column) ? "a grouping" : "a filter"
                : users.map(\.function.identifier).joined(separator: " and ")
            let need = "which \(who) \(users.count > 1 ? "need" : "needs")"
            let label = quoted(name) + wanted
            guard let place = gaps.firstIndex(where: { $0.need == need }) else {
                gaps.append(([label], need))
                continue
            }
            if !gaps[place].names.contains(label) { gaps[place].names.append(label) }
        }
        let columns = gaps.map { gap in
            "the \(gap.names.count > 1 ? "columns" : "column") \(gap.names.joined(separator: " or ")), \(gap.need)"
        }
        var message = "\(plan.dataset.name): no row has \(columns.joined(separator: "; nor "))."
        if columnsThere.isEmpty {
            message += firstFault.map { " No row could be read; \($0)" } ?? " The rows have no columns."
            if firstFault != nil, let remedy = plan.dataset.formatAdvice { message += ". \(remedy)" }
        } else {
            let shown = columnsThere.prefix(50).map { quoted($0) }.joined(separator: ", ")
            let more = columnsThere.count > 50 ? " and \(columnsThere.count - 50) more" : ""
            message += " The columns are \(shown)\(more)."
            for hint in hints { message += " " + hint }
            if let joinFailure { message += " Some rows could not be joined; the first: \(joinFailure)." }
        }
        return EngineError(.missingColumn, message + logName, remedy: columnsThere.isEmpty ? nil : remedy)
    }

    private var knownLog: KnownLog? { samples.first.flatMap { KnownLog(of: $0) } }

    private var logName: String { knownLog.map { " The rows look like \($0.name)." } ?? "" }

    /// The missing columns, by the names that functions use.
    private var missingNames: [String] {
        missing.map { column in
            let name = plan.columns.requests[column].name
            return plan.columns.mapping.first { $0.value == name }?.key ?? name
        }
    }

    private var remedy: EngineError.Remedy? {
        let names = missingNames
        if let log = knownLog {
            if log.columns.isEmpty { return nil }
            let suggestions = log.columns.filter { column in
                names.contains(column.name) && plan.columns.mapping[column.name] != column.path
            }
            if !suggestions.isEmpty { return .mapColumns(suggestions) }
        }
        if plan.dataset.isUntyped, ColumnSuggestion.looksLikeData(columnsThere) { return .nameColumns }
        let suggestions = ColumnSuggestion.among(columnsThere, for: names, in: samples.first)
        return suggestions.isEmpty ? .mapColumn : .mapColumns(suggestions)
    }

    /// The error for a column that is read as text but only contains lists or objects in the first rows.
    private var wrongShape: EngineError? {
        for function in plan.functions {
            for (column, input) in zip(function.columns, function.description.inputs) {
                guard input.type == .text, !input.isOptional, !input.isLenient else { continue }
                let states = batch.states(column)
                guard !states.contains(CellState.value.rawValue),
                    let row = states.firstIndex(of: CellState.mistyped.rawValue),
                    let object = try? JSONValue(parsing: Array(batch.line(row))).object,
                    let value = columnValue(plan.columns.requests[column].name, in: object),
                    value.array != nil || value.object != nil
                else { continue }
                return failure(value, object, column, input.name, function)
            }
        }
        return nil
    }

    private func failure(
        _ value: JSONValue, _ row: JSONObject, _ column: Int, _ input: String, _ function: BoundFunction
    ) -> EngineError {
        let name = plan.columns.requests[column].name
        let log = KnownLog(of: row)
        let path =
            log?.columns.first { $0.name == input }?.path
            ?? TextPaths.inside(value, at: ColumnPath(name, in: row)).first
        let mapped = name == input ? "" : ", which is mapped to \(quoted(input)),"
        return EngineError(
            .missingColumn,
            "\(plan.dataset.name): the column \(quoted(name))\(mapped) holds \(value.kind) in each of the first rows, "
                + "such as \(excerpt(value)), but \(function.function.identifier) reads a string."
                + (log.map { " The rows look like \($0.name)." } ?? ""),
            remedy: path.map { .mapColumns([ColumnSuggestion(input, $0)]) })
    }
}
