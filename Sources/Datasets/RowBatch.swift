import CArrow
import CSimdJSON
import Glibc
public import JSON
public import ScoringCore

/// A column to read: a member of the rows' objects or a place within one, and the type that its reader needs.
public struct ColumnRequest: Sendable, Hashable {
    public var path: ColumnPath
    public var type: ValueType

    public init(_ path: ColumnPath, _ type: ValueType) {
        self.path = path
        self.type = type
    }

    public init(_ name: String, _ type: ValueType) {
        self.init(ColumnPath(name), type)
    }

    /// The column's name, or the path as it was written.
    public var name: String { path.name }
}

extension Sequence<ColumnRequest> {
    /// The names of the columns that have to be there for these to be read: of a path, its own name and its root's.
    public var columnNames: Set<String> { Set(flatMap { [$0.name, $0.path.root] }) }
}

/// What a cell of a column is.
public enum CellState: UInt8, Sendable {
    /// The row has no such member.
    case missing = 0
    case null = 1
    case value = 2
    /// The member is there, but is not of the column's type.
    case mistyped = 3
}

/// The rows of one chunk as typed columns of cells that point into it. Reused from chunk to chunk.
///
/// Memory: about 60 bytes per row and 17 per cell, plus the unescaped texts, which are no longer than the chunk.
public final class RowBatch {
    public let requests: [ColumnRequest]
    /// Rows read, selected or not.
    public private(set) var rowsRead = 0
    /// Lines read, blank ones too.
    public private(set) var linesRead = 0
    /// Rows kept.
    public private(set) var count = 0
    /// Whether any row read could not be.
    public private(set) var hasFaults = false

    private let isUntyped: Bool
    private let names: UnsafeMutableBufferPointer<CChar>
    /// Those requested, and behind them the columns that paths start from.
    private let columns: UnsafeMutableBufferPointer<csj_column>
    private let steps: UnsafeMutableBufferPointer<csj_step>
    private let rewriter = ValueRewriter()
    private var parser: OpaquePointer?
    private var rows: UnsafeMutablePointer<csj_row>
    private var capacity = 0
    private var arena: UnsafeMutableRawBufferPointer
    /// The rows, where they were columns already.
    private var arrow: ArrowReading?
    /// Whether Arrow columns are read in place where that can be. `line` then has one reader at a time.
    package var readsArrowInPlace = true

    /// - Parameter isUntyped: whether all cells are text, as in CSV: text that spells a number or boolean is then taken
    ///   for one where a column asks for it.
    public init(_ requests: [ColumnRequest], isUntyped: Bool = false) {
        self.requests = requests
        self.isUntyped = isUntyped
        let layout = ColumnLayout(requests)
        names = .allocate(capacity: layout.bytes.count)
        _ = names.initialize(from: layout.bytes)
        let start = names.baseAddress
        func text(_ range: Range<Int>) -> csj_text {
            csj_text(ptr: start.map { $0 + range.lowerBound }, len: UInt64(range.count))
        }
        steps = .allocate(capacity: layout.steps.count)
        _ = steps.initialize(
            from: layout.steps.map { csj_step(name: text($0.name), index: $0.index, is_index: $0.isIndex) })
        columns = .allocate(capacity: layout.columns.count)
        for (index, entry) in layout.columns.enumerated() {
            var column = csj_column()
            column.name = text(entry.name)
            column.type = entry.type.rawValue
            column.steps = steps.baseAddress.map { UnsafePointer($0 + entry.steps.lowerBound) }
            column.n_steps = entry.steps.count
            column.root = entry.root
            column.is_root = index >= requests.count
            columns.initializeElement(at: index, to: column)
        }
        rows = .allocate(capacity: 0)
        arena = .allocate(byteCount: 0, alignment: 16)
        makeParser()
        grow(to: 1024)
    }

    deinit {
        for column in columns {
            free(column.states)
            free(column.values)
            free(column.list_offsets)
            free(column.list_texts)
        }
        columns.deallocate()
        steps.deallocate()
        names.deallocate()
        rows.deallocate()
        arena.deallocate()
        csj_parser_free(parser)
    }

    /// Reads all rows of a chunk, whose memory must stay until the cells are no longer used.
    public func read(_ chunk: Chunk) {
        if let slice = chunk.arrow {
            if readsArrowInPlace, readInPlace(slice) { return }
            arrow = nil
            let wanted = requests.columnNames
            let flags = slice.rows.columns.names.map { wanted.contains($0) }
            slice.rows.withLines(slice.range, wanted: flags) { chunk.takeLines($0) }
        }
        let needed = chunk.count + 2 * Int(CSJ_PADDING)
        let isLarge = arena.count > 16 << 20 && arena.count > 4 * needed
        if arena.count < needed || isLarge {
            arena.deallocate()
            arena = .allocate(byteCount: needed, alignment: 16)
        }
        if isLarge {
            // The parser's memory has grown with a long line, too.
            csj_parser_free(parser)
            makeParser()
        }
        rewriter.removeAll()
        let start = chunk.start?.assumingMemoryBound(to: CChar.self)
        var rest = csj_chunk(rest: csj_text(ptr: start, len: UInt64(chunk.count)), line_index: 0, faults: 0)
        count = 0
        while true {
            // What is unescaped is never longer than what it is read from, so the arena's offsets can follow the chunk's.
            let consumed = chunk.count - Int(rest.rest.len)
            let target = arena.baseAddress?.advanced(by: consumed).assumingMemoryBound(to: CChar.self)
            count = csj_read_rows(
                parser, &rest, columns.baseAddress, columns.count, isUntyped, rows, count, capacity, target)
            if count < capacity || rest.rest.len == 0 { break }
            grow(to: 2 * capacity)
        }
        rowsRead = count
        linesRead = Int(rest.line_index)
        hasFaults = rest.faults > 0
    }

    private func makeParser() {
        parser = csj_parser_new()
        // The parser and the rewriter go together with the batch.
        csj_parser_set_rewrite(
            parser,
            { context, text, kind in
                guard let context else { return csj_text() }
                return Unmanaged<ValueRewriter>.fromOpaque(context).takeUnretainedValue().rewrite(text, kind)
            }, Unmanaged.passUnretained(rewriter).toOpaque())
    }

    private func grow(to capacity: Int) {
        let larger = UnsafeMutablePointer<csj_row>.allocate(capacity: capacity)
        larger.update(from: rows, count: count)
        rows.deallocate()
        rows = larger
        for index in columns.indices {
            columns[index].states = regrown(columns[index].states, to: capacity)
            let width = RowBatch.width(of: columns[index].valueType)
            columns[index].values = realloc(columns[index].values, max(1, width * capacity))
            columns[index].list_offsets = regrown(columns[index].list_offsets, to: capacity + 1)
        }
        self.capacity = capacity
    }

    private func regrown<Element>(
        _ memory: UnsafeMutablePointer<Element>?, to capacity: Int
    ) -> UnsafeMutablePointer<Element>? {
        realloc(memory, capacity * MemoryLayout<Element>.stride)?.assumingMemoryBound(to: Element.self)
    }

    /// Bytes a cell.
    private static func width(of type: ValueType) -> Int {
        switch type {
        case .text, .json: MemoryLayout<csj_text>.size
        case .f64, .i64: 8
        case .bool: 1
        case .textList: 0
        }
    }

    // MARK: Cells

    /// How many cells of the columns were NaN or an infinity in the rows read, which counts as null.
    ///
    /// A cell that is asked for as more than one type counts once.
    public var nonFiniteCount: Int {
        var counts: [String: Int] = [:]
        for (index, request) in requests.enumerated() where columns[index].non_finite > 0 {
            counts[request.name] = max(counts[request.name] ?? 0, Int(columns[index].non_finite))
        }
        return counts.values.reduce(0, +)
    }

    /// Whether any row of the chunk has the column, even if it is null.
    public func hasSeen(_ column: Int) -> Bool { columns[column].seen != 0 }

    /// The state of a column's cell in each row kept.
    public func states(_ column: Int) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: columns[column].states, count: count)
    }

    /// The cells of a column, laid out as the plugin header says for its type. Never null, also where there is none.
    public func values(_ column: Int) -> UnsafeRawPointer {
        let values =
            requests[column].type == .textList
            ? UnsafeRawPointer(columns[column].list_texts) : UnsafeRawPointer(columns[column].values)
        return values ?? UnsafeRawPointer(arena.baseAddress ?? UnsafeMutableRawPointer(rows))
    }

    /// Bytes a cell of `values`; 0 for lists, whose rows `listOffsets` delimits.
    public func width(_ column: Int) -> Int { RowBatch.width(of: requests[column].type) }

    public func listOffsets(_ column: Int) -> UnsafePointer<Int64>? { UnsafePointer(columns[column].list_offsets) }

    /// The bytes of a text or json cell whose state is `value`.
    public func text(_ column: Int, row: Int) -> UnsafeRawBufferPointer {
        let cells = values(column).assumingMemoryBound(to: csj_text.self)
        return UnsafeRawBufferPointer(start: cells[row].ptr, count: Int(cells[row].len))
    }

    // MARK: Arrow

    /// Reads columns without a detour over JSON; false if one of them cannot be.
    private func readInPlace(_ slice: ArrowSlice) -> Bool {
        if arrow?.columns !== slice.rows.columns { arrow = ArrowReading(slice.rows.columns, requests) }
        guard let arrow, arrow.isPossible else {
            self.arrow = nil
            return false
        }
        arrow.slice = slice
        let total = slice.range.count
        count = 0
        if capacity < total { grow(to: total) }
        for row in 0..<total {
            rows[row] = csj_row(
                line: csj_text(), line_index: UInt64(row), row_index: UInt64(row), error: 0, error_offset: -1)
        }
        for index in requests.indices {
            guard let states = columns[index].states, let values = columns[index].values else { return false }
            columns[index].non_finite = 0
            columns[index].seen = arrow.places[index] == nil ? 0 : 1
            guard let place = arrow.places[index] else {
                states.update(repeating: CellState.missing.rawValue, count: total)
                continue
            }
            guard
                let nonFinite = arrow.read(
                    place, requests[index].type, states, values, at: index)
            else { return false }
            columns[index].non_finite = nonFinite
        }
        count = total
        (rowsRead, linesRead, hasFaults) = (total, total, false)
        return true
    }

    // MARK: Rows

    /// Whether all rows read were kept, so that a row's place among them is its place here.
    public var isWhole: Bool { count == rowsRead }

    /// The row's place among the rows of its chunk, from 0.
    public func rowIndex(_ row: Int) -> Int { Int(rows[row].row_index) }

    /// The row's place among the lines of its chunk, from 0.
    public func lineIndex(_ row: Int) -> Int { Int(rows[row].line_index) }

    /// The row's own bytes: a JSON object, where the row could be read.
    public func line(_ row: Int) -> UnsafeRawBufferPointer {
        if let arrow { return arrow.line(Int(rows[row].row_index)) }
        return UnsafeRawBufferPointer(start: rows[row].line.ptr, count: Int(rows[row].line.len))
    }

    /// Whether the row could be read.
    public func isReadable(_ row: Int) -> Bool { rows[row].error == CSJ_ROW_OK }

    /// Why the row could not be read; nil if it could.
    public func fault(_ row: Int) -> RowFault? {
        let error = rows[row].error
        if error == CSJ_ROW_OK { return nil }
        let line = line(row)
        if error == CSJ_ROW_REJECTED {
            if let reason = RejectedLine.reason(of: line) { return RowFault(message: reason, offset: nil) }
            return RowFault(message: "not a JSON object: the line starts with a NUL character", offset: 0)
        }
        return RowFault(error, at: Int(rows[row].error_offset), in: line)
    }

    /// Checks whole rows, where so far only the cells of the batch's columns were; a row that is not valid JSON becomes
    /// one that could not be read, except for what ``JSONParser`` can repair.
    ///
    /// - Returns: the number of repairs.
    public func checkWholeRows() -> Int {
        var repairs: UInt64 = 0
        for row in 0..<count where isReadable(row) {
            var nodes: UnsafePointer<csj_node>?
            var nodeCount = 0
            var unpaired = false
            let error = csj_parse(
                parser, rows[row].line, &nodes, &nodeCount, &rows[row].error_offset, &unpaired, &repairs)
            guard error != 0 else { continue }
            rows[row].error = error
            hasFaults = true
            for column in columns { column.states[row] = CellState.missing.rawValue }
        }
        return Int(repairs)
    }

    /// Keeps the rows that `isWanted` holds for, at most `limit`, and drops the others.
    public func keep(limit: Int = .max, where isWanted: (_ row: Int) -> Bool) {
        let lists = columns.indices.filter { columns[$0].valueType == .textList }
        var listEnds = [Int64](repeating: 0, count: columns.count)
        var kept = 0
        for row in 0..<count where kept < limit && isWanted(row) {
            for index in lists { listEnds[index] = moveList(index, row, to: kept, at: listEnds[index]) }
            if kept != row { move(row, to: kept) }
            kept += 1
        }
        for index in lists { columns[index].list_offsets[kept] = listEnds[index] }
        count = kept
    }

    private func move(_ row: Int, to kept: Int) {
        rows[kept] = rows[row]
        for index in columns.indices {
            columns[index].states[kept] = columns[index].states[row]
            let width = RowBatch.width(of: columns[index].valueType)
            guard width > 0, let values = columns[index].values else { continue }
            (values + kept * width).copyMemory(from: values + row * width, byteCount: width)
        }
    }

    /// Moves a row's texts down to `start` in the column's texts, and returns where they end.
    private func moveList(_ column: Int, _ row: Int, to kept: Int, at start: Int64) -> Int64 {
        guard let offsets = columns[column].list_offsets, let texts = columns[column].list_texts else { return start }
        let (from, to) = (offsets[row], offsets[row + 1])
        for index in from..<to { texts[Int(start + index - from)] = texts[Int(index)] }
        offsets[kept] = start
        return start + to - from
    }
}

extension csj_column {
    fileprivate var valueType: ValueType { ValueType(rawValue: type) ?? .json }
}

/// How a batch reads the columns of Arrow batches, and the memory for what is not in them as it is needed.
private final class ArrowReading {
    let columns: ArrowColumns
    /// For each request, its column; nil if there is none.
    let places: [Int?]
    let isPossible: Bool
    var slice: ArrowSlice?
    private var arenas: [ca_bytes]
    private var lines = ca_bytes()

    init(_ columns: ArrowColumns, _ requests: [ColumnRequest]) {
        self.columns = columns
        places = requests.map { request in columns.names.lastIndex { ExactText($0) == ExactText(request.path.name) } }
        arenas = requests.map { _ in ca_bytes() }
        isPossible = zip(requests, places).allSatisfy { request, place in
            if let place { return ca_schema_can_read(columns.schema, place, request.type.rawValue) }
            return !columns.names.contains { ExactText($0) == ExactText(request.path.root) }
        }
    }

    deinit {
        for arena in arenas { free(arena.bytes) }
        free(lines.bytes)
    }

    /// Returns how many numbers were not finite; nil when out of memory.
    func read(
        _ place: Int, _ type: ValueType, _ states: UnsafeMutablePointer<UInt8>, _ values: UnsafeMutableRawPointer,
        at index: Int
    ) -> UInt64? {
        guard let slice else { return nil }
        let (first, count) = (slice.range.lowerBound, slice.range.count)
        guard type == .json else {
            return ca_batch_read(slice.rows.batch, place, type.rawValue, first, count, states, values)
        }
        let read = ca_batch_read_json(
            slice.rows.batch, place, first, count, states, values.assumingMemoryBound(to: csj_text.self),
            &arenas[index])
        return read == .max ? nil : read
    }

    /// A row as JSON, until the next one is asked for.
    func line(_ row: Int) -> UnsafeRawBufferPointer {
        lines.count = 0
        guard let slice, ca_batch_write_rows(slice.rows.batch, slice.range.lowerBound + row, 1, nil, &lines) else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return UnsafeRawBufferPointer(start: lines.bytes, count: max(0, lines.count - 1))
    }
}
