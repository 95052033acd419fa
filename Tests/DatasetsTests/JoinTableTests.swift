import JSON
import Testing

@testable import Datasets

@Suite("Rows are joined by their keys")
struct JoinTableTests {
    private func joined(_ left: String, with right: String, on key: String, sizeLimit: Int = 1 << 20) throws -> Reading
    {
        let notices = DatasetNotices()
        let key = try #require(JoinKey(key))
        let table = try JoinTable(
            MemorySource(right), named: "right", by: key.right, notices: notices, sizeLimit: sizeLimit)
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
        let error = #expect(throws: DatasetError.self) { try joined("{}", with: rows, on: "k", sizeLimit: 20_000) }
        #expect(error?.code == .tooLarge)
        for text in ["", "=b", "a="] { #expect(JoinKey(text) == nil) }
    }
}
