import JSON
import Testing

@Suite("assay merge")
struct MergeCommandTests {
    private static let rows: [String] = (0..<30).map { index in
        #"{"generated_answer": "a\#(index % 3)", "expected_answer": "a\#(index % 2)", "kind": "\#(index % 4)"}"# + "\n"
    }

    private static let options = ["--fn", "basic::equality", "--fn", "basic::subset_of", "--by", "kind"]

    /// A folder with the rows in three files, and the state of each.
    private static func folder(_ rows: [String] = rows) throws -> TemporaryFolder {
        let folder = try TemporaryFolder(["all.jsonl": rows.joined()])
        for part in 0..<3 {
            let lines = rows.enumerated().filter { $0.offset % 3 == part }.map(\.element)
            try folder.write(lines.joined(), to: "\(part).jsonl")
            let scored = try folder.command(["score", "\(part).jsonl", "--state", "\(part).state"] + options).run()
            #expect(scored.ending == .status(0) || scored.ending == .status(3), "\(scored.errors)")
        }
        return folder
    }

    @Test("prints what one run over all the rows prints, and writes a state that can be merged again")
    func merges() throws {
        let folder = try Self.folder()
        let whole = try folder.command(["score", "all.jsonl", "--state", "all.state"] + Self.options).run()
        let merged = try folder.assay("merge", "2.state", "0.state", "1.state")
        #expect(merged.output == whole.output && merged.ending == .status(0), "\(merged.errors)")
        let some = try folder.assay("merge", "2.state", "0.state", "--state", "some.state", "--format", "table")
        #expect(some.output.contains("20 of 20 rows scored"))
        let again = try folder.assay("merge", "some.state", "1.state", "--state", "again.state")
        #expect(again.output == whole.output)
        let bytes = try ["again.state", "all.state"].map { try TemporaryFolder.contents(of: "\(folder.path)/\($0)") }
        #expect(bytes[0] == bytes[1])
    }

    @Test("has the exit statuses of assay score")
    func statuses() throws {
        let folder = try Self.folder(Self.rows + ["broken\n"])
        let merged = try folder.assay("merge", "0.state", "1.state", "2.state")
        #expect(merged.ending == .status(3))
        let required = try folder.assay(
            "merge", "0.state", "1.state", "2.state", "--require", "* unscored <= 1", "--require",
            "basic::equality accuracy >= 0.99")
        #expect(required.ending == .status(4))
    }

    @Test("says which file is at fault")
    func faults() throws {
        let folder = try Self.folder()
        func errors(_ arguments: String...) throws -> String {
            let result = try folder.command(["merge"] + arguments).run()
            #expect(result.ending == .status(1) && result.output.isEmpty)
            return result.errors
        }
        #expect(try errors("0.state", "missing.state").contains("missing.state cannot be opened: No such file"))
        #expect(try errors("0.state", "all.jsonl").contains("all.jsonl is not a state that"))
        #expect(try errors("0.state", "./0.state").contains("named twice"))
        let bytes = try TemporaryFolder.contents(of: "\(folder.path)/1.state")
        try folder.write(Array(bytes.dropLast()), to: "cut.state")
        #expect(try errors("0.state", "cut.state").contains("cut.state is damaged or cut off"))
        _ = try folder.assay("score", "0.jsonl", "--fn", "basic::equality", "--state", "other.state")
        #expect(
            try errors("0.state", "other.state").contains("other.state does not belong to 0.state: the functions are"))
    }

    @Test("A state is written when a run is complete, and never over what the run reads")
    func writing() throws {
        let folder = try Self.folder()
        let over = try folder.assay("score", "0.jsonl", "--fn", "basic::equality", "--state", "./0.jsonl")
        #expect(over.ending == .status(1) && over.errors.contains("would overwrite a file that the run reads"))
        #expect(try folder.read("0.jsonl").contains("generated_answer"))
        try folder.write("old", to: "kept.state")
        let failed = try folder.assay("score", "none.jsonl", "--fn", "basic::equality", "--state", "kept.state")
        #expect(failed.ending == .status(1))
        #expect(try folder.read("kept.state") == "old")
        let dry = try folder.assay("score", "0.jsonl", "--fn", "basic::equality", "--state", "x", "--dry-run")
        #expect(dry.ending == .status(64))
    }
}
