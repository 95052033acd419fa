import Glibc
import ScoringCore
import Testing

@testable import Datasets

@Suite("A row that is longer than allowed costs only itself")
struct RowSizeLimitTests {
    private static let long = String(repeating: "x", count: 3_000)

    /// Each row: its line, or why it cannot be read.
    private func rows(
        _ source: any ByteSource, chunkSize: Int = 512 << 10, takesWhatIsThere: Bool = false
    ) throws -> (rows: [String], chunks: [Int]) {
        var reader = ChunkReader(source, chunkSize: chunkSize, takesWhatIsThere: takesWhatIsThere)
        let chunk = Chunk()
        let batch = RowBatch([ColumnRequest("a", .text)])
        var rows: [String] = []
        var chunks: [Int] = []
        while try reader.read(into: chunk) {
            chunks.append(chunk.count)
            batch.read(chunk)
            for row in 0..<batch.count {
                rows.append(batch.fault(row)?.description ?? String(decoding: batch.line(row), as: UTF8.self))
            }
        }
        return (rows, chunks)
    }

    private func reason(_ size: Int, _ limit: Int) -> String {
        "the row has \(size) bytes, and at most \(limit) bytes are read; check that each row is on its own line, or raise "
            + "--max-row-size"
    }

    @Test(
        "in whatever pieces it comes and is read", arguments: [1, 7, 1_000, 2_999, 3_000, 3_001, 1 << 16],
        [16, 2_000, 4_000, 1 << 16])
    func pieces(size: Int, chunkSize: Int) throws {
        let (good, other) = (#"{"a": "1"}"#, #"{"b": 22}"#)
        let long = "{\"a\": \"\(Self.long)\"}"
        let samples: [(text: String, rows: [String])] = [
            ("\(good)\n\(long)\n\(other)\n", [good, reason(3_009, 2_999), other]),
            ("\(long)\n", [reason(3_009, 2_999)]), (long, [reason(3_009, 2_999)]),
            ("\n\n\(long)", [reason(3_009, 2_999)]),
            ("\(long)\n\(long) \n\(good)", [reason(3_009, 2_999), reason(3_010, 2_999), good]),
            (
                "\(good)\n\(other)\n\(long)\(Self.long)\n\n\(other)\n\(other)",
                [good, other, reason(6_009, 2_999), other, other]
            ),
        ]
        for sample in samples {
            func read(_ size: Int) throws -> (rows: [String], chunks: [Int]) {
                let pieces = Pieces(base: MemorySource(sample.text), size: size)
                return try rows(RowSizeLimit(pieces, limit: 2_999), chunkSize: chunkSize)
            }
            #expect(try read(size).rows == sample.rows)
            #expect(try read(size).chunks == read(.max).chunks, "the division depends on the pieces")
            let live = RowSizeLimit(Pieces(base: MemorySource(sample.text), size: size), limit: 2_999)
            #expect(try rows(live, chunkSize: chunkSize, takesWhatIsThere: true).rows == sample.rows)
        }
    }

    @Test("a row of just the size is read", arguments: [1, 7, 1_000, 3_000, 1 << 16])
    func fitting(size: Int) throws {
        let long = #"{"a": "\#(String(repeating: "x", count: 2_991))"}"#
        let text = "{}\n\(long)\n\n\(long)\n\(long)"
        let source = RowSizeLimit(Pieces(base: MemorySource(text), size: size), limit: 3_000)
        #expect(try rows(source, chunkSize: 64).rows == ["{}", long, long, long])
    }

    @Test("in every format of a file, compressed or not", arguments: ["jsonl", "json", "csv", "tsv"], [false, true])
    func formats(ending: String, isCompressed: Bool) throws {
        let text =
            switch ending {
            case "jsonl": "{\"a\": \"1\"}\n{\"a\": \"\(Self.long)\"}\n{\"a\": \"2\"}\n"
            case "json": "[{\"a\": \"1\"}, {\"a\": \"\(Self.long)\"}, {\"a\": \"2\"}]"
            default: "a\n1\n\(Self.long)\n2\n"
            }
        let format = try #require(DatasetLocation.Format(name: "t.\(ending)"))
        let source = MemorySource(isCompressed ? gzipped(Array(text.utf8)) : Array(text.utf8))
        let rows = try rows(format.rows(of: source, named: "t.\(ending)", rowSize: 2_999)).rows
        #expect(rows.count == 3 && rows.first?.contains("1") == true && rows.last?.contains("2") == true, "\(rows)")
        #expect(rows.dropFirst().first?.contains("and at most 2999 bytes are read") == true)
    }

    @Test("is skipped without taking memory for it, and its size is known")
    func memory() throws {
        let size = 64 << 20
        let source = Repeated(
            start: Array("{\"a\": \"".utf8), byte: 0x78, count: size, end: Array("\"}\n{\"a\": \"1\"}\n".utf8))
        var reader = ChunkReader(RowSizeLimit(source, limit: 1 << 20))
        let chunk = Chunk()
        let before = residentPeak()
        #expect(try reader.read(into: chunk))
        var lines: [String] = []
        chunk.withLines { lines.append(String(decoding: $0, as: UTF8.self)) }
        #expect(lines.last == "{\"a\": \"1\"}" && lines.count == 2)
        #expect(lines.first?.contains("the row has \(size + 9) bytes, and at most 1 MiB are read") == true)
        #expect(residentPeak() - before < 16 << 20)
    }

    @Test("what a fault has cut off is not said to be too long")
    func fault() {
        let error = DatasetError(.truncated, "cut off", path: "x.gz")
        let source = FailingSource(text: "{}\n" + Self.long, error: error)
        var reader = ChunkReader(RowSizeLimit(source, limit: 1_000), chunkSize: 64)
        let chunk = Chunk()
        #expect(throws: Never.self) { try #expect(reader.read(into: chunk)) }
        #expect(chunk.count == 3)
        #expect(throws: error) { try reader.read(into: chunk) }
    }

    @Test("data that starts as such a line does is only a line that is not JSON")
    func lookalike() throws {
        let rows = try rows(MemorySource("\0\0\0\n\0x\n{\"a\": \"1\"}\n")).rows
        #expect(rows.count == 3 && rows.last == "{\"a\": \"1\"}")
        #expect(rows[0] == "not a JSON object: the line starts with a NUL character (byte 1)")
    }

    private func residentPeak() -> Int {
        var usage = rusage()
        getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        return Int(usage.ru_maxrss) << 10
    }
}

/// Delivers at most so many bytes at a time.
private struct Pieces: ByteSource {
    var base: MemorySource
    var size: Int

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        base.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(size)))
    }
}

/// A text, and then an error.
private struct FailingSource: ByteSource {
    private var base: MemorySource
    private let error: DatasetError

    init(text: String, error: DatasetError) {
        base = MemorySource(text)
        self.error = error
    }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        let count = base.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(100)))
        if count == 0 { throw error }
        return count
    }
}

/// A text with many of the same byte in it.
private struct Repeated: ByteSource {
    private var start: MemorySource
    private let byte: UInt8
    private var count: Int
    private var end: MemorySource

    init(start: [UInt8], byte: UInt8, count: Int, end: [UInt8]) {
        (self.start, self.byte, self.count, self.end) = (MemorySource(start), byte, count, MemorySource(end))
    }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let read = start.read(into: buffer)
        if read > 0 { return read }
        if count == 0 { return end.read(into: buffer) }
        let length = min(count, buffer.count)
        buffer.baseAddress?.initializeMemory(as: UInt8.self, repeating: byte, count: length)
        count -= length
        return length
    }
}
