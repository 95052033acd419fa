import Testing

@Suite("The name of a dataset says how it is read")
struct DatasetFormatTests {
    enum Rows: CaseIterable {
        case jsonLines, jsonArray, commas, tabs

        var endings: [String] {
            switch self {
            case .jsonLines: [".jsonl", ".ndjson", ".JSONL"]
            case .jsonArray: [".json"]
            case .commas: [".csv"]
            case .tabs: [".tsv"]
            }
        }

        var plain: String {
            switch self {
            case .jsonLines:
                """
                {"generated_answer": "It is 18.", "expected_answer": "18"}
                {"generated_answer": "7", "expected_answer": "18"}
                {"generated_answer": "18", "expected_answer": "18"}

                """
            case .jsonArray:
                """
                [{"generated_answer": "It is 18.", "expected_answer": "18"},
                 {"generated_answer": "7", "expected_answer": "18"},
                 {"generated_answer": "18", "expected_answer": "18"}]

                """
            case .commas: "generated_answer,expected_answer\nIt is 18.,18\n7,18\n\"18\",18\n"
            case .tabs: "generated_answer\texpected_answer\nIt is 18.\t18\n7\t18\n18\t18\n"
            }
        }

        /// What `gzip -9n` makes of `plain`.
        var gzip: [UInt8] {
            switch self {
            case .jsonLines:
                bytes(
                    "1f8b0800000000000203ab564a4fcd4b2d4a2c494d894fcc2b2e4f2d52b25250f22c51c82c5630b4d053d251504aad28",
                    "484d469537b450aae5aac6aad59c742d40293c7a007289b1dda2000000")
            case .jsonArray:
                bytes(
                    "1f8b08000000000002038bae564a4fcd4b2d4a2c494d894fcc2b2e4f2d52b25250f22c51c82c5630b4d053d251504aad",
                    "28484d469537b450aad5e152c0aed99c1c4d4049dcba62b900f81865b1a8000000")
            case .commas:
                bytes(
                    "1f8b08000000000002034b4fcd4b2d4a2c494d894fcc2b2e4f2dd249ad28484d46f0b93c4b14328b150c2df4740c2db8",
                    "cc418492a18512880600d77215783b000000")
            case .tabs:
                bytes(
                    "1f8b08000000000002034b4fcd4b2d4a2c494d894fcc2b2e4f2de24cad28484d46f0b93c4b14328b150c2df4380d2db8",
                    "cc4184a105880400c038007139000000")
            }
        }

        /// What `zstd -19` makes of `plain`.
        var zstd: [UInt8] {
            switch self {
            case .jsonLines:
                bytes(
                    "28b52ffd0468e5010002430b11a0edb0cdedf990b2fa1a79f05d247f36618407a8279cdacdfe860bc20bd946f32d7f2d",
                    "6143477544af5bafd304100597c16dc4bcf230643dcfccb121")
            case .jsonArray:
                bytes(
                    "28b52ffd046815020052430c11a06f781b2e91bbae2010ea28f526bf553c00111f0cc26de2eb61fde6d082384bc7d334",
                    "978e4fe55389fd54f1dfb7b6270400598518ac270382b233645506acd1fc11")
            case .commas:
                bytes(
                    "28b52ffd0468bd0100d40267656e6572617465645f616e737765722c65787065630a49742069732031382e2c31380a37",
                    "223138222c31380a020028a19a6d8a0193dca23f")
            case .tabs:
                bytes(
                    "28b52ffd0468ad0100b40267656e6572617465645f616e737765720965787065630a49742069732031382e0931380a37",
                    "31380931380a020028a19a6d8a010a8219ce")
            }
        }
    }

    @Test("the same rows have the same scores in every format", arguments: Rows.allCases)
    func formats(rows: Rows) throws {
        let folder = try TemporaryFolder()
        for ending in rows.endings {
            try folder.write(rows.plain, to: "rows\(ending)")
            try folder.write(rows.gzip, to: "rows\(ending).gz")
            try folder.write(rows.zstd, to: "rows\(ending).zst")
            for name in ["rows\(ending)", "rows\(ending).gz", "rows\(ending).zst"] {
                let result = try folder.assay(
                    "score", name, "--fn", "basic::subset_of", "--format", "table", "--output", "out.jsonl")
                #expect(result.ending == .status(0), "\(name)")
                #expect(result.output == threeRowsTable, "\(name)")
                #expect(result.errors == "", "\(name)")
                #expect(try folder.read("out.jsonl") == threeLines, "\(name)")
            }
        }
    }

    @Test("standard input holds JSON Lines, compressed or not")
    func standardInput() throws {
        let folder = try TemporaryFolder()
        for input in [Array(Rows.jsonLines.plain.utf8), Rows.jsonLines.gzip, Rows.jsonLines.zstd] {
            let command = folder.command([
                "score", "-", "--fn", "basic::subset_of", "--format", "table", "-o", "out.jsonl",
            ])
            let result = try command.run(input: input)
            #expect(result.ending == .status(0))
            #expect(result.output == threeRowsTable)
            #expect(try folder.read("out.jsonl") == threeLines)
        }
    }

    @Test("a file:// URI names a file, with escapes for what a URI cannot have")
    func fileURI() throws {
        let folder = try TemporaryFolder(["my rows.jsonl": threeRows])
        for uri in ["file://\(folder.path)/my%20rows.jsonl", "file://localhost\(folder.path)/my%20rows.jsonl"] {
            let result = try folder.assay("score", uri, "--fn", "basic::subset_of", "--format", "table")
            #expect(result.ending == .status(0))
            #expect(result.output == threeRowsTable)
        }
    }

    @Test(
        "a dataset that cannot be read is named, with what to do about it",
        arguments: [
            (
                "rows.txt",
                "rows.txt: the ending does not name a known format; expected .jsonl, .ndjson, .json, .csv or .tsv"
            ),
            ("nowhere.jsonl", "nowhere.jsonl: cannot be opened: No such file or directory"),
            ("folder", "folder: is a folder; name a file in it"),
            ("folder.jsonl", "folder.jsonl: is a folder; name a file in it"),
            ("unreadable.jsonl", "unreadable.jsonl: cannot be read: Input/output error"),
            ("s3://bucket/rows.jsonl", "s3://bucket/rows.jsonl: only file:// URIs, paths and - can be read"),
            ("file://elsewhere/rows.jsonl", "file://elsewhere/rows.jsonl: not a file URI on this machine"),
            ("plain.jsonl.gz", "plain.jsonl.gz, byte 0 of the compressed data: not gzip data"),
            ("text.json", "text.json, byte 0: found 'a'; expected a JSON array of rows"),
            (
                "twice.csv",
                #"twice.csv, line 1: the header row names the column "expected_answer" more than once, as columns 2 and 3"#
            ),
            ("rows.parquet", "rows.parquet: this is a Parquet file; the Python package reads it, and DuckDB"),
            ("rows.xlsx", "rows.xlsx: this is a spreadsheet; save the sheet as CSV (UTF-8)"),
            ("book.csv", "book.csv: this is a ZIP archive or an Excel workbook"),
        ])
    func unreadable(name: String, message: String) throws {
        let folder = try TemporaryFolder([
            "rows.txt": threeRows, "folder/x": "", "folder.jsonl/x": "", "plain.jsonl.gz": threeRows,
            "text.json": "a,b", "rows.parquet": "PAR1", "rows.xlsx": "PK", "book.csv": "PK\u{3}\u{4}",
            "twice.csv": "generated_answer,expected_answer,expected_answer\n1,1,1\n",
        ])
        // Reading this fails, also for root: nothing is mapped at its start.
        try folder.link("unreadable.jsonl", to: "/proc/self/mem")
        let result = try folder.assay("score", name, "--fn", "basic::subset_of")
        #expect(result.ending == .status(1))
        #expect(result.output == "")
        #expect(result.errors.hasPrefix("Error: \(message)"), "\(result.errors)")
    }

    @Test(
        "a compressed file that breaks off is a failure, and the rows before are in the output",
        arguments: ["gz", "zst"])
    func brokenOff(ending: String) throws {
        let whole = ending == "gz" ? Rows.jsonLines.gzip : Rows.jsonLines.zstd
        let folder = try TemporaryFolder()
        try folder.write(whole + whole.dropLast(20), to: "rows.jsonl.\(ending)")
        let result = try folder.assay("score", "rows.jsonl.\(ending)", "--fn", "basic::subset_of", "-o", "out.jsonl")
        #expect(result.ending == .status(1))
        let place = 2 * whole.count - 20
        #expect(result.errors.hasPrefix("Error: rows.jsonl.\(ending), byte \(place) of the compressed data: "))
        let output = try folder.read("out.jsonl.partial")
        #expect(output.hasPrefix(threeLines))
        #expect(output.hasSuffix("}\n"))
        #expect(result.errors.contains("the completed rows are in out.jsonl.partial"))
    }
}

private func bytes(_ hex: String...) -> [UInt8] {
    let digits = hex.joined().compactMap { $0.hexDigitValue.map(UInt8.init) }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}
