import Datasets
import Glibc
import Testing

@Suite("A dataset is found by its name")
struct DatasetLocationTests {
    @Test(
        "the end of the name says what the format is",
        arguments: [
            ("rows.jsonl", "rows.jsonl", .jsonLines), ("rows.ndjson", "rows.ndjson", .jsonLines),
            ("/a/b.c/rows.json", "/a/b.c/rows.json", .jsonArray), ("rows.csv", "rows.csv", .commaSeparated),
            ("rows.TSV", "rows.TSV", .tabSeparated), ("rows.jsonl.gz", "rows.jsonl.gz", .jsonLines),
            ("rows.json.zst", "rows.json.zst", .jsonArray), ("rows.csv.GZ", "rows.csv.GZ", .commaSeparated),
            ("file:///data/my%20r%c3%bcws.csv", "/data/my rüws.csv", .commaSeparated),
            ("file://localhost/rows.jsonl", "/rows.jsonl", .jsonLines), ("100%.csv", "100%.csv", .commaSeparated),
        ] as [(String, String, DatasetLocation.Format)])
    func formats(argument: String, path: String, format: DatasetLocation.Format) throws {
        let location = try DatasetLocation(argument)
        #expect(location.path == path)
        #expect(location.description == path)
        #expect(location.format == format)
    }

    @Test("standard input holds JSON Lines")
    func standardInput() throws {
        let location = try DatasetLocation("-")
        #expect(location.path == nil)
        #expect(location.format == .jsonLines)
        #expect(location.description == "standard input")
        #expect(!location.isReopenable)
    }

    @Test(
        "a name that cannot be right is an error that says why",
        arguments: [
            ("", "the dataset's path is empty or contains a zero byte"),
            ("http://host/rows.jsonl", "http://host/rows.jsonl: only file:// URIs, paths and - can be read"),
            (
                "file://host/rows.jsonl",
                "file://host/rows.jsonl: not a file URI on this machine, such as file:///data/rows.jsonl"
            ),
            (
                "file:///rows%2.jsonl",
                "file:///rows%2.jsonl: not a file URI on this machine, such as file:///data/rows.jsonl"
            ),
            (
                "file:///rows%+1.jsonl",
                "file:///rows%+1.jsonl: not a file URI on this machine, such as file:///data/rows.jsonl"
            ),
            (
                "file:///rows%FF.jsonl",
                "file:///rows%FF.jsonl: not a file URI on this machine, such as file:///data/rows.jsonl"
            ),
            ("/none/such", "/none/such: cannot be opened: No such file or directory"),
            ("/", "/: is a folder; name a file in it"),
            (
                #filePath,
                #filePath + ": the ending does not name a known format; expected .jsonl, .ndjson, .json, .csv or"
                    + " .tsv, optionally with .gz or .zst; or name the format with --input-format"
            ),
        ])
    func wrongNames(argument: String, message: String) {
        let error = #expect(throws: DatasetError.self) { try DatasetLocation(argument) }
        #expect(error?.description.hasSuffix(message) == true)
    }

    @Test("a file that cannot be opened is an error when it is opened")
    func missingFile() throws {
        let location = try DatasetLocation("/none/such.jsonl")
        #expect(!location.isReopenable)
        #expect(location.byteSize == nil)
        let error = #expect(throws: DatasetError.self) { _ = try location.open() }
        #expect(error?.description == "/none/such.jsonl: cannot be opened: No such file or directory")
        #expect(error?.code == .unreadable)
    }

    @Test("a directory with the name of a file is an error")
    func directory() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/rows.csv"
        try #require(mkdir(path, 0o700) == 0)
        let location = try DatasetLocation(path)
        let error = #expect(throws: DatasetError.self) { _ = try location.open() }
        #expect(error?.description == path + ": is a folder; name a file in it")
    }

    static let lines = "{\"a\":\"1\"}\n{\"a\":\"ü\"}\n"

    @Test(
        "every format is read as JSON Lines, compressed or not, with or without a byte order mark",
        arguments: [
            ("jsonl", lines), ("ndjson", "\u{FEFF}" + lines), ("json", "[{\"a\":\"1\"},\n{\"a\":\"ü\"}]"),
            ("json", "\u{FEFF}[{\"a\":\"1\"},{\"a\":\"ü\"}\n]\n"), ("csv", "a\n1\nü\n"), ("tsv", "\u{FEFF}a\n1\nü\n"),
        ])
    func opening(suffix: String, content: String) throws {
        let folder = try TemporaryFolder()
        let bytes = Array(content.utf8)
        for (name, content) in [
            ("rows.\(suffix)", bytes), ("rows.\(suffix).gz", gzipped(bytes)),
            ("rows.\(suffix).zst", zstdCompressed(bytes)), ("zipped.\(suffix)", gzipped(bytes)),
            ("swapped.\(suffix).gz", zstdCompressed(bytes)),
        ] {
            let location = try DatasetLocation(try folder.write(content, to: name))
            #expect(location.isReopenable)
            #expect(location.byteSize == content.count)
            let control = ReadControl()
            #expect(readAll(try location.open(control: control)) == Reading(text: Self.lines))
            #expect(control.bytesRead == content.count)
            #expect(readAll(try location.open(), bufferSize: 1) == Reading(text: Self.lines))
        }
    }

    @Test("an empty file has no rows, unless it should be an array or compressed")
    func emptyFiles() throws {
        let folder = try TemporaryFolder()
        for name in ["rows.jsonl", "rows.csv", "rows.tsv"] {
            let location = try DatasetLocation(try folder.write([], to: name))
            #expect(readAll(try location.open()) == Reading(text: ""))
        }
        for name in ["rows.json", "rows.jsonl.gz", "rows.csv.zst"] {
            let location = try DatasetLocation(try folder.write([], to: name))
            #expect(readAll(try location.open()).error?.code == .truncated)
        }
    }

    @Test("errors name the file")
    func errorsNameTheFile() throws {
        let folder = try TemporaryFolder()
        for (name, place) in [
            ("rows.jsonl.gz", "byte 0 of the compressed data"), ("rows.json", "byte 0"), ("rows.csv", "line 1"),
        ] {
            let path = try folder.write(Array("a,a".utf8), to: name)
            let error = readAll(try DatasetLocation(path).open(columns: ["a"])).error
            #expect(error?.description.hasPrefix("\(path), \(place): ") == true)
        }
    }

    @Test("only some columns of a table")
    func columns() throws {
        let folder = try TemporaryFolder()
        let location = try DatasetLocation(try folder.write(Array("a\tb\n1\t2\n".utf8), to: "rows.tsv"))
        #expect(readAll(try location.open(columns: ["b"])).text == "{\"b\":\"2\"}\n")
    }

    @Test("a FIFO of any name is read once, as JSON Lines")
    func fifo() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/pipe"
        try #require(mkfifo(path, 0o600) == 0)
        // Opened for both, a FIFO does not wait for its other end.
        let descriptor = open(path, O_RDWR)
        try #require(descriptor >= 0)
        let content = gzipped(Array(Self.lines.utf8))
        try #require(write(descriptor, content, content.count) == content.count)

        let location = try DatasetLocation(path)
        #expect(location.format == .jsonLines)
        #expect(!location.isReopenable)
        #expect(location.byteSize == nil)
        // Looks at the first bytes, which are there.
        let source = try location.open()
        close(descriptor)
        #expect(readAll(source) == Reading(text: Self.lines))
    }
}

/// A folder that is removed with everything in it.
private final class TemporaryFolder {
    let path: String
    private var files: [String] = []

    init() throws {
        var template = Array("/tmp/datasets.XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in ["pipe"] + files { unlink(path + "/" + name) }
        rmdir(path + "/rows.csv")
        rmdir(path)
    }

    /// Makes a file, and returns its path.
    func write(_ bytes: [UInt8], to name: String) throws -> String {
        files.append(name)
        let path = path + "/" + name
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        try #require(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
        return path
    }
}
