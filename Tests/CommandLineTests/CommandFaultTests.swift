import Testing

@Suite("What is said of a wrong command line")
struct CommandFaultTests {
    @Test(
        "a wrong command line has status 64 and says what is wrong with it",
        arguments: [
            (["score", "rows.jsonl", "--fn", "basic::subset_of", "--bogus"], "Unknown option '--bogus'"),
            (
                ["score", "rows.jsonl"],
                "name at least one scoring function: --fn ID; 'assay functions list' lists them"
            ),
            (["score", "--fn", "basic::subset_of"], "Missing expected argument '<dataset>'"),
            (["score", "a.jsonl", "b.jsonl", "--fn", "x"], "Unexpected argument 'b.jsonl'"),
            (["score", "rows.jsonl", "--fn", "x", "--limit", "many"], "The value 'many' is invalid for '--limit <n>'"),
            (["score", "rows.jsonl", "--fn", "x", "--limit=-1"], "--limit -1: expected a number of rows"),
            (["score", "rows.jsonl", "--fn", "x", "--jobs", "0"], "--jobs 0: expected 1 to 1024"),
            (["score", "rows.jsonl", "--fn", "x", "--jobs", "5000"], "--jobs 5000: expected 1 to 1024"),
            (["score", "rows.jsonl", "--fn", "x", "--with-input"], "--with-input needs --output FILE"),
            (
                ["score", "rows.jsonl", "--fn", "x", "--map", "gold"],
                "The value 'gold' is invalid for '--map <new=old>'"
            ),
            (
                ["score", "rows.jsonl", "--fn", "x", "--where", "=1"],
                "The value '=1' is invalid for '--where <column=value>'"
            ),
            (
                ["score", "rows.jsonl", "--fn", "x", "--map", "a=b", "--map", "a=c"],
                "--map a=…: the column is mapped twice"
            ),
            (
                ["score", "rows.jsonl", "--fn", "x", "--format", "xml"],
                "The value 'xml' is invalid for '--format <format>'"
            ),
            (["score", "rows.jsonl", "--fn", "x="], "The value 'x=' is invalid for '--fn <id[=params]>'"),
            (["score", "rows.jsonl", "--fn", "x", "--fn-dir", "nowhere"], "nowhere is not a folder that can be read"),
            (
                ["score", "rows.jsonl", "--fn", "x", "--plugin-dir", "rows.jsonl"],
                "rows.jsonl is not a folder that can be read"
            ),
            (["score", "rows.jsonl", "--fn", "x={} y"], "--fn x: line 1, column 4: not valid JSON"),
            (
                ["score", "rows.jsonl", "--fn", "x=list.json"],
                "list.json: found an empty array; expected an object"
            ),
            (["score", "rows.jsonl", "--fn", "x=nowhere.json"], "--fn x: nowhere.json: cannot be opened"),
            (["functions", "show"], "Missing expected argument '<id>'"),
            (["functions", "check"], "Missing expected argument '<file> ...'"),
        ])
    func usage(arguments: [String], message: String) throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows, "list.json": "[]"])
        let result = try folder.command(arguments).run()
        #expect(result.ending == .status(64))
        #expect(result.errors.hasPrefix("Error: \(message)"), "\(result.errors)")
        #expect(result.output == "")
    }

    @Test(
        "a run that cannot start has status 1 and says why",
        arguments: [
            (
                ["--fn", "basic::subsetof"],
                #"there is no scoring function "basic::subsetof"; did you mean "basic::subset_of"?"#
            ),
            (["--fn", "equalty"], #"there is no scoring function "equalty"; did you mean "basic::equality"?"#),
            (["--fn", "my::own"], #"there is no scoring function "my::own"; "assay functions list" lists them"#),
            (
                ["--fn", "basic::subset_of", "--fn", "basic::subset_of"],
                "basic::subset_of is named twice in one run"
            ),
            (
                ["--fn", "basic::equality", "--map", "expected_answer=gold"],
                #"rows.jsonl: no row has the column "gold" (mapped to "expected_answer"), which basic::equality needs. "#
                    + #"The columns are "id", "generated_answer", "expected_answer", "model", "ok". "#
                    + "To use a column with another name: --map NEEDED=NAME"
            ),
            (["--fn", #"basic::subset_of={"aggregation_functions": ["averag"]}"#], #"did you mean "average"?"#),
            (
                ["--fn", #"\#(answer)={"parsing_regexes": ["A:\\s*(.+"]}"#],
                "/params/parsing_regexes/0: at character 5: the group is not closed"
            ),
            (
                ["--fn", #"\#(answer)={"parsing_regexes": ["(a)", "A: .+"]}"#],
                "/params/parsing_regexes/1: the pattern has no group 1"
            ),
            (["--fn", #"\#(answer)={"normalise": "number"}"#], "/params/normalise: unknown parameter"),
            (
                ["--fn", #"\#(answer)={"normalize": "nmber"}"#],
                #"/params/normalize: found "nmber"; expected one of "text", "#
            ),
            (
                ["--fn", "basic::subset_of", "--output", "nowhere/out.jsonl"],
                "nowhere/out.jsonl: cannot be written: No such file or directory"
            ),
            (["--fn", "basic::subset_of", "--output", "."], ".: is a folder"),
        ])
    func failure(options: [String], message: String) throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows])
        let result = try folder.command(["score", "rows.jsonl"] + options).run()
        #expect(result.ending == .status(1))
        #expect(result.errors.hasPrefix("Error: "))
        #expect(result.errors.contains(message), "\(result.errors)")
        #expect(lines(of: result.errors).count == 1)
        #expect(result.output == "")
    }

    private static let answer = "basic::regex_parser_multiple_choice_answer"

    @Test(
        "a run that cannot start leaves the output of an earlier one alone",
        arguments: [
            ["--fn", "basic::subsetof"], ["--fn", "basic::subset_of", "--where", "modle=small"],
        ])
    func earlierOutput(options: [String]) throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows, "out.jsonl": "what took hours\n"])
        let result = try folder.command(["score", "rows.jsonl", "--output", "out.jsonl"] + options).run()
        #expect(result.ending == .status(1))
        #expect(try folder.read("out.jsonl") == "what took hours\n")
    }

    @Test(
        "help and version go to standard output",
        arguments: [
            ["--help"], ["score", "--help"], ["functions", "--help"], ["functions", "list", "--help"],
            ["functions", "show", "--help"], ["functions", "check", "--help"], ["plugins", "--help"],
            ["plugins", "list", "--help"], ["help", "score"], [],
        ])
    func help(arguments: [String]) throws {
        let folder = try TemporaryFolder()
        let result = try folder.command(arguments).run()
        #expect(result.ending == .status(0))
        #expect(result.output.hasPrefix("OVERVIEW: "))
        #expect(result.output.contains("USAGE: assay "))
        #expect(lines(of: result.output).allSatisfy { $0.count <= 110 })
        #expect(result.errors == "")
    }

    @Test("help has examples", arguments: ["score", "evaluate"])
    func examples(command: String) throws {
        let result = try TemporaryFolder().assay(command, "--help")
        #expect(lines(of: result.output).contains { $0.hasPrefix("  assay \(command) ") }, "\(result.output)")
    }

    @Test("the version is a number")
    func version() throws {
        let result = try TemporaryFolder().assay("--version")
        #expect(result.output.split(separator: ".").count == 3)
        #expect(result.ending == .status(0))
        let command = try TemporaryFolder().assay("version")
        #expect(command.output == result.output)
        #expect(command.ending == .status(0))
    }

    @Test("--quiet leaves out warnings, and --verbose changes no result")
    func warnings() throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows, "fns/broken.json": "{"])
        let arguments = ["score", "rows.jsonl", "--fn", "basic::subset_of", "--fn-dir", "fns", "--format", "table"]
        let usual = try folder.command(arguments).run()
        #expect(usual.errors.hasPrefix("warning: fns/broken.json: "))
        let quiet = try folder.command(arguments + ["--quiet"]).run()
        #expect(quiet.errors == "")
        let verbose = try folder.command(arguments + ["--verbose"]).run()
        #expect(verbose.errors.hasPrefix(usual.errors))
        for result in [usual, quiet, verbose] {
            #expect(result.ending == .status(0))
            #expect(result.output == threeRowsTable)
        }
        let failed = try folder.assay("score", "rows.jsonl", "--fn", "nothing", "--quiet")
        #expect(failed.errors.hasPrefix("Error: "))
    }
}
