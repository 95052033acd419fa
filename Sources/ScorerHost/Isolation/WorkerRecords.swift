import CScorerPlugin
import CWorkerProtocol
import ScoringCore

extension IsolatedCall {
    /// Hands what a step has given for some rows to the call, which checks it as it checks what a plugin in this process
    /// gives.
    ///
    /// - Parameter ask: takes a request, with the plugin's own tag.
    func apply(
        _ records: UnsafeRawBufferPointer, to rows: Range<Int>, _ call: ScorerCall,
        ask: (ModelRequest) -> Void
    ) {
        var reader = RecordReader(records)
        while let (record, rest) = reader.next() {
            switch record.kind {
            case UInt32(AW_EMIT): emit(record, rest, rows, call)
            case UInt32(AW_STATISTICS): emitStatistics(record, rest, rows, call)
            case UInt32(AW_FAIL): fail(record, rest, rows, call)
            case UInt32(AW_REQUEST):
                guard let (role, json) = record.parts(of: rest) else { continue }
                let name = String(decoding: role, as: UTF8.self)
                let isNumbered = record.flags & UInt32(AW_UNNUMBERED) == 0
                if record.flags & UInt32(AW_REFUSED) != 0 && rest.isEmpty {
                    call.misuse(.requestTooShort)
                } else if record.flags & UInt32(AW_REFUSED) != 0 {
                    call.refuseRequest(tag: record.first, role: name)
                } else if record.flags & UInt32(AW_EMBED | AW_MODERATE) != 0 {
                    // The worker is not trusted: texts that are not as announced were never asked for.
                    guard call.knows(role: name), let texts = Self.texts(in: json) else { continue }
                    let kind: ModelRequest.Kind =
                        record.flags & UInt32(AW_EMBED) != 0 ? .embeddings : .moderation
                    ask(ModelRequest(tag: record.first, role: name, kind: kind, texts: texts))
                } else if call.knows(role: name) {
                    ask(
                        ModelRequest(
                            tag: record.first, role: name, json: String(decoding: json, as: UTF8.self),
                            sample: isNumbered ? Int(record.output) : nil))
                }
            case UInt32(AW_LOG): call.scorer.instance.tell(.line(record, rest))
            case UInt32(AW_MISUSE): call.misuse(.outsideOfStep)
            default: break
            }
        }
    }

    /// Texts that follow their number and the length of each.
    private static func texts(in bytes: UnsafeRawBufferPointer) -> [String]? {
        guard bytes.count >= 8 else { return nil }
        let count = bytes.loadUnaligned(as: UInt64.self)
        guard count > 0, count <= UInt64(ASSAY_MAX_TEXTS), bytes.count >= 8 * (1 + Int(count)) else { return nil }
        var texts: [String] = []
        var start = 8 * (1 + Int(count))
        for index in 0..<Int(count) {
            let length = bytes.loadUnaligned(fromByteOffset: 8 * (1 + index), as: UInt64.self)
            guard length <= UInt64(bytes.count - start) else { return nil }
            texts.append(String(decoding: bytes[start..<start + Int(length)], as: UTF8.self))
            start += Int(length)
        }
        return start == bytes.count ? texts : nil
    }

    private func fail(_ record: aw_record, _ rest: UnsafeRawBufferPointer, _ rows: Range<Int>, _ call: ScorerCall) {
        let row = Int64(bitPattern: record.first)
        let outcome = Int32(bitPattern: record.type)
        if row == -1, let outcome = ScorerCall.outcome(outcome) {
            call.failRemaining(rows, outcome, .words(String(decoding: rest, as: UTF8.self)))
        } else if row >= 0 && row < Int64(rows.count) {
            _ = call.fail(row: Int64(rows.lowerBound) + row, outcome: outcome, assay_str(rest))
        } else {
            call.misuse(
                ScorerCall.outcome(outcome) == nil ? .failOutcome(outcome) : .failRow(row, rowCount: rows.count))
        }
    }

    private func emitStatistics(
        _ record: aw_record, _ rest: UnsafeRawBufferPointer, _ rows: Range<Int>, _ call: ScorerCall
    ) {
        let (end, overflow) = record.first.addingReportingOverflow(record.count)
        let width = call.scorer.description.statistics.count
        if width == 0 || record.flags & UInt32(AW_REFUSED) != 0 && record.type == 0 {
            call.misuse(.statisticsUndeclared)
        } else if overflow || end > UInt64(rows.count) {
            call.misuse(.statisticsRows(first: record.first, end: end, rowCount: rows.count))
        } else if record.flags & UInt32(AW_REFUSED) != 0 || Int(record.output) != width {
            call.misuse(.statisticsValues)
        } else {
            let values = rest.baseAddress?.assumingMemoryBound(to: Double.self)
            _ = call.emitStatistics(first: UInt64(rows.lowerBound) + record.first, count: record.count, values)
        }
    }

    /// The records have been checked, so what is announced is there.
    private func emit(_ record: aw_record, _ rest: UnsafeRawBufferPointer, _ rows: Range<Int>, _ call: ScorerCall) {
        let (end, overflow) = record.first.addingReportingOverflow(record.count)
        guard !overflow, end <= UInt64(rows.count) else {
            call.misuse(.emitRows(first: record.first, end: end, rowCount: rows.count))
            return
        }
        let count = Int(record.count)
        let first = UInt64(rows.lowerBound) + record.first
        var column = assay_column()
        column.struct_size = UInt32(MemoryLayout<assay_column>.size)
        column.type = record.type
        // What the plugin was refused, the call refuses, too, and says why: cells without values, or none at all.
        guard record.flags & UInt32(AW_REFUSED) == 0, let start = rest.baseAddress else {
            if record.type == 0 {
                _ = call.emit(output: record.output, first: first, count: record.count, nil)
            } else {
                _ = call.emit(output: record.output, first: first, count: record.count, &column)
            }
            return
        }
        column.values = start
        if record.flags & UInt32(AW_VALIDITY) != 0 {
            column.validity = start.assumingMemoryBound(to: UInt8.self)
            column.values = start + (((count + 7) / 8 + 7) & ~7)
        }
        guard record.type == ASSAY_TYPE_STR || record.type == ASSAY_TYPE_JSON else {
            _ = call.emit(output: record.output, first: first, count: record.count, &column)
            return
        }
        withUnsafeTemporaryAllocation(of: assay_str.self, capacity: count) { texts in
            let lengths = column.values.assumingMemoryBound(to: UInt64.self)
            var text = UnsafeRawPointer(lengths + count)
            for index in 0..<count {
                texts.initializeElement(
                    at: index,
                    to: assay_str(ptr: text.assumingMemoryBound(to: CChar.self), len: lengths[index]))
                text += Int(lengths[index])
            }
            column.values = UnsafeRawPointer(texts.baseAddress)
            _ = call.emit(output: record.output, first: first, count: record.count, &column)
        }
    }
}
