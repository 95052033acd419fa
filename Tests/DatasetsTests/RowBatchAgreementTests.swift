import ScoringCore
import TestSupport
import Testing

@testable import Datasets

/// Chunks of good lines are read in one go, others line by line. Nobody must be able to tell.
@Suite("A line is the same row whatever lines are around it")
struct RowBatchAgreementTests {
    private static let columns: [ColumnRequest] = [
        ColumnRequest("a", .text), ColumnRequest("a", .json), ColumnRequest("b", .f64), ColumnRequest("é", .text),
        ColumnRequest("k\"", .json), ColumnRequest("a", .textList), ColumnRequest("b", .i64), ColumnRequest("c", .bool),
        ColumnRequest("b", .text),
    ]

    /// A random value's JSON text.
    private static func value(_ random: inout SeededGenerator, depth: Int = 0) -> String {
        let scalars = [
            "null", "true", "false", "0", "-1.5e3", "12345678901234567890", "1e400", #""""#, #""text""#, #""é😀""#,
            #""\"\\\n\u00e9""#, #""\ud83d\ude00""#, #""\ud800""#,
            #""a long text that is longer than thirty-two bytes""#,
        ]
        switch Int.random(in: 0..<(depth > 3 ? 6 : 10), using: &random) {
        case 0..<6: return scalars.randomElement(using: &random) ?? "0"
        case 6...7:
            return "["
                + (0..<Int.random(in: 0..<4, using: &random)).map { _ in value(&random, depth: depth + 1) }
                .joined(separator: ", ") + "]"
        default: return object(&random, depth: depth + 1)
        }
    }

    private static func object(_ random: inout SeededGenerator, depth: Int) -> String {
        let keys = [#""a""#, #""b""#, #""c""#, #""é""#, #""k\"""#, #""\u0061""#, #""other""#, #""""#]
        return "{"
            + (0..<Int.random(in: 0..<6, using: &random)).map { _ in
                "\(keys.randomElement(using: &random) ?? "x"):" + (Bool.random(using: &random) ? " " : "")
                    + value(&random, depth: depth)
            }.joined(separator: ", ") + "}"
    }

    /// An object's line, with some bytes replaced, removed or added if it is to be broken.
    private static func line(_ random: inout SeededGenerator, isBroken: Bool) -> [UInt8] {
        var bytes = Array(object(&random, depth: 0).utf8)
        if Int.random(in: 0..<10, using: &random) == 0 { bytes += Array(" \r".utf8) }
        if Int.random(in: 0..<20, using: &random) == 0 { bytes.insert(0x20, at: 0) }
        guard isBroken else { return bytes }
        for _ in 0..<Int.random(in: 1..<4, using: &random) {
            let byte = Array("[]{},:\"\\ 01a\u{0}\tu".utf8).randomElement(using: &random) ?? 0xFF
            let place = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes.insert(byte, at: place)
            case 1: if place < bytes.count { bytes[place] = byte }
            case 2: if place < bytes.count { bytes.remove(at: place) }
            case 3: bytes.removeSubrange(place...)
            default: bytes.insert(0xC3, at: place)
            }
        }
        return bytes
    }

    @Test("random lines, some of them broken", arguments: 0..<8, [0.0, 0.02, 0.3, 1.0])
    func agreement(seed: Int, share: Double) throws {
        var random = SeededGenerator(seed: UInt64(seed) << 8 | UInt64(share * 100))
        let chunk = BatchReading(Self.columns)
        let alone = BatchReading(Self.columns)
        for _ in 0..<6 {
            let lines = (0..<40).map { _ in
                Self.line(&random, isBroken: Double.random(in: 0..<1, using: &random) < share)
            }
            try chunk.read(lines.flatMap { $0 + [0x0A] })
            var row = 0
            for (index, line) in lines.enumerated() {
                try alone.read(line + [0x0A])
                guard alone.batch.count == 1 else { continue }
                try #require(row < chunk.batch.count)
                #expect(chunk.contents(row) == alone.contents(0))
                #expect(chunk.batch.lineIndex(row) == index)
                row += 1
            }
            #expect(chunk.batch.count == row)
            #expect(chunk.batch.linesRead == lines.count)
        }
    }

    @Test(
        "lines that are documents only together, or hold more than one",
        arguments: [
            "{\"a\":\n\"1\"}{\"a\": \"2\"}", "{\"a\": \"1\"}{\"a\": \"2\"}\n\n", "{\"a\": \"1\n\"}", "{\"a\": [\n]}",
            "{\"a\": \"1\"}\n{\"a\": \"2\"} {}\n{}", "{\"a\": \"1\"}\n,{\"a\": \"2\"}",
            "{\"a\": \"1\"},\n{\"a\": \"2\"},",
            "[\n{\"a\": \"1\"}\n]", "{}\n}\n{}", "{\n{}\n{}", "{}\n\"\n{}\n\"\n{}", "{}\n{\"a\": \"\\\n{}\n\"}\n{}",
            "{\"a\": {\"b\": 1}\n{\"a\": \"2\"}}\n{}", " {}\n{}", "{}\n {}", "{} \n{}\t\r\n{}", "{}", "{}\n", "\n",
            "\n\n{}",
            "{\"x\": [}\n]}\n{}", "1\n2\n", "{}\n\0rejected\n{}",
        ])
    func combinations(text: String) throws {
        let chunk = try BatchReading(Self.columns, text)
        let alone = BatchReading(Self.columns)
        var row = 0
        for line in text.utf8.split(separator: 0x0A) {
            try alone.read(Array(line) + [0x0A])
            guard alone.batch.count == 1 else { continue }
            try #require(row < chunk.batch.count)
            #expect(chunk.contents(row) == alone.contents(0))
            row += 1
        }
        #expect(chunk.batch.count == row)
    }
}
