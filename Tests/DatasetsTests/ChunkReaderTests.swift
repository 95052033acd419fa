import ScoringCore
import TestSupport
import Testing

@testable import Datasets

@Suite("A source is cut into chunks of whole lines")
struct ChunkReaderTests {
    /// The bytes of each chunk, and the error at the end.
    private func chunks(
        _ source: any ByteSource, size: Int = 16, longestLine: Int? = nil, using chunks: [Chunk] = [Chunk()]
    ) -> (texts: [String], error: DatasetError?) {
        var reader = ChunkReader(source, chunkSize: size, longestLine: longestLine)
        var texts: [String] = []
        while true {
            let chunk = chunks[texts.count % chunks.count]
            do throws(DatasetError) {
                guard try reader.read(into: chunk) else { break }
            } catch {
                return (texts, error)
            }
            #expect(chunk.index == texts.count)
            texts.append(text(chunk))
        }
        #expect(throws: Never.self) { try #expect(!reader.read(into: Chunk())) }
        return (texts, nil)
    }

    private func text(_ chunk: Chunk) -> String {
        String(decoding: UnsafeRawBufferPointer(start: chunk.start, count: chunk.count), as: UTF8.self)
    }

    @Test("what was read ahead is given in smaller chunks where these are wanted", arguments: [1, 8, 16, 100])
    func smallerChunks(size: Int) throws {
        let lines = "01234\n6789\nbcdefghi\nk\nlm\nno"
        var reader = ChunkReader(MemorySource(lines), chunkSize: 22)
        _ = try reader.peek()
        reader.cutsChunks(ofSize: size)
        let chunk = Chunk()
        var texts: [String] = []
        while try reader.read(into: chunk) {
            #expect(chunk.index == texts.count)
            texts.append(text(chunk))
        }
        #expect(texts.joined() == lines)
        #expect(texts.allSatisfy { $0.utf8.count <= max(size, 9) || size == 100 })
        let hasPending = reader.hasPending
        #expect(!hasPending)
    }

    @Test(
        "a chunk ends behind the last line that fits",
        arguments: [
            ("", []),
            ("\n", ["\n"]),
            ("a", ["a"]),
            ("a\n", ["a\n"]),
            ("0123456789abcde\n", ["0123456789abcde\n"]),
            ("0123456789abcde\nx", ["0123456789abcde\n", "x"]),
            ("0123456789abcdef", ["0123456789abcdef"]),
            ("0123456789abcdef\n", ["0123456789abcdef\n"]),
            ("01234\n6789\nbcdefghi\nk\n", ["01234\n6789\n", "bcdefghi\nk\n"]),
            ("\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n", [String(repeating: "\n", count: 16), "\n\n"]),
            ("1\n2\r\n3\n45678901234567890\n2\n", ["1\n2\r\n3\n", "45678901234567890\n2\n"]),
            (String(repeating: "x", count: 100) + "\ny", [String(repeating: "x", count: 100) + "\ny"]),
            (String(repeating: "x", count: 127) + "\ny", [String(repeating: "x", count: 127) + "\n", "y"]),
        ])
    func cuts(text: String, expected: [String]) {
        for pieceSize in pieceSizes {
            let (texts, error) = chunks(PiecewiseSource(Array(text.utf8), pieceSize: pieceSize))
            #expect(error == nil)
            #expect(texts == expected, "pieces of \(pieceSize)")
        }
    }

    /// Lines of random lengths, some of them long.
    private func randomLines(_ seed: UInt64) -> String {
        var random = SeededGenerator(seed: seed)
        return (0..<200).map { line in
            let length = Int.random(in: 0..<(Int.random(in: 0..<10, using: &random) == 0 ? 200 : 12), using: &random)
            return String(repeating: line % 2 == 0 ? "a" : "é", count: length)
        }.joined(separator: "\n")
    }

    @Test("where it is cut depends on the bytes alone, not on how they arrive", arguments: 0..<5)
    func pieces(seed: Int) {
        let bytes = Array(randomLines(UInt64(seed)).utf8)
        let reference = chunks(PiecewiseSource(bytes)).texts
        #expect(reference.joined() == String(decoding: bytes, as: UTF8.self))
        for text in reference.dropLast() { #expect(text.hasSuffix("\n")) }
        for pieceSize in pieceSizes {
            #expect(chunks(PiecewiseSource(bytes, pieceSize: pieceSize)).texts == reference)
        }
    }

    @Test("where it is cut does not depend on what the chunk's memory held before", arguments: 0..<5)
    func reusedChunks(seed: Int) {
        let bytes = Array(randomLines(UInt64(seed)).utf8)
        let reference = chunks(MemorySource(bytes)).texts
        for count in [2, 3, 1000] {
            let texts = chunks(MemorySource(bytes), using: (0..<count).map { _ in Chunk() }).texts
            #expect(texts.map(\.utf8.count) == reference.map(\.utf8.count), "\(count) chunks in turn")
        }
    }

    @Test("a line longer than any chunk is delivered whole, and the memory that it took is given back")
    func longLine() {
        let long = String(repeating: "x", count: 1000) + "\n"
        let chunk = Chunk()
        let (texts, _) = chunks(MemorySource("a\n" + long + "b\n" + long + "c\nd\n"), using: [chunk])
        #expect(texts.joined() == "a\n" + long + "b\n" + long + "c\nd\n")
        #expect(texts.last?.hasSuffix("d\n") == true)
        #expect(texts.count >= 2)
    }

    @Test("a line beyond the limit is an error, after the lines before it; a line at the limit is none")
    func longestLine() {
        let line = String(repeating: "x", count: 32) + "\n"
        #expect(chunks(MemorySource("a\n" + line + "b\n"), longestLine: 32).texts.joined() == "a\n" + line + "b\n")
        let (texts, error) = chunks(MemorySource("a\n" + "x" + line + "b\n"), longestLine: 32)
        #expect(texts == ["a\n"])
        #expect(error?.code == .tooLarge)
        #expect(
            error?.message
                == "a row has more than 32 bytes; check that each row is on its own line, or raise --max-row-size"
        )
    }

    @Test("what a source delivers before it fails is read to its last whole line", arguments: pieceSizes)
    func failingSource(pieceSize: Int) {
        let failure = DatasetError(.truncated, "cut off", path: "x.gz")
        let cases = [
            ("", ""), ("half", ""), ("a\nb\n", "a\nb\n"), ("a\nb\nhalf", "a\nb\n"),
            ("0123456789\n0123456789\n0123456789\nhalf", "0123456789\n0123456789\n0123456789\n"),
            ("a\n" + String(repeating: "x", count: 100), "a\n"),
        ]
        for (delivered, whole) in cases {
            let (texts, error) = chunks(PiecewiseSource(Array(delivered.utf8), pieceSize: pieceSize, failure: failure))
            #expect(texts.joined() == whole)
            #expect(error == failure)
        }
    }

    @Test("a failure is told again to whoever reads on")
    func failsAgain() throws {
        var reader = ChunkReader(PiecewiseSource(Array("a\n".utf8), failure: DatasetError(.damaged, "broken")))
        #expect(try reader.read(into: Chunk()))
        for _ in 0..<2 { #expect(throws: DatasetError.self) { _ = try reader.read(into: Chunk()) } }
    }

    @Test("the first chunk can be looked at before it is read")
    func peek() throws {
        let lines = "0123456789\n0123456789\nb\n"
        var reader = ChunkReader(MemorySource(lines), chunkSize: 16)
        let chunk = Chunk()
        for _ in 0..<2 {
            let peeked = try reader.peek()
            #expect(peeked.map(text) == "0123456789\n")
            #expect(peeked?.index == 0)
        }
        var texts: [String] = []
        while try reader.read(into: chunk) {
            #expect(chunk.index == texts.count)
            texts.append(text(chunk))
        }
        #expect(texts == ["0123456789\n", "0123456789\nb\n"])
    }

    @Test("there is no first chunk in a source without bytes, or in one that fails at once")
    func peekAtNothing() throws {
        var empty = ChunkReader(MemorySource(""))
        #expect(try empty.peek() == nil)
        #expect(try !empty.read(into: Chunk()))
        var broken = ChunkReader(PiecewiseSource([], failure: DatasetError(.unreadable, "no")))
        #expect(throws: DatasetError.self) { _ = try broken.peek() }
        #expect(throws: DatasetError.self) { _ = try broken.read(into: Chunk()) }
    }

    @Test("what lies behind a chunk's lines is zero, so that a line that was cut is not completed by old bytes")
    func padding() throws {
        let chunk = Chunk()
        var first = ChunkReader(MemorySource(String(repeating: "]", count: 1000)), chunkSize: 1024)
        #expect(try first.read(into: chunk))
        var second = ChunkReader(MemorySource("[1"), chunkSize: 1024)
        #expect(try second.read(into: chunk))
        let behind = UnsafeRawBufferPointer(start: chunk.start, count: chunk.count + 64)[chunk.count...]
        #expect(behind.allSatisfy { $0 == 0 })
    }
}
