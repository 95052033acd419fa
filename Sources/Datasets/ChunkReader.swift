import CSimdJSON
import Glibc

/// Whole lines of a dataset in one piece of memory, followed by readable bytes.
///
/// `@unchecked Sendable`: filled by the reader under its caller's lock, then used by one worker at a time.
public final class Chunk: @unchecked Sendable {
    /// The number of the chunk in the dataset, from 0.
    public fileprivate(set) var index = 0
    /// The length of the lines in bytes.
    public fileprivate(set) var count = 0
    fileprivate var memory: UnsafeMutableRawBufferPointer
    /// The rows, instead of lines, where they are columns already.
    package fileprivate(set) var arrow: ArrowSlice?

    public init() {
        memory = .allocate(byteCount: 0, alignment: 16)
    }

    deinit {
        memory.deallocate()
    }

    var start: UnsafeMutableRawPointer? { memory.baseAddress }

    /// The bytes that lines may take.
    fileprivate var capacity: Int { max(0, memory.count - Int(CSJ_PADDING)) }

    /// Replaces the rows by lines of JSON.
    func takeLines(_ lines: UnsafeRawBufferPointer) {
        if capacity < lines.count || capacity > 4 * max(lines.count, 512 << 10) { resize(to: lines.count) }
        memory.copyMemory(from: lines)
        count = lines.count
        if let start { (start + count).initializeMemory(as: UInt8.self, repeating: 0, count: Int(CSJ_PADDING)) }
    }

    /// Changes the size of the memory to `capacity` bytes; the contents stay, up to that size.
    fileprivate func resize(to capacity: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity + Int(CSJ_PADDING), alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<min(count, capacity)]))
        memory.deallocate()
        memory = larger
    }
}

/// Divides a source into chunks of whole lines. The division depends only on the bytes, not on how the source delivers them.
public struct ChunkReader: ~Copyable {
    private var source: any ByteSource
    private var chunkSize: Int
    private let longestLine: Int?
    private let takesWhatIsThere: Bool
    private var nextIndex = 0
    /// The start of a line whose end has not been read.
    private var carry: [UInt8] = []
    private var hasEnded = false
    private var failure: DatasetError?
    /// A chunk that was read ahead, and how much of it has been returned.
    private var pending: Chunk?
    private var pendingStart = 0
    /// Chunks that are columns already, instead of a source.
    private var slices: ArraySlice<ArrowSlice>?

    /// - Parameters:
    ///   - chunkSize: in bytes; a chunk is only larger if a single line is.
    ///   - longestLine: in bytes, without its line feed; a longer one is an error. Nil: a line that is longer than the source
    ///     allows, or than 1 GiB, is passed over, and a ``RejectedLine`` takes its place.
    ///   - takesWhatIsThere: whether a chunk ends with the lines of a single read, for live sources: the division then depends
    ///     on how the source delivers the bytes.
    public init(
        _ source: any ByteSource, chunkSize: Int = 512 << 10, longestLine: Int? = nil, takesWhatIsThere: Bool = false
    ) {
        self.source = source
        self.chunkSize = chunkSize
        self.longestLine = longestLine
        self.takesWhatIsThere = takesWhatIsThere
    }

    /// - Parameter slices: a chunk each.
    package init(_ slices: [ArrowSlice]) {
        self.init(MemorySource([]))
        self.slices = slices[...]
    }

    /// Fills `chunk` with the next lines; returns false at the end.
    ///
    /// - Throws: errors of the source, after the preceding whole lines were delivered.
    public mutating func read(into chunk: Chunk) throws(DatasetError) -> Bool {
        if let pending {
            give(pending, to: chunk)
            return true
        }
        if let failure { throw failure }
        chunk.count = 0
        if slices != nil {
            chunk.arrow = slices?.popFirst()
            chunk.index = nextIndex
            nextIndex += 1
            return chunk.arrow != nil
        }
        var length = max(chunkSize, carry.count)
        // A long line leaves its chunk's memory large: release it.
        if chunk.capacity < length || chunk.capacity > 4 * length { chunk.resize(to: length) }
        UnsafeMutableRawBufferPointer(rebasing: chunk.memory[..<carry.count]).copyBytes(from: carry)
        chunk.count = carry.count
        carry.removeAll(keepingCapacity: carry.count <= chunkSize)
        while !hasEnded {
            fill(chunk, to: length)
            if hasEnded { break }
            if let cut = afterLastNewline(in: chunk) {
                carry.append(contentsOf: chunk.memory[cut..<chunk.count])
                chunk.count = cut
                break
            }
            let limit = limit
            if chunk.count > limit {
                if longestLine != nil {
                    let error = DatasetError(
                        .tooLarge,
                        "a row has more than \(sizeText(limit)); check that each row is on its own line, or raise "
                            + "--max-row-size")
                    failure = error
                    throw error
                }
                skipLine(in: chunk, limit)
                length = max(chunkSize, chunk.count)
                continue
            }
            length = min(2 * length, limit + 1)
            if chunk.capacity < length { chunk.resize(to: length) }
        }
        if chunk.count > limit { rejectLongLines(in: chunk, limit) }
        guard chunk.count > 0 else {
            if let failure { throw failure }
            return false
        }
        chunk.index = nextIndex
        nextIndex += 1
        if let start = chunk.start {
            (start + chunk.count).initializeMemory(as: UInt8.self, repeating: 0, count: Int(CSJ_PADDING))
        }
        return true
    }

    /// Reads the first chunk ahead, so that it can be examined before it is read again; nil at the end.
    public mutating func peek() throws(DatasetError) -> Chunk? {
        if pending == nil {
            let chunk = Chunk()
            pending = try read(into: chunk) ? chunk : nil
        }
        return pending
    }

    /// Makes all further chunks smaller, including the one that was read ahead.
    public mutating func cutsChunks(ofSize size: Int) { chunkSize = min(size, chunkSize) }

    /// Returns the chunk that was read ahead, or its next lines if chunks have become smaller since.
    private mutating func give(_ pending: Chunk, to chunk: Chunk) {
        let rest = pending.memory[pendingStart..<pending.count]
        var end = pending.count
        if rest.count > chunkSize {
            let newline = UInt8(ascii: "\n")
            let cut = rest.prefix(chunkSize).lastIndex(of: newline) ?? rest.firstIndex(of: newline)
            end = cut.map { $0 + 1 } ?? end
        }
        if pendingStart == 0 {
            chunk.index = pending.index
        } else {
            chunk.index = nextIndex
            nextIndex += 1
        }
        if pendingStart == 0 && end == pending.count {
            swap(&pending.memory, &chunk.memory)
            chunk.count = pending.count
        } else {
            let lines = UnsafeRawBufferPointer(rebasing: pending.memory[pendingStart..<end])
            chunk.count = 0
            if chunk.capacity < lines.count { chunk.resize(to: max(lines.count, chunkSize)) }
            chunk.memory.copyMemory(from: lines)
            chunk.count = lines.count
            if let start = chunk.start {
                (start + chunk.count).initializeMemory(as: UInt8.self, repeating: 0, count: Int(CSJ_PADDING))
            }
        }
        pendingStart = end
        if end == pending.count { self.pending = nil }
    }

    /// Whether `read` will return a chunk that was read ahead.
    public var hasPending: Bool { pending != nil }

    /// The maximum size of a line. Sources of several files say it while they are read.
    private var limit: Int { longestLine ?? min(source.rowLimit ?? .max, 1 << 30) }

    /// Reads until the chunk has `length` bytes or the source ends.
    private mutating func fill(_ chunk: Chunk, to length: Int) {
        while chunk.count < length {
            if takesWhatIsThere && afterLastNewline(in: chunk) != nil { return }
            let room = UnsafeMutableRawBufferPointer(rebasing: chunk.memory[chunk.count..<length])
            do throws(DatasetError) {
                let read = try source.read(into: room)
                if read == 0 {
                    hasEnded = true
                    return
                }
                chunk.count += read
            } catch {
                // The lines before the fault are complete; the rest was cut off by it.
                failure = error
                hasEnded = true
                chunk.count = afterLastNewline(in: chunk) ?? 0
                return
            }
        }
    }

    /// Passes over the rest of a line that is too long and of which the chunk has the start. The chunk then has a line that says
    /// so, and what was read behind it.
    private mutating func skipLine(in chunk: Chunk, _ limit: Int) {
        var size = chunk.count
        chunk.count = 0
        // So little that what is behind the line and the line in its place fit into a chunk: where that ends must not depend
        // on how the bytes were delivered.
        let room = max(1, chunkSize - 2 * RejectedLine.longest)
        var piece = [UInt8](repeating: 0, count: room)
        var rest: ArraySlice<UInt8> = []
        do throws(DatasetError) {
            while true {
                let read = try source.read(into: &piece)
                hasEnded = read == 0
                if hasEnded { break }
                let found = piece.withUnsafeBytes { bytes in
                    bytes.baseAddress.flatMap { start in memchr(start, 0x0A, read).map { UnsafeRawPointer($0) - start }
                    }
                }
                if let newline = found {
                    size += newline
                    rest = piece[(newline + 1)..<read]
                    break
                }
                size += read
            }
        } catch {
            // The fault has cut the line off.
            failure = error
            hasEnded = true
            return
        }
        let lines = Self.rejected(size, limit) + [UInt8(ascii: "\n")] + rest
        chunk.resize(to: max(chunkSize, lines.count))
        chunk.memory.copyBytes(from: lines)
        chunk.count = lines.count
    }

    /// Puts a line that says so in place of each line that is too long.
    private func rejectLongLines(in chunk: Chunk, _ limit: Int) {
        var lines: [UInt8] = []
        var areReplaced = false
        chunk.withLines { line in
            if line.count > limit {
                areReplaced = true
                lines += Self.rejected(line.count, limit)
            } else {
                lines += line
            }
            lines.append(UInt8(ascii: "\n"))
        }
        guard areReplaced else { return }
        lines.withUnsafeBytes { chunk.takeLines($0) }
    }

    private static func rejected(_ size: Int, _ limit: Int) -> [UInt8] {
        RejectedLine.bytes(
            "the row has \(sizeText(size)), and at most \(sizeText(limit)) are read; check that each row is on its own line, "
                + "or raise --max-row-size")
    }

    private func afterLastNewline(in chunk: Chunk) -> Int? {
        chunk.memory[..<chunk.count].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 }
    }
}

extension Chunk {
    /// Runs `body` with each line, without its line feed. The last line may lack one.
    public func withLines<Failure>(_ body: (UnsafeRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
        var start = 0
        while let base = memory.baseAddress, start < count {
            let end =
                memchr(base + start, 0x0A, count - start).map { UnsafeRawPointer($0) - UnsafeRawPointer(base) } ?? count
            try body(UnsafeRawBufferPointer(start: base + start, count: end - start))
            start = end + 1
        }
    }
}
