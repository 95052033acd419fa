import Testing

@testable import Datasets

@Suite("A quote that is not closed cannot take all memory")
struct CSVRecordLimitTests {
    private func reading(_ text: String, limit: Int = 1 << 18) -> (text: String, error: DatasetError?) {
        let reading = readAll(
            CSVSource(
                MemorySource(text), delimiter: UInt8(ascii: ","), columns: nil, path: "t.csv", recordLimit: limit))
        return (reading.text, reading.error)
    }

    @Test("a record beyond the limit is a rejected row that names its line and its size; the rows after it are read")
    func longRecord() {
        let long = String(repeating: "x,\"\"\n", count: 1 << 17)
        let reading = reading("a,b\n1,2\n\"\(long)\",\"3\"\r\n4,5\n")
        #expect(reading.error == nil)
        let size = long.utf8.count + 7
        #expect(
            reading.text.split(separator: "\n") == [
                #"{"a":"1","b":"2"}"#,
                "\u{0}\u{15}line 3: the row has \(size) bytes, and at most 262144 bytes are read; check for a quote that is not "
                    + "closed, or raise --max-row-size",
                #"{"a":"4","b":"5"}"#,
            ])
    }

    @Test("the header row has the limit, too, and cannot be left out")
    func header() {
        let reading = reading("\"\(String(repeating: "x", count: 1 << 20))\"\n1\n")
        #expect(reading.text.isEmpty && reading.error?.code == .tooLarge)
        #expect(
            reading.error?.description.hasPrefix("t.csv, line 1: the header row has more than 262144 bytes") == true)
    }

    @Test(
        "the end of a record that is passed over is where it would be if it were read",
        arguments: [
            "\"x\"y\"\n", "\r\n", "\rx\"\n", "\r\r\n", "\"\"\"\n\"\n", "x\"y\n", "\"x\"\r,\"\n\"\n", ",\"\"\n",
            "\"x\"\r\"y\n",
        ])
    func recordEnds(end: String) {
        // As the last cell of a record that is short, and of one that is too long.
        let short = reading("a,b,c,d\n1,\(end)2\n")
        let long = reading("a,b,c,d\n\(String(repeating: "x", count: 1 << 19)),\(end)2\n")
        #expect(short.error == nil && long.error == nil)
        func rows(_ text: String) -> [Substring] { Array(text.split(separator: "\n").dropFirst()) }
        #expect(rows(short.text) == rows(long.text) && !rows(short.text).isEmpty)
    }

    @Test("a quote that is never closed costs its row and what it swallowed, which is counted")
    func limit() {
        let text = "a\n1\n\"\n" + String(repeating: "2\n", count: 1 << 18)
        let reading = reading(text)
        #expect(reading.error == nil)
        #expect(
            reading.text
                == "{\"a\":\"1\"}\n\u{0}\u{15}line 3: the row has 524290 bytes, and at most 262144 bytes are read; its "
                + "quote is never closed, and the rest of the data (line ends: 262145) was read as its text\n")
    }
}
