import CScorerPlugin
import CWorkerProtocol

/// Goes through the records that a worker wrote, once they lie in memory of this process.
///
/// Every length is checked; everything else in a record is checked where it is used.
struct RecordReader {
    private let bytes: UnsafeRawBufferPointer
    private var place = 0

    /// - Parameter bytes: aligned for any type.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// The next record and what follows it; nil at the end, or where what follows is cut off.
    mutating func next() -> (record: aw_record, rest: UnsafeRawBufferPointer)? {
        let head = MemoryLayout<aw_record>.size
        guard bytes.count - place >= head else { return nil }
        let record = bytes.loadUnaligned(fromByteOffset: place, as: aw_record.self)
        guard record.length <= UInt64(bytes.count - place - head) else { return nil }
        let start = place + head
        let end = start + Int(record.length)
        // The last record may lack the bytes that fill it up.
        place = min((end + 7) & ~7, bytes.count)
        return (record, UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
    }

    /// What is wrong with records as a whole; nil if each is one that a worker writes.
    ///
    /// - Parameter rowCount: the rows of the step that gave them.
    static func fault(in bytes: UnsafeRawBufferPointer, rowCount: Int) -> String? {
        var reader = RecordReader(bytes)
        while let (record, rest) = reader.next() {
            switch Int(record.kind) {
            case AW_EMIT:
                if !record.holdsCells(rest, rowCount: rowCount) { return "invalid cells" }
            case AW_REQUEST, AW_REJECT:
                if record.count > record.length { return "a string beyond its end" }
            case AW_STATISTICS:
                if !record.holdsStatistics(rest, rowCount: rowCount) { return "invalid statistics" }
            case AW_FAIL, AW_LOG, AW_MISUSE, AW_PLUGIN...AW_RACED, AW_AGGREGATE...AW_AGGREGATION: break
            default: return "a record of an unknown kind"
            }
        }
        return reader.place == bytes.count ? nil : "a record beyond the end"
    }
}

extension aw_record {
    /// Whether what follows an AW_EMIT are the cells that it announces, for rows that there are.
    fileprivate func holdsCells(_ rest: UnsafeRawBufferPointer, rowCount: Int) -> Bool {
        if flags & UInt32(AW_REFUSED) != 0 { return rest.isEmpty }
        guard first <= UInt64(rowCount), count <= UInt64(rowCount) - first, count > 0 else { return false }
        let count = Int(count)
        let validity = flags & UInt32(AW_VALIDITY) != 0 ? ((count + 7) / 8 + 7) & ~7 : 0
        switch Int(type) {
        case ASSAY_TYPE_F64, ASSAY_TYPE_I64: return rest.count == validity + 8 * count
        case ASSAY_TYPE_BOOL: return rest.count == validity + count
        case ASSAY_TYPE_STR, ASSAY_TYPE_JSON:
            var left = rest.count - validity - 8 * count
            guard left >= 0 else { return false }
            for index in 0..<count {
                let length = rest.loadUnaligned(fromByteOffset: validity + 8 * index, as: UInt64.self)
                guard length <= UInt64(left) else { return false }
                left -= Int(length)
            }
            return left == 0
        default: return false
        }
    }

    /// Whether what follows an AW_STATISTICS are the numbers that it announces, for rows that there are.
    fileprivate func holdsStatistics(_ rest: UnsafeRawBufferPointer, rowCount: Int) -> Bool {
        if flags & UInt32(AW_REFUSED) != 0 { return rest.isEmpty }
        guard first <= UInt64(rowCount), count <= UInt64(rowCount) - first, count > 0, output > 0,
            output <= UInt32(ASSAY_MAX_STATISTICS)
        else { return false }
        return rest.count == 8 * Int(count) * Int(output)
    }

    /// What follows in two parts, the first being `count` bytes long; nil if there are not so many.
    func parts(of rest: UnsafeRawBufferPointer) -> (UnsafeRawBufferPointer, UnsafeRawBufferPointer)? {
        guard count <= UInt64(rest.count) else { return nil }
        let cut = Int(count)
        return (UnsafeRawBufferPointer(rebasing: rest[..<cut]), UnsafeRawBufferPointer(rebasing: rest[cut...]))
    }
}

extension assay_str {
    init(_ bytes: UnsafeRawBufferPointer) {
        self.init(ptr: bytes.baseAddress?.assumingMemoryBound(to: CChar.self), len: UInt64(bytes.count))
    }
}

extension String {
    /// The text of a worker, repaired where it is not UTF-8, and shortened where it goes on for long.
    init(shortened bytes: UnsafeRawBufferPointer) {
        self.init(decoding: bytes.prefix(4096), as: UTF8.self)
    }
}

/// Which rows of a batch a step has given something for, as far as its records tell.
struct GivenRows {
    private var isGiven: [Bool]
    /// The rows given and the requests made, of which only a limited number per row count. It only grows while a step makes
    /// progress, and has an upper bound.
    private(set) var progress = 0

    private static let requestsPerRow = 10

    init(rowCount: Int, records: UnsafeRawBufferPointer) {
        isGiven = Array(repeating: false, count: rowCount)
        var requests = 0
        var reader = RecordReader(records)
        while let (record, _) = reader.next() {
            switch record.kind {
            case UInt32(AW_EMIT): add(record.first, record.count)
            case UInt32(AW_FAIL): add(record.first, 1)
            case UInt32(AW_REQUEST) where record.flags & UInt32(AW_REFUSED) == 0: requests += 1
            default: break
            }
        }
        progress += min(requests, Self.requestsPerRow * rowCount)
    }

    private mutating func add(_ first: UInt64, _ count: UInt64) {
        guard first < UInt64(isGiven.count) else { return }
        let end = first + min(count, UInt64(isGiven.count) - first)
        for row in Int(first)..<Int(end) where !isGiven[row] {
            isGiven[row] = true
            progress += 1
        }
    }

    /// The first row that nothing was given for.
    var firstMissing: Int? { isGiven.firstIndex(of: false) }
}
