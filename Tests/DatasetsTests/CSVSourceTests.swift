import Datasets
import TestSupport
import Testing

@Suite("A CSV table is read as JSON Lines")
struct CSVSourceTests {
    @Test(
        "one object per row",
        arguments: [
            ("", ""),
            ("\n\r\n", ""),
            ("a,b\n", ""),
            ("a,b", ""),
            ("a,b\n1,2\n", #"{"a":"1","b":"2"}"# + "\n"),
            ("a,b\r\n1,2\r\n", #"{"a":"1","b":"2"}"# + "\n"),
            ("a,b\n1,2", #"{"a":"1","b":"2"}"# + "\n"),
            ("a,b\n1,2\r", #"{"a":"1","b":"2"}"# + "\n"),
            ("\u{FEFF}a\n1\n", #"{"a":"1"}"# + "\n"),
            ("\n\na\n\n1\r\n\r\n2\n\n", #"{"a":"1"}"# + "\n" + #"{"a":"2"}"# + "\n"),
            ("a,b\n\"1,2\",\"3\n4\"\n", #"{"a":"1,2","b":"3\n4"}"# + "\n"),
            ("a,b\n\"\"\"1\"\"\",\"\"\"\"\n", ##"{"a":"\"1\"","b":"\""}"## + "\n"),
            ("a\n\"x\r\ny\"\n", #"{"a":"x\r\ny"}"# + "\n"),
            ("a,b,c\n,\"\", \n", #"{"a":null,"b":"","c":" "}"# + "\n"),
            ("a,b\n,\n", #"{"a":null,"b":null}"# + "\n"),
            ("a\n\"\"\n", #"{"a":""}"# + "\n"),
            ("a,b,c\n1\n1,2\n", #"{"a":"1"}"# + "\n" + #"{"a":"1","b":"2"}"# + "\n"),
            ("a,b\nit's 5\" long,\\x\n", ##"{"a":"it's 5\" long","b":"\\x"}"## + "\n"),
            ("a\n\u{1}\u{8}\t\u{B}\u{C}\u{1F}\u{7F}\n", #"{"a":"\u0001\b\t\u000b\f\u001f"# + "\u{7F}\"}\n"),
            (",\"b\"\"\n\"\n1,2\n", ##"{"column_1":"1","b\"\n":"2"}"## + "\n"),
            ("a,b\n1,2,\n1,2,,,\n", #"{"a":"1","b":"2"}"# + "\n" + #"{"a":"1","b":"2"}"# + "\n"),
            ("a,b,a\n1,2,3\n", #"{"a (column 1)":"1","b":"2","a (column 3)":"3"}"# + "\n"),
            ("größe,漢字\nä,😀\n", #"{"größe":"ä","漢字":"😀"}"# + "\n"),
            ("a\n1\n\n", #"{"a":"1"}"# + "\n"),
        ])
    func rows(input: String, lines: String) {
        #expect(readAll(CSVSource(MemorySource(input))) == Reading(text: lines))
    }

    @Test("tabs delimit cells in TSV")
    func tabs() {
        let source = CSVSource(MemorySource("a\tb\n1,2\t\"3\t4\"\n\t\"\"\n"), delimiter: 0x09)
        #expect(readAll(source).text == #"{"a":"1,2","b":"3\t4"}"# + "\n" + #"{"a":null,"b":""}"# + "\n")
    }

    @Test(
        "a row that cannot be created is rejected with the reason, and the rows after it go on",
        arguments: [
            ("1,2,3\n", "line 2: 3 cells, but the header has 2"),
            ("1,2,\"\"\n", "line 2: 3 cells, but the header has 2"),
            (
                "1,\"2\" \n",
                "line 2: text after the closing quote of cell 2; double the quotes inside a quoted cell"
            ),
            (
                "\"x\"y,2\n",
                "line 2: text after the closing quote of cell 1; double the quotes inside a quoted cell"
            ),
            (
                "\"x\n\n\"y\"\n",
                "line 2: text after the closing quote of cell 1; double the quotes inside a quoted cell"
            ),
            ("1,\0\n", "line 2: a zero byte in cell 2; if the text is UTF-16, add --encoding utf-16le"),
            ("\"\0\",1\n", "line 2: a zero byte in cell 1; if the text is UTF-16, add --encoding utf-16le"),
            (
                "1\r2,3\n",
                "line 2: a carriage return in or after cell 1 without a line feed after it; quote the cell, or end the"
                    + " file's lines with line feeds"
            ),
            (
                "1,\"2\"\r3\n",
                "line 2: a carriage return in or after cell 2 without a line feed after it; quote the cell, or end the"
                    + " file's lines with line feeds"
            ),
        ])
    func rejectedRows(row: String, reason: String) {
        let reading = readAll(CSVSource(MemorySource("a,b\n" + row + "8,9\n")))
        #expect(reading == Reading(text: "\0\u{15}\(reason)\n" + #"{"a":"8","b":"9"}"# + "\n"))
    }

    @Test(
        "a row that is not UTF-8 is rejected, wherever the fault is",
        arguments: [
            ([0xFF], 0), ([0x61, 0x62, 0xC3], 2), ([0x61, 0xC3, 0x2C, 0xBC], 1), ([0xED, 0xA0, 0x80], 0),
            ([0x22, 0xC0, 0xAF, 0x22], 1), (Array(repeating: 0x61, count: 70) + [0x80], 70),
        ] as [([UInt8], Int)])
    func invalidText(row: [UInt8], offset: Int) {
        let bytes = Array("a,b\nä,2\n".utf8) + row + Array("\n8,9\n".utf8)
        let before = #"{"a":"ä","b":"2"}"# + "\n"
        let after = #"{"a":"8","b":"9"}"# + "\n"
        let reading = readAll(CSVSource(MemorySource(bytes)))
        #expect(
            reading.text == before
                + "\0\u{15}line 3: not UTF-8 at byte \(offset) of the row; if the text comes from Excel or Windows, try"
                + " --encoding windows-1252\n" + after)
        #expect(reading.error == nil)
    }

    @Test("a quote that is never closed is rejected with the line that it starts on")
    func quoteNotClosed() {
        let reading = readAll(CSVSource(MemorySource("a,b\n\"1\n\",2\n3,\"4\n5,6\n")))
        let reason =
            "line 4: the quote that opens cell 2 is never closed; the rest of the data (line ends: 2) was read as"
            + " its text"
        #expect(reading == Reading(text: #"{"a":"1\n","b":"2"}"# + "\n\0\u{15}\(reason)\n"))
    }

    @Test(
        "a header that gives no names is an error",
        arguments: [
            (
                "\na,b,a,\"b\",c\n1,2,3,4,5\n",
                "t.csv, line 2: the header row names the column \"a\" more than once, as columns 1 and 3; rename one, "
                    + "or choose one as \"a (column 1)\""
            ),
            (
                "a,\0\n",
                "t.csv, line 1: the header row: a zero byte in cell 2; if the text is UTF-16, add --encoding utf-16le"
            ),
            (
                "a,\"b\n1,2\n",
                "t.csv, line 1: the header row: the quote that opens cell 2 is never closed; the rest of the data"
                    + " (line ends: 2) was read as its text"
            ),
            (
                "a,b\r1,2\r",
                "t.csv, line 1: the header row: a carriage return in or after cell 2 without a line feed after it; "
                    + "quote the cell, or end the file's lines with line feeds"
            ),
        ])
    func headerErrors(input: String, message: String) {
        let reading = readAll(CSVSource(MemorySource(input), columns: ["a", "c"], path: "t.csv"))
        #expect(reading.text.isEmpty)
        #expect(reading.error?.description == message)
        #expect(reading.error?.code == .malformed)
    }

    @Test(
        "only the columns that are asked for are written",
        arguments: [
            (["a", "c"], #"{"a":"1","c":"3"}"# + "\n" + #"{"a":"4"}"# + "\n"),
            (["c"], #"{"c":"3"}"# + "\n{}\n"),
            (["x\"\n", "none"], ##"{"x\"\n":"2"}"## + "\n" + ##"{"x\"\n":null}"## + "\n"),
            ([], "{}\n{}\n"),
        ])
    func columns(wanted: [String], lines: String) {
        let source = CSVSource(MemorySource("a,\"x\"\"\n\",c\n1,2,3\n4,\n"), columns: ColumnSelection(Set(wanted)))
        #expect(readAll(source) == Reading(text: lines))
    }

    @Test("columns that are not asked for can still make a row invalid")
    func faultInOtherColumn() {
        let source = CSVSource(MemorySource("a,b\n\"1\"x,2\n"), columns: ["b"])
        #expect(readAll(source).text.hasPrefix("\0\u{15}line 2: text after"))
    }

    @Test("ten thousand columns")
    func manyColumns() {
        let names = (0..<10_000).map { "column \($0)" }
        let row = names.map { "\"\($0)\":\"\($0)\"" }.joined(separator: ",")
        let header = names.joined(separator: ",") + "\n"
        #expect(readAll(CSVSource(MemorySource(header + header + header))).text == "{\(row)}\n{\(row)}\n")
        let empty = readAll(CSVSource(MemorySource(header + String(repeating: ",", count: 9_999) + "\n")))
        #expect(empty.text.utf8.count == names.reduce(2) { $0 + $1.utf8.count + 8 })
    }

    @Test("cells longer than any buffer, which grow sixfold when they are escaped")
    func longCells() {
        let cell = String(repeating: "\u{1}", count: 110_000)
        let reading = readAll(CSVSource(MemorySource("a,b\n\(cell),\"\(cell)\"\n1,2\n")))
        let escaped = String(repeating: "\\u0001", count: 110_000)
        #expect(reading.text == "{\"a\":\"\(escaped)\",\"b\":\"\(escaped)\"}\n" + #"{"a":"1","b":"2"}"# + "\n")
    }

    @Test("how the bytes arrive and leave makes no difference", arguments: pieceSizes, pieceSizes)
    func pieces(pieceSize: Int, bufferSize: Int) {
        var generator = SeededGenerator(seed: 3)
        let (table, lines) = randomTable(rows: 40, using: &generator)
        let source = CSVSource(PiecewiseSource(Array(table.utf8), pieceSize: pieceSize))
        #expect(readAll(source, bufferSize: bufferSize) == Reading(text: lines))
    }

    @Test("random tables become their rows", arguments: 0..<200)
    func randomTables(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let (table, lines) = randomTable(rows: .random(in: 0...30, using: &generator), using: &generator)
        #expect(readAll(CSVSource(MemorySource(table))) == Reading(text: lines))
    }

    @Test("a table larger than the buffers, in records of all lengths")
    func largeTable() {
        var generator = SeededGenerator(seed: 11)
        let (table, lines) = randomTable(rows: 8_000, using: &generator)
        #expect(table.utf8.count > 300_000)
        #expect(readAll(CSVSource(MemorySource(table))) == Reading(text: lines))
    }

    @Test("a file cut off anywhere gives the rows before the cut")
    func truncation() {
        var generator = SeededGenerator(seed: 5)
        let (table, lines) = randomTable(rows: 12, using: &generator)
        let bytes = Array(table.utf8)
        for count in 0..<bytes.count {
            let reading = readAll(CSVSource(MemorySource(Array(bytes[..<count]))))
            let whole = reading.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast(2)
            let isPrefix = lines.utf8.starts(with: whole.map { $0 + "\n" }.joined().utf8)
            #expect(isPrefix, "cut at byte \(count)")
        }
    }

    @Test("a failure of the data beneath comes after the whole rows", arguments: pieceSizes)
    func failureBeneath(pieceSize: Int) {
        let failure = DatasetError(.unreadable, "the disk is gone")
        let source = PiecewiseSource(Array("a,b\n1,2\n3,4".utf8), pieceSize: pieceSize, failure: failure)
        #expect(readAll(CSVSource(source)) == Reading(text: #"{"a":"1","b":"2"}"# + "\n", error: failure))
    }

    /// A table, and the lines that its rows are to become.
    private func randomTable(rows: Int, using generator: inout SeededGenerator) -> (table: String, lines: String) {
        let columns = Int.random(in: 1...6, using: &generator)
        let lineEnd = Bool.random(using: &generator) ? "\n" : "\r\n"
        var table = (0..<columns).map { "column \($0)" }.joined(separator: ",") + lineEnd
        var lines = ""
        for _ in 0..<rows {
            let cells = (0..<columns).map { _ in randomCell(using: &generator) }
            let members = cells.enumerated().map { "\"column \($0.offset)\":\($0.element.json)" }
            let row = cells.map(\.csv).joined(separator: ",")
            // A line with nothing in it is no row.
            if !row.isEmpty { lines += "{" + members.joined(separator: ",") + "}\n" }
            table += row + lineEnd
        }
        return (table, lines)
    }

    private func randomCell(using generator: inout SeededGenerator) -> (csv: String, json: String) {
        let parts = [
            ("a", "a"), ("some words ", "some words "), ("\t", "\\t"), ("\\", "\\\\"), ("ü", "ü"), ("漢字", "漢字"),
            ("\u{2}", "\\u0002"), ("{}", "{}"), ("\"", "\\\""), (",", ","), ("\n", "\\n"), ("\r\n", "\\r\\n"),
        ]
        let needsQuotes = Bool.random(using: &generator)
        let length = Int.random(in: 0...(Bool.random(using: &generator) ? 3 : 30), using: &generator)
        let chosen = (0..<length).map { _ in parts[.random(in: 0..<(needsQuotes ? 12 : 8), using: &generator)] }
        let text = chosen.map(\.0).joined()
        let json = "\"" + chosen.map(\.1).joined() + "\""
        if needsQuotes { return ("\"" + text.replacing("\"", with: "\"\"") + "\"", json) }
        return (text, text.isEmpty ? "null" : json)
    }
}
