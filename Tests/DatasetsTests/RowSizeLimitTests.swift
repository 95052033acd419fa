import Testing

@testable import Datasets

@Suite("A row that is longer than allowed ends the reading, after the rows before it")
struct RowSizeLimitTests {
    private static let long = String(repeating: "x", count: 3_000)

    @Test(
        "in whatever pieces it comes", arguments: [1, 7, 1_000, 2_999, 3_000, 3_001, 1 << 16],
        [
            ("a\n\(long)\nb\n", "a\n"), ("\(long)\n", ""), (long, ""), ("\n\n\(long)", "\n\n"),
            ("a\nb\n\(long)y\nc", "a\nb\n"),
        ])
    func pieces(size: Int, sample: (text: String, before: String)) {
        let reading = readAll(
            RowSizeLimit(Pieces(base: MemorySource(sample.text), size: size), limit: 2_999, path: "t.jsonl"))
        // What is left of a row that was cut off is dropped by whoever reads lines.
        let lines = reading.text.lastIndex(of: "\n").map { reading.text[...$0] } ?? ""
        #expect(lines == sample.before)
        #expect(
            reading.error?.description
                == "t.jsonl: a row has more than 2999 bytes; check that each row has its own line, or raise "
                + "--max-row-size")
        #expect(reading.error?.code == .tooLarge)
    }

    @Test("a row of just the size is read", arguments: [1, 7, 1_000, 3_000, 1 << 16])
    func fitting(size: Int) {
        let text = "a\n\(Self.long)\n\n\(Self.long)\n\(Self.long)"
        let reading = readAll(
            RowSizeLimit(Pieces(base: MemorySource(text), size: size), limit: 3_000, path: "t.jsonl"))
        #expect(reading.text == text && reading.error == nil)
    }

    @Test("in every format of a file", arguments: ["jsonl", "json", "csv", "tsv"])
    func formats(ending: String) throws {
        let rows =
            switch ending {
            case "jsonl": "{\"a\": 1}\n{\"a\": \"\(Self.long)\"}\n"
            case "json": "[{\"a\": 1}, {\"a\": \"\(Self.long)\"}]"
            default: "a\n1\n\(Self.long)\n"
            }
        let format = try #require(DatasetLocation.Format(name: "t.\(ending)"))
        let reading = readAll(format.rows(of: MemorySource(rows), named: "t.\(ending)", rowSize: 2_999))
        #expect(reading.text.hasPrefix("{\"a\""))
        #expect(reading.error?.code == .tooLarge && reading.error?.message.contains("--max-row-size") == true)
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
