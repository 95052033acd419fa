import JSON
import Testing

@Suite("--by tells results apart")
struct GroupTests {
    private static let rows = """
        {"generated_answer": "a", "expected_answer": "a", "subject": "law", "year": 10}
        {"generated_answer": "a", "expected_answer": "b", "subject": "law", "year": 9}
        {"generated_answer": "a", "expected_answer": "a", "subject": "art", "year": 10}
        {"generated_answer": "a", "expected_answer": "a", "year": null}
        {"expected_answer": "a", "subject": "art", "year": "9"}

        """

    @Test("a table has a line for each value, and one for rows without any")
    func table() throws {
        let folder = try TemporaryFolder(["rows.jsonl": Self.rows])
        let result = try folder.assay(
            "score", "rows.jsonl", "--fn", "basic::equality", "--by", "subject", "--format", "table")
        #expect(result.ending == .status(3), "\(result.errors)")
        #expect(
            lines(of: result.output).prefix(7) == [
                "basic::equality", "  4 of 5 rows scored; 1 row not scored (1 input_error)",
                "  accuracy  0.75  (3 of 4)  95% interval 0.3006 … 0.9544  if every row had been scored: 0.6 to 0.8",
                "  by subject    rows    accuracy",
                "    art         1 of 2  1.0  (1 of 1)  95% interval 0.2065 … 1.0  if every row had been scored: 0.5 to 1.0",
                "    law         2       0.5  (1 of 2)  95% interval 0.0945 … 0.9055",
                "    (no value)  1       1.0  (1 of 1)  95% interval 0.2065 … 1.0",
            ], "\(result.output)")
    }

    @Test("JSON has each column's values as they are, beside the whole")
    func json() throws {
        let folder = try TemporaryFolder(["rows.jsonl": Self.rows])
        let result = try folder.assay(
            "score", "rows.jsonl", "--fn", "basic::equality", "--by", "year", "--by", "subject")
        let by = try result.value("results", "basic::equality", "by")
        let years = try #require(by["year"]?.array)
        #expect(years.map { $0["value"] } == [9, 10, "9", .null])
        #expect(years.map { $0["rows"]?["total"] } == [1, 2, 1, 1])
        #expect(by["subject"]?.array?.map { $0["aggregated_results"]?["accuracy"]?["num_correct"] } == [1, 1, 1])
        #expect(try result.value("results", "basic::equality", "rows", "total") == 5)
    }

    @Test("values beyond the limit are aggregated together, the same ones with any number of threads")
    func limit() throws {
        var rows = ""
        for row in 0..<30_000 {
            let name = (row * 7919) % 40
            rows += #"{"generated_answer": "\#(row % 3)", "expected_answer": "1", "k": "\#(name)"}"# + "\n"
        }
        let folder = try TemporaryFolder(["rows.jsonl": rows])
        let arguments = ["score", "rows.jsonl", "--fn", "basic::equality", "--by", "k", "--by-limit", "10"]
        let one = try folder.command(arguments + ["--jobs", "1"]).run()
        let groups = try #require(try one.value("results", "basic::equality", "by")["k"]?.array)
        #expect(groups.count == 11)
        #expect(groups.last?["rest"] == true)
        let totals = groups.compactMap { $0["rows"]?["total"]?.number?.int }
        #expect(totals.reduce(0, +) == 30_000)
        for jobs in ["2", "5"] {
            #expect(try folder.command(arguments + ["--jobs", jobs]).run().output == one.output)
        }
    }

    @Test("a column that no row has is refused with the columns that are there")
    func missing() throws {
        let folder = try TemporaryFolder(["rows.jsonl": Self.rows])
        let result = try folder.assay("score", "rows.jsonl", "--fn", "basic::equality", "--by", "topic")
        #expect(result.ending == .status(1))
        #expect(result.errors.contains(#"no row has the column "topic""#))
    }
}
