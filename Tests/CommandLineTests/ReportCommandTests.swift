import JSON
import Testing

@Suite("assay report, and the lowest scores of a run")
struct ReportCommandTests {
    private func answers(_ right: (Int) -> Bool) -> String {
        (0..<30).map { index in
            #"{"id": "q\#(index)", "input_query": "question \#(index)", "generated_answer": "\#(right(index) ? "\(index)" : "no\(index)")", "#
                + #""gold": "\#(index)", "subject": "\#(index % 2 == 0 ? "even" : "odd")"}"# + "\n"
        }.joined()
    }

    private func save(_ name: String, in folder: TemporaryFolder, _ right: (Int) -> Bool) throws {
        try folder.write(answers(right), to: "\(name).jsonl")
        let result = try folder.assay(
            "score", "\(name).jsonl", "--fn", "basic::equality", "--map", "expected_answer=gold", "--key", "id",
            "--save",
            name, "--save-column", "subject", "--require", "basic::equality accuracy >= 0.9")
        #expect(result.ending == .status(4), "\(result.errors)")
    }

    private func text(_ folder: TemporaryFolder, _ name: String) throws -> String {
        String(decoding: try TemporaryFolder.contents(of: "\(folder.path)/\(name)"), as: UTF8.self)
    }

    @Test("a saved run has its report, which is the same when it is made again")
    func saved() throws {
        let folder = try TemporaryFolder()
        try save("a", in: folder) { $0 % 3 == 0 }
        let page = try text(folder, "a/report.html")
        #expect(page.contains("Not met:") && page.contains("basic::equality accuracy &gt;= 0.9: is 0.3333"))
        #expect(
            page.contains("10 of 30 scored rows") && page.contains("assay score a.jsonl --map expected_answer=gold"))
        let again = try folder.assay("report", "a", "--output", "-")
        #expect(again.ending == .status(0) && again.output == page)
        #expect(try folder.assay("report", "a/results.json", "--by", "subject").ending == .status(0))
        #expect(try text(folder, "a/report.html").contains("2 values of subject were looked at"))
        let unknown = try folder.assay("report", "a", "--by", "nope")
        #expect(unknown.ending == .status(1) && unknown.errors.contains("no column \"nope\""))
        #expect(try folder.assay("report", "a", "--examples", "-1").ending == .status(64))
    }

    @Test("two runs make one report; what cannot be compared is said in it")
    func comparison() throws {
        let folder = try TemporaryFolder()
        try save("a", in: folder) { $0 % 3 == 0 }
        try save("b", in: folder) { $0 % 3 == 1 }
        let result = try folder.assay("report", "a", "b", "--output", "ab.html")
        #expect(result.ending == .status(0), "\(result.errors)")
        let page = try text(folder, "ab.html")
        #expect(
            page.contains("10 worse, 10 better") && page.contains("<del>0</del>") && page.contains("<ins>no0</ins>"))
        let markdown = try folder.assay("report", "a", "b", "--format", "markdown")
        #expect(markdown.output.contains("30 pairs by id") && !markdown.output.contains("no0"))
        let refused = try folder.assay("report", "a", "b.jsonl")
        #expect(refused.ending == .status(1) && refused.errors.contains("no line has \"scores\""))
    }

    @Test("--worst shows the lowest scores, and changes nothing that is written")
    func worst() throws {
        let folder = try TemporaryFolder()
        try folder.write(answers { $0 % 3 != 0 }, to: "a.jsonl")
        let options = ["score", "a.jsonl", "--fn", "basic::equality", "--map", "expected_answer=gold", "--output"]
        let plain = try folder.command(options + ["plain.jsonl"]).run()
        let found = try folder.command(options + ["lines.jsonl", "--worst", "2", "--format", "table"]).run()
        #expect(plain.ending == .status(0) && found.ending == .status(0), "\(found.errors)")
        #expect(try text(folder, "plain.jsonl") == text(folder, "lines.jsonl"))
        for text in [
            "Lowest scores of basic::equality:", "row 0   score 0", "row 3   score 0", "question 0", "no3", "gold",
        ] {
            #expect(found.output.contains(text), "\(text): \(found.output)")
        }
        #expect(!found.output.contains("row 6"))
        let both = try folder.command(options + ["more.jsonl", "--worst", "2", "--with-input", "--save", "run"]).run()
        #expect(try both.value("worst", "basic::equality").array?.count == 2)
        #expect(try text(folder, "more.jsonl").contains("\"subject\""))
        #expect(try folder.command(options + ["x.jsonl", "--worst", "0"]).run().ending == .status(64))
    }
}
