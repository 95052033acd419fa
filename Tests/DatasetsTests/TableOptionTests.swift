import Testing

@testable import Datasets

@Suite("Tables are written in many ways")
struct TableOptionTests {
    private func reading(
        _ text: String, _ columns: ColumnSelection? = nil, notices: DatasetNotices? = nil,
        _ configure: (inout DatasetOptions) -> Void = { _ in }
    ) -> Reading {
        var options = DatasetOptions()
        configure(&options)
        return readAll(
            CSVSource(MemorySource(text), options: options, columns: columns, path: "t.csv", notices: notices))
    }

    private let rows = #"{"a":"1","b":"2,5"}"# + "\n"

    @Test(
        "a delimiter is found where the first row has none that was expected",
        arguments: [
            "a;b\n1;2,5\n", "a\tb\n1\t2,5\n", "a|b\n1|2,5\n", "\u{FEFF}a;b\r\n1;2,5\r\n", "\"a\";\"b\"\n1;\"2,5\"\n",
        ])
    func found(text: String) {
        let notices = DatasetNotices()
        #expect(reading(text, notices: notices) == Reading(text: rows))
        #expect(notices.warnings.count == 1)
        #expect(notices.warnings[0].hasPrefix("t.csv: the cells are separated by "))
    }

    @Test(
        "a delimiter that is said holds, and so does what Excel is told in the first line",
        arguments: [
            ("a;b\n1;2,5\n", UInt8(ascii: ";")), ("sep=;\na;b\n1;2,5\n", nil), ("SEP=;\r\na;b\r\n1;2,5\r\n", nil),
            ("sep=,\na;b\n1;2,5\n", UInt8(ascii: ";")), ("\u{FEFF}sep=^\na^b\n1^2,5\n", nil),
            ("a^b\n1^2,5\n", UInt8(ascii: "^")),
        ] as [(String, UInt8?)])
    func said(text: String, delimiter: UInt8?) {
        let notices = DatasetNotices()
        #expect(reading(text, notices: notices) { $0.delimiter = delimiter } == Reading(text: rows))
        #expect(notices.warnings.isEmpty)
    }

    @Test("a header of one column stays one where that is said, or where nothing separates")
    func oneColumn() {
        #expect(reading("a;b\n1\n") { $0.delimiter = UInt8(ascii: ",") }.text == "{\"a;b\":\"1\"}\n")
        #expect(reading("a\n1;2\n").text == "{\"a\":\"1;2\"}\n")
        #expect(reading("\"a;b\"\n1;2\n").text == "{\"a;b\":\"1;2\"}\n")
        #expect(reading("a b, c;d\n1,2;3\n").text == "{\"a b\":\"1\",\" c;d\":\"2;3\"}\n")
    }

    @Test("the line of a fault counts the line that Excel is told in")
    func lineNumbers() {
        #expect(
            reading("sep=;\na;b\n1;2;3\n").text == "\0\u{15}line 3: 3 cells, but the header has 2\n")
    }

    @Test("without a header row, columns are called by their numbers or as it is said")
    func headerless() {
        let text = "\nx,1\n\"y\nz\",2,3\n"
        #expect(
            reading(text) { $0.header = .numbers }.text
                == "{\"column_1\":\"x\",\"column_2\":\"1\"}\n\0\u{15}line 3: 3 cells, but there are names for 2\n")
        #expect(
            reading(text) { $0.header = .names(["q", "a", "c"]) }.text
                == "{\"q\":\"x\",\"a\":\"1\"}\n{\"q\":\"y\\nz\",\"a\":\"2\",\"c\":\"3\"}\n")
        #expect(
            reading(text) { $0.header = .names(["q"]) }.error?.description
                == "t.csv, line 2: the first row has 2 cells, but --columns names 1")
        #expect(reading("x;1\n") { $0.header = .numbers }.text == "{\"column_1\":\"x\",\"column_2\":\"1\"}\n")
        #expect(reading(text, ["column_2"]) { $0.header = .numbers }.text.hasPrefix("{\"column_2\":\"1\"}\n"))
    }

    @Test("columns that nobody asks for may be called as they like, and one that is asked for must be one")
    func duplicates() {
        let text = "a,b,,a,\n1,2,3,4,5\n"
        #expect(reading(text, ["b", "column_3"]).text == "{\"b\":\"2\",\"column_3\":\"3\"}\n")
        #expect(reading(text, ["a (column 4)"]).text == "{\"a (column 4)\":\"4\"}\n")
        #expect(
            reading(text, ColumnSelection(["b"], includesOthers: true)).text
                == #"{"a (column 1)":"1","b":"2","column_3":"3","a (column 4)":"4","column_5":"5"}"# + "\n")
        #expect(
            reading(text, ColumnSelection(["a"], includesOthers: true)).error?.description
                == "t.csv, line 1: the header row names the column \"a\" more than once, as columns 1 and 4; rename one, or"
                + " choose one as \"a (column 1)\"")
    }
}

@Suite("Text comes in many encodings")
struct TextEncodingTests {
    private static let text = "q,a\nGröße – “x”,4\n"
    private static let rows = "{\"q\":\"Größe – “x”\",\"a\":\"4\"}\n"

    private static func utf16(_ text: String, littleEndian: Bool) -> [UInt8] {
        text.utf16.flatMap { unit in
            let bytes = [UInt8(unit & 0xFF), UInt8(unit >> 8)]
            return littleEndian ? bytes : bytes.reversed()
        }
    }

    private func rows(
        _ bytes: [UInt8], _ encoding: TextEncoding? = nil, format: DatasetLocation.Format = .commaSeparated,
        pieceSize: Int = .max
    ) -> Reading {
        var options = DatasetOptions()
        options.encoding = encoding
        return readAll(
            format.decode(
                PiecewiseSource(bytes, pieceSize: pieceSize), options, compression: .none, columns: nil, path: "t"))
    }

    @Test("UTF-16 is known by its mark, whatever is expected, and by its name without one", arguments: pieceSizes)
    func utf16(pieceSize: Int) {
        for littleEndian in [true, false] {
            let bytes = Self.utf16(Self.text, littleEndian: littleEndian)
            let mark = Self.utf16("\u{FEFF}", littleEndian: littleEndian)
            for expected in [nil, TextEncoding.utf8, .windows1252] {
                #expect(rows(mark + bytes, expected, pieceSize: pieceSize) == Reading(text: Self.rows))
            }
            let named: TextEncoding = littleEndian ? .utf16LittleEndian : .utf16BigEndian
            #expect(rows(bytes, named, pieceSize: pieceSize) == Reading(text: Self.rows))
            let lines = Self.utf16("\u{FEFF}{\"a\": \"😀\"}\n", littleEndian: littleEndian)
            #expect(rows(lines, format: .jsonLines, pieceSize: pieceSize) == Reading(text: "{\"a\": \"😀\"}\n"))
        }
    }

    @Test("UTF-16 without a mark says what to do")
    func unmarked() {
        let reading = rows(Self.utf16(Self.text, littleEndian: true))
        #expect(reading.error?.description.contains("--encoding utf-16le") == true)
    }

    @Test("half a pair costs its row only, and half a character ends the text")
    func halves() {
        let half: [UInt8] = [0x00, 0xD8]
        let bytes = Self.utf16("\u{FEFF}q\nx", littleEndian: true) + half + Self.utf16("\ny\n", littleEndian: true)
        #expect(rows(bytes).text.hasPrefix("\0\u{15}line 2: not UTF-8 at byte 1 of the row"))
        #expect(rows(bytes).text.hasSuffix("\n{\"q\":\"y\"}\n"))
        #expect(rows(Self.utf16("\u{FEFF}q\ny\n", littleEndian: true) + [0x41]).error?.code == .truncated)
    }

    @Test("single bytes are what their encoding says")
    func singleBytes() {
        let bytes =
            Array("q,a\nGr".utf8) + [0xF6, 0xDF] + Array("e ".utf8) + [0x96, 0x20, 0x93, 0x78, 0x94]
            + Array(",4\n".utf8)
        #expect(rows(bytes, .windows1252) == Reading(text: Self.rows))
        #expect(rows(bytes, .latin1).text.contains("Größe \u{96} \u{93}x\u{94}"))
        #expect(rows(bytes).text.hasPrefix("\0\u{15}line 2: not UTF-8 at byte 2 of the row"))
        #expect(rows(bytes).text.hasSuffix("--encoding windows-1252\n"))
    }

    @Test(arguments: [
        ("UTF16-LE", TextEncoding.utf16LittleEndian), ("cp1252", .windows1252), ("ISO-8859-1", .latin1),
        ("utf8", .utf8),
    ])
    func names(name: String, encoding: TextEncoding) {
        #expect(TextEncoding(name: name) == encoding)
        #expect(TextEncoding(name: "ebcdic") == nil)
    }

    @Test("other files are known by their first bytes")
    func otherFiles() {
        for (bytes, word) in [
            (Array("PAR1".utf8), "Parquet"), (Array("PK\u{3}\u{4}".utf8), "Excel"), ([0xFF, 0xFE, 0, 0], "UTF-32"),
            ([0xD0, 0xCF, 0x11, 0xE0], "spreadsheet"), (Array("SQLite format 3".utf8), "database"),
            (Array("BZh9".utf8), "unpack"),
        ] {
            #expect(rows(bytes + [0, 1, 2]).error?.message.contains(word) == true)
        }
    }
}

@Suite("JSON is known by what it holds")
struct JSONShapeTests {
    private func rows(_ text: String, _ format: DatasetLocation.Format, pieceSize: Int = .max) -> Reading {
        readAll(
            format.decode(
                PiecewiseSource(Array(text.utf8), pieceSize: pieceSize), DatasetOptions(), compression: .none,
                columns: nil,
                path: "t"))
    }

    @Test(
        "what is called JSON may be JSON Lines, and the other way round",
        arguments: [
            // JSON Lines called .json, also with a broken line.
            ("{\"a\": 1}\n{\"a\": 2}\n", "{\"a\": 1}\n{\"a\": 2}\n"),
            ("\n{\"a\": 1}\n{\"a\": \n", "\n{\"a\": 1}\n{\"a\": \n"),
            ("{\"a\": \"}\"}", "{\"a\": \"}\"}"), ("\u{FEFF}{\"a\": [1, 2]}\n", "{\"a\": [1, 2]}\n"),
            // Objects over several lines.
            ("{\n  \"a\": 1\n}\n", "{   \"a\": 1 }\n"),
            ("{\n \"a\": 1\n}\n{\n \"a\": 2\n}", "{  \"a\": 1 }\n{  \"a\": 2 }"),
            ("{\n\"a\": 1},\n{\"a\": 2}", "{ \"a\": 1}\n{\"a\": 2}"),
            // An array, on one line or more.
            ("[{\"a\": 1}, {\"a\": 2}]", "{\"a\": 1}\n{\"a\": 2}\n"), ("[\n{\"a\": 1}\n]\n", "{\"a\": 1}\n"),
            ("[{\"a\": 1},\n{\"a\": 2}]\n", "{\"a\": 1}\n{\"a\": 2}\n"),
        ])
    func shapes(text: String, lines: String) {
        for pieceSize in pieceSizes {
            #expect(rows(text, .jsonArray, pieceSize: pieceSize) == Reading(text: lines))
            #expect(rows(text, .jsonLines, pieceSize: pieceSize) == Reading(text: lines))
        }
    }

    @Test(
        "the rows may be a member of an object",
        arguments: [
            "{\"object\": \"list\", \"data\": [{\"a\": 1}, {\"a\": 2}], \"has_more\": false}",
            "{\"features\": [{\"name\": \"]\"}], \"rows\": [\n{\"a\": 1}, {\"a\": 2}\n]}\n",
            "{\n \"version\": \"1.1\",\n \"data\": [{\"a\": 1}, {\"a\": 2}], \"x\": \"\\\"[{\"}",
        ])
    func members(text: String) {
        for pieceSize in pieceSizes {
            #expect(rows(text, .jsonArray, pieceSize: pieceSize) == Reading(text: "{\"a\": 1}\n{\"a\": 2}\n"))
        }
    }

    @Test("a member beyond the bytes that are looked at is streamed, and one that is cut off is an error")
    func longMember() {
        let count = 50_000
        let elements = String(repeating: "{\"a\": \"0123456789\"},\n", count: count)
        let whole = rows("{\"data\": [" + elements + "{}]}", .jsonArray)
        #expect(whole.error == nil)
        #expect(whole.text.split(separator: "\n").count == count + 1)
        #expect(rows("{\"data\": [" + elements, .jsonArray).error?.code == .truncated)
    }

    @Test("an object that holds other arrays is a row itself, and so is each line that holds such a one")
    func notMembers() {
        let row = "{\"messages\": [{\"role\": \"user\"}], \"data\": [1]}\n"
        #expect(rows(row, .jsonArray).text == row)
        let lines = "{\"data\": [{\"x\": 1}]}\n{\"data\": [{\"x\": 2}]}\n"
        #expect(rows(lines, .jsonArray).text == lines)
    }

    @Test("lines that hold arrays are no rows, one by one")
    func arraysInLines() {
        let lines = "[{\"role\": \"user\"}]\n[{\"role\": \"user\"}]\n{\"a\": 1}\n"
        #expect(rows(lines, .jsonLines).text == lines)
        #expect(rows("[1, 2]\n{\"a\": 1}\n", .jsonLines).text == "[1, 2]\n{\"a\": 1}\n")
    }
}
