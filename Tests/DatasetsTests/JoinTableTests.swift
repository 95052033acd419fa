import JSON
import Testing

@testable import Datasets

@Suite("Rows are joined by their keys")
struct JoinTableTests {
    private func joined(
        _ left: String, with right: String, on key: String, indexLimit: Int = 1 << 20, memoryLimit: Int = 1 << 20
    ) throws -> Reading {
        let notices = DatasetNotices()
        let key = try #require(JoinKey(key))
        let table = try JoinTable(
            MemorySource(right), named: "right", by: key.right, notices: notices, indexLimit: indexLimit,
            memoryLimit: memoryLimit)
        var reading = readAll(
            JoinedSource(MemorySource(left), named: "left", by: key.left, with: table, notices: notices))
        for warning in notices.warnings { reading.text += "# \(warning)\n" }
        return reading
    }

    @Test("a row gets the columns of its partner behind its own")
    func rows() throws {
        let text = try joined(
            "{\"k\": 1, \"a\": \"x\"}\n\n{\"k\": \"1\"}\n{}\n", with: "{\"k\": \"1\", \"b\": [1], \"a\": 2}\n", on: "k"
        ).text
        #expect(
            text
                == """
                {"k": 1, "a": "x", "b": [1], "joined.a": 2}

                {"k": "1", "b": [1], "a": 2}
                {"join_error": {"outcome": "input_error", "message": "the row has no \\"k\\" to join right by: the row has no \
                columns"}}
                # "a" is in left and in right; the values of left are used, and the others are called joined.NAME

                """)
    }

    @Test("lines that are not rows stay as they are, and the rows after them are joined")
    func otherLines() throws {
        let left = "[1]\n{\"k\": \n\0why\n{\"k\": true}\n{\"k\": [1]}\n"
        let text = try joined(left, with: "{\"k\": true, \"b\": null}\n", on: "k").text
        #expect(text.hasPrefix("[1]\n{\"k\": \n\0why\n{\"k\": true, \"b\": null}\n"))
        #expect(text.contains("\\\"k\\\" is an array; expected a string or a number"))
    }

    @Test("what cannot be joined is an error")
    func errors() throws {
        #expect(throws: DatasetError.self) { try joined("{}", with: "{\"x\": 1}\n", on: "k") }
        let rows = (0..<1000).map { "{\"k\": \($0), \"text\": \"0123456789\"}\n" }.joined()
        let error = #expect(throws: DatasetError.self) { try joined("{}", with: rows, on: "k", indexLimit: 20_000) }
        #expect(error?.code == .tooLarge)
        for text in ["", "=b", "a="] { #expect(JoinKey(text) == nil) }
    }

    @Test("rows that do not fit in memory come from a temporary file, and are the same", arguments: [0, 64, 5000])
    func spilled(memoryLimit: Int) throws {
        // Some longer than what is read at once.
        let right = (0..<500).map { number in
            let text = String(repeating: "\(number)é", count: number % 7 == 0 ? 2000 : 2)
            return "{\"k\": \(number), \"text\": \"\(text)\", \"n\": [\(number)]}\n"
        }
        let left = (0..<1000).map { "{\"k\": \"\(($0 * 7919) % 510)\"}\n" }.joined()
        let expected = try joined(left, with: right.joined(), on: "k", memoryLimit: 1 << 30).text
        #expect(try joined(left, with: right.joined(), on: "k", memoryLimit: memoryLimit).text == expected)
        #expect(expected.contains("\"n\": [499]"))
        let error = #expect(throws: DatasetError.self) {
            try joined(left, with: right.joined() + right[3], on: "k", memoryLimit: memoryLimit)
        }
        #expect(error?.message.contains("rows 4 and 501 have the same \"k\"") == true)
    }
}
