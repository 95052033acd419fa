import CScorerPlugin
import CSimdJSON
import Glibc
public import ScoringCore

/// The cells of one output of a call: numbers in place, texts one after the other in memory of the host.
public final class OutputCells {
    public let name: String
    public let type: ValueType
    private var count = 0
    private var capacity = 0
    /// 1 where the row has a value.
    private var present: UnsafeMutablePointer<UInt8>
    /// Numbers, integers and booleans, 8 bytes a row, by the output's type.
    private var slots: UnsafeMutableRawPointer
    /// Where the texts lie in `arena`.
    private var ranges: UnsafeMutablePointer<TextRange>
    private var arena: UnsafeMutableRawBufferPointer
    private var arenaCount = 0

    init(_ description: ColumnDescription) {
        name = description.name
        type = description.type
        present = .allocate(capacity: 0)
        slots = .allocate(byteCount: 0, alignment: 8)
        ranges = .allocate(capacity: 0)
        arena = .allocate(byteCount: 0, alignment: 1)
    }

    deinit {
        free()
        arena.deallocate()
    }

    private func free() {
        present.deallocate()
        slots.deallocate()
        ranges.deallocate()
    }

    private var holdsTexts: Bool { type == .text || type == .json }

    func reset(count: Int) {
        if count > capacity {
            free()
            capacity = count
            present = .allocate(capacity: count)
            slots = .allocate(byteCount: holdsTexts ? 0 : 8 * count, alignment: 8)
            ranges = .allocate(capacity: holdsTexts ? count : 0)
        }
        self.count = count
        present.update(repeating: 0, count: count)
        arenaCount = 0
        // One row with a very long text should not hold its memory for good.
        if arena.count > 16 << 20 {
            arena.deallocate()
            arena = .allocate(byteCount: 0, alignment: 16)
        }
    }

    // MARK: Reading

    /// The cells as they lie in memory, for loops over many rows. Valid until the call is next changed.
    public struct View {
        public let type: ValueType
        @usableFromInline let present: UnsafePointer<UInt8>
        @usableFromInline let slots: UnsafeRawPointer
        @usableFromInline let ranges: UnsafePointer<TextRange>
        @usableFromInline let arena: UnsafeRawPointer?

        @inlinable
        public func hasValue(_ row: Int) -> Bool { present[row] != 0 }

        /// The value of a number output in a row that has one.
        @inlinable
        public func number(_ row: Int) -> Double { slots.load(fromByteOffset: 8 * row, as: Double.self) }

        /// The value of an integer output, or of a boolean one as 0 or 1, in a row that has one.
        @inlinable
        public func integer(_ row: Int) -> Int64 { slots.load(fromByteOffset: 8 * row, as: Int64.self) }

        /// The text of a text or json output in a row that has one.
        @inlinable
        public func text(_ row: Int) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(start: arena.map { $0 + ranges[row].start }, count: ranges[row].length)
        }

        /// A byte a row, 0 where it has no value.
        package var presence: UnsafePointer<UInt8> { present }
        /// 8 bytes a row of an output that is not text: a `Double`, or an `Int64`.
        package var values: UnsafeRawPointer { slots }
        /// Two `Int`s a row of a text output: where its text starts in `texts`, and its length.
        package var textRanges: UnsafeRawPointer { UnsafeRawPointer(ranges) }
        package var texts: UnsafeRawPointer? { arena }
    }

    /// Where a text lies in the memory of all texts.
    @usableFromInline
    struct TextRange: BitwiseCopyable {
        @usableFromInline var start: Int
        @usableFromInline var length: Int
    }

    public var view: View {
        View(
            type: type, present: present, slots: slots, ranges: ranges, arena: UnsafeRawPointer(arena.baseAddress))
    }

    public func hasValue(_ row: Int) -> Bool { present[row] != 0 }

    /// The values of a number output, one a row, unspecified where a row has none. Valid until the call is next changed.
    public var numbers: UnsafeBufferPointer<Double> {
        precondition(type == .f64)
        return UnsafeBufferPointer(start: slots.assumingMemoryBound(to: Double.self), count: count)
    }

    /// Whether each row has a value.
    var isComplete: Bool { memchr(present, 0, count) == nil }

    // MARK: Writing

    func clear(_ row: Int) { present[row] = 0 }

    /// Takes the cells `values` of rows `first..<first + count` of the scorer's batch.
    ///
    /// - Parameter rowMap: the row of the call for each row of the scorer's batch; nil: the same.
    /// - Returns: false, having taken nothing, where the cells are not of this output's type or not finite.
    func take(_ values: assay_column, first: Int, count: Int, rowMap: UnsafePointer<Int>?) -> Bool {
        guard values.type == type.rawValue, let cells = values.values else { return false }
        switch type {
        case .f64:
            let numbers = cells.assumingMemoryBound(to: Double.self)
            let slots = slots
            for index in 0..<count where !numbers[index].isFinite && isValid(values, index) { return false }
            if rowMap == nil && values.validity == nil {
                slots.advanced(by: 8 * first).copyMemory(from: cells, byteCount: 8 * count)
                present.advanced(by: first).update(repeating: 1, count: count)
                return true
            }
            store(values, first, count, rowMap) { row, index in
                slots.storeBytes(of: numbers[index], toByteOffset: 8 * row, as: Double.self)
            }
        case .i64:
            let integers = cells.assumingMemoryBound(to: Int64.self)
            store(values, first, count, rowMap) { row, index in
                slots.storeBytes(of: integers[index], toByteOffset: 8 * row, as: Int64.self)
            }
        case .bool:
            let booleans = cells.assumingMemoryBound(to: UInt8.self)
            store(values, first, count, rowMap) { row, index in
                slots.storeBytes(of: booleans[index] == 0 ? 0 : 1, toByteOffset: 8 * row, as: Int64.self)
            }
        case .text, .json:
            takeTexts(values, cells.assumingMemoryBound(to: assay_str.self), first, count, rowMap)
        case .textList:
            return false
        }
        return true
    }

    @inline(__always)
    private func store(
        _ values: assay_column, _ first: Int, _ count: Int, _ rowMap: UnsafePointer<Int>?,
        _ write: (_ row: Int, _ index: Int) -> Void
    ) {
        let present = present
        for index in 0..<count {
            let row = rowMap.map { $0[first + index] } ?? first + index
            let valid = isValid(values, index)
            present[row] = valid ? 1 : 0
            if valid { write(row, index) }
        }
    }

    @inline(__always)
    private func isValid(_ values: assay_column, _ index: Int) -> Bool {
        values.validity.map { $0[index >> 3] >> (index & 7) & 1 != 0 } ?? true
    }

    private func takeTexts(
        _ values: assay_column, _ texts: UnsafePointer<assay_str>, _ first: Int, _ count: Int,
        _ rowMap: UnsafePointer<Int>?
    ) {
        var length = 0
        for index in 0..<count where isValid(values, index) { length += Int(texts[index].len) + 1 }
        if arenaCount + length > arena.count { grow(by: length) }
        guard let arena = arena.baseAddress else { return }
        let ranges = ranges
        var offset = arenaCount
        store(values, first, count, rowMap) { row, index in
            let length = Int(texts[index].len)
            if let source = texts[index].ptr { memcpy(arena + offset, source, length) }
            ranges[row] = TextRange(start: offset, length: length)
            // A zero byte stands between texts, so that two broken ones cannot make a whole one (see checkTexts).
            arena.storeBytes(of: 0, toByteOffset: offset + length, as: UInt8.self)
            offset += length + 1
        }
        arenaCount = offset
    }

    private func grow(by length: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(2 * arena.count, arenaCount + length, 4096), alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: arena[..<arenaCount]))
        arena.deallocate()
        arena = larger
    }

    /// Checks that all texts are UTF-8 and all json is JSON; drops and reports those that are not.
    func checkTexts(_ report: (_ row: Int, _ fault: UnscoredReason.BadText) -> Void) {
        guard holdsTexts, arenaCount > 0 else { return }
        let whole = UnsafeRawBufferPointer(rebasing: arena[..<arenaCount])
        if !isUTF8(whole) {
            for row in 0..<count where hasValue(row) && !isUTF8(view.text(row)) {
                clear(row)
                report(row, .notUTF8)
            }
        }
        if type == .json { checkJSON(report) }
    }

    private func checkJSON(_ report: (_ row: Int, _ fault: UnscoredReason.BadText) -> Void) {
        guard let parser = csj_parser_new() else { return }
        defer { csj_parser_free(parser) }
        var padded: [CChar] = []
        for row in 0..<count where hasValue(row) {
            let text = view.text(row)
            padded.removeAll(keepingCapacity: true)
            padded.append(contentsOf: text.lazy.map { CChar(bitPattern: $0) })
            padded.append(contentsOf: repeatElement(0, count: Int(CSJ_PADDING)))
            var nodes: UnsafePointer<csj_node>?
            var nodeCount = 0
            var offset: Int64 = 0
            var unpaired = false
            let error = padded.withUnsafeBufferPointer { bytes in
                csj_parse(
                    parser, csj_text(ptr: bytes.baseAddress, len: UInt64(text.count)), &nodes, &nodeCount, &offset,
                    &unpaired, nil)
            }
            if error != 0 {
                clear(row)
                report(row, .notJSON)
                continue
            }
            // Line feeds stand between tokens only, where a space says the same and leaves a row on its line.
            let range = ranges[row].start..<ranges[row].start + ranges[row].length
            for index in range where arena[index] == 0x0A || arena[index] == 0x0D { arena[index] = 0x20 }
        }
    }
}

private func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
    csj_is_utf8(
        csj_text(ptr: bytes.baseAddress?.assumingMemoryBound(to: CChar.self), len: UInt64(bytes.count)))
}
