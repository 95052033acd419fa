import Testing

@testable import Datasets

@Suite("A quote that is not closed cannot take all memory")
struct CSVRecordLimitTests {
    @Test("a record beyond the limit is an error with the line that it starts on")
    func limit() {
        let text = "a\n1\n\"\n" + String(repeating: "2\n", count: 1 << 20)
        let source = CSVSource(
            MemorySource(text), delimiter: UInt8(ascii: ","), columns: nil, path: "t.csv", recordLimit: 1 << 20)
        let reading = readAll(source)
        #expect(reading.text == "{\"a\":\"1\"}\n")
        #expect(
            reading.error?.description
                == "t.csv, line 3: the record that starts here has more than 1 MiB; check for a quote that is not closed, "
                + "or raise --max-row-size"
        )
        #expect(reading.error?.code == .tooLarge)
    }
}
