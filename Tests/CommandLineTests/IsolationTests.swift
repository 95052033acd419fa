import FakeModel
import Glibc
import JSON
import Testing

@Suite("Plugins that are not trusted run in processes of their own")
struct IsolationTests {
    /// A plugin whose only scorer gives 1.0, and crashes on the text "crash" and sleeps on "sleep".
    private static func source(_ beginning: String = "") -> String {
        """
        #include <stdlib.h>
        #include <string.h>
        #include <unistd.h>
        #include "assay_scorer_plugin.h"
        \(beginning)
        static const assay_host *host;
        static assay_status create(const assay_scorer *scorer, const assay_host *its_host, assay_creation *creation,
                                   assay_str config, void **self) {
            host = its_host;
            return ASSAY_OK;
        }
        static void destroy(void *self) {}
        static assay_status step(void *self, assay_call *call, void **state, int32_t reason, const assay_batch *batch,
                                 const assay_reply *const *replies, uint64_t n_replies) {
            const assay_str *texts = batch->columns[0]->values;
            for (uint64_t row = 0; row < batch->n_rows; row++) {
                if (texts[row].len == 5 && memcmp(texts[row].ptr, "crash", 5) == 0) abort();
                if (texts[row].len == 5 && memcmp(texts[row].ptr, "sleep", 5) == 0) for (;;) pause();
                double one = 1;
                assay_column score = {sizeof score, ASSAY_TYPE_F64, NULL, &one, NULL};
                host->emit(host, call, 0, row, 1, &score);
            }
            return ASSAY_OK;
        }
        static const assay_column_spec text = {sizeof text, ASSAY_TYPE_STR, 0, 0, "generated_answer", "", 0, 0};
        static const assay_column_spec score = {sizeof score, ASSAY_TYPE_F64, 0, 0, "score", "", 0, 1};
        static const assay_column_spec *const inputs[] = {&text, NULL}, *const outputs[] = {&score, NULL};
        static const assay_scorer one = {sizeof one, 0, "one", "gives 1.0", inputs, outputs, NULL, NULL};
        static const assay_scorer *const scorers[] = {&one, NULL};
        static const assay_plugin plugin = {sizeof plugin, ASSAY_ABI_MAJOR, ASSAY_ABI_MINOR, 0, "org.example.one", "1",
                                            "One.", scorers, create, NULL, destroy, step, NULL, NULL};
        const assay_plugin *assay_plugin_entry(uint32_t major, uint32_t minor) { return &plugin; }
        """
    }

    private static let definition = """
        {"identifier": "test::one", "provider_id": "org.example.one", "provider_resource_id": "one",
         "return_type": {"type": "number"}, "params": {"type": "basic", "aggregation_functions": ["accuracy"]}}
        """

    private static let packageFolder = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()

    /// A folder with the plugin in `plugins` and a function of it in `functions`.
    private func folder(_ source: String = source(), rows: [String] = ["a", "b"]) throws -> TemporaryFolder {
        let lines = rows.map { "{\"generated_answer\": \"\($0)\"}\n" }.joined()
        let folder = try TemporaryFolder([
            "one.c": source, "rows.jsonl": lines, "functions/one.json": Self.definition, "plugins/empty": "",
        ])
        var compiler = folder.command([
            "-shared", "-fPIC", "-I\(Self.packageFolder)/Sources/CScorerPlugin/include", "-o", "plugins/one.so",
            "one.c",
        ])
        compiler.executable = "cc"
        let result = try compiler.run()
        try #require(result.ending == .status(0), "\(result.errors)")
        return folder
    }

    private func score(_ folder: TemporaryFolder, _ options: String..., setup: String = "") throws -> CommandResult {
        try folder.command(
            ["score", "rows.jsonl", "--fn-dir", "functions", "--plugin-dir", "plugins", "--fn", "test::one"]
                + ["--output", "out.jsonl"] + options, setup: setup
        ).run()
    }

    @Test("one row in many that crashes the plugin costs itself")
    func crash() throws {
        var rows = (0..<3000).map { "row \($0)" }
        rows[1234] = "crash"
        let folder = try folder(rows: rows)
        let result = try score(folder, "--jobs", "2")
        #expect(result.ending == .status(3))
        let lines = try folder.read("out.jsonl").split(separator: "\n")
        #expect(lines.count == 3000)
        for (row, line) in lines.enumerated() {
            let verdict =
                row == 1234
                ? #"{"score": null, "outcome": "plugin_crashed", "message": "the plugin crashed: SIGABRT (aborted)"}"#
                : #"{"score": 1.0}"#
            #expect(line == #"{"row": \#(row), "scores": {"test::one": \#(verdict)}}"#)
        }
    }

    @Test("a row on which the plugin sleeps times out")
    func sleep() throws {
        let folder = try folder(rows: ["a", "sleep", "b"])
        let result = try score(folder, "--plugin-timeout", "0.5")
        #expect(result.ending == .status(3))
        #expect(try result.rows("timed_out", of: "test::one") == 1)
        #expect(try result.rows("scored", of: "test::one") == 2)
        #expect(
            try folder.read("out.jsonl").contains("the plugin showed no sign of progress for 0.5 s, and was stopped"))
    }

    @Test(
        "the first signal ends a run whose plugin hangs",
        arguments: [
            "__attribute__((constructor)) static void begin(void) { write(2, \"it runs\\n\", 8); for (;;) pause(); }",
            "",
        ])
    func interruption(beginning: String) throws {
        let folder = try folder(Self.source(beginning), rows: beginning.isEmpty ? ["a", "sleep"] : ["a"])
        var command = folder.command([
            "score", "rows.jsonl", "--fn-dir", "functions", "--plugin-dir", "plugins", "--fn", "test::one",
            "--output", "out.jsonl", "--plugin-timeout", "600",
        ])
        command.patience = .seconds(40)
        let running = try RunningCommand(command)
        // Long enough for it to be where it hangs; if it is not yet, it is ended all the same.
        poll(nil, 0, 1500)
        running.send(SIGINT)
        #expect(try running.finish().ending != .status(0))
    }

    @Test("list never runs a plugin that is not trusted; a manifest says what it is")
    func list() throws {
        let folder = try folder(
            Self.source("__attribute__((constructor)) static void begin(void) { write(2, \"it runs\\n\", 8); }"))
        let unknown = try folder.assay("plugins", "list", "--plugin-dir", "plugins")
        #expect(unknown.ending == .status(0))
        #expect(unknown.errors == "")
        #expect(
            unknown.output.hasSuffix(
                """
                not trusted, and without a manifest
                  \(folder.path)/plugins/one.so
                  runs in its own process; 'assay plugins manifest \(folder.path)/plugins/one.so' runs it there and \
                writes its manifest

                """))
        let manifest = try folder.assay("plugins", "manifest", "plugins/one.so")
        #expect(manifest.ending == .status(0))
        #expect(manifest.output == "\(folder.path)/plugins/one.plugin.json\n")
        let known = try folder.assay("plugins", "list", "--plugin-dir", "plugins")
        #expect(known.errors == "")
        #expect(
            known.output.contains(
                """
                org.example.one 1  One.
                  \(folder.path)/plugins/one.so
                  runs in its own process
                  one: gives 1.0
                    input       generated_answer (text)
                    output      score (number)

                """))
        // When it is trusted, it is loaded.
        let trusted = try folder.assay("plugins", "list", "--plugin-dir", "plugins", "--trust", "plugins/one.so")
        #expect(trusted.errors == "it runs\n")
        #expect(!trusted.output.contains("its own process"))
    }

    @Test("a plugin that was trusted runs in the process, until it is not trusted any more")
    func trust() throws {
        let folder = try folder()
        func places(_ name: String = "config") throws -> Int {
            let result = try folder.assay(
                "plugins", "list", "--plugin-dir", "plugins", setup: "export XDG_CONFIG_HOME=$PWD/\(name)")
            return result.output.contains("org.example.one 1") ? 1 : 0
        }
        func trust(_ options: String...) throws -> CommandResult {
            try folder.command(
                ["plugins", "trust", "plugins/one.so"] + options, setup: "export XDG_CONFIG_HOME=$PWD/config"
            ).run()
        }
        #expect(try places() == 0)
        #expect(try trust().ending == .status(0))
        #expect(try places() == 1)
        #expect(try folder.read("config/assay/trusted-plugins").hasSuffix("  \(folder.path)/plugins/one.so\n"))
        #expect(try trust("--remove").ending == .status(0))
        #expect(try places() == 0)
        let again = try trust("--remove")
        #expect(again.ending == .status(1))
        #expect(
            again.errors == "Error: plugins/one.so is not on the list \(folder.path)/config/assay/trusted-plugins\n")
    }

    @Test("a list that others can write to trusts nobody, and a warning says so")
    func writableList() throws {
        let folder = try folder()
        try folder.write("", to: "config/assay/trusted-plugins")
        let result = try score(
            folder, setup: "export XDG_CONFIG_HOME=$PWD/config; chmod 666 config/assay/trusted-plugins")
        #expect(result.ending == .status(0))
        #expect(
            result.errors.hasPrefix(
                "warning: \(folder.path)/config/assay/trusted-plugins: the list can be written by other users; "))
    }

    @Test("judges in workers give the same bytes, and ask the same")
    func judge() throws {
        var outputs: [String] = []
        for place in ["process", "in-process"] {
            let judging = try Judging(
                rows: 200,
                .answer { "I say: Total rating: \(($0.prompt ?? "").utf8.reduce(0) { ($0 + Int($1)) % 13 })" })
            let result = try judging.score("--isolation", place, "--format", "json")
            #expect(result.errors == "")
            outputs.append(try judging.folder.read("out.jsonl") + result.output)
            #expect(judging.server.totals.answered == 200)
        }
        #expect(outputs[0] == outputs[1])
    }

    @Test("without the program that runs plugins, one that is not trusted is left out with a reason")
    func noWorker() throws {
        let folder = try folder()
        try folder.copyExecutable("\(Command.builtFolder)/assay", to: "own/assay")
        var command = folder.command([
            "score", "rows.jsonl", "--fn-dir", "functions", "--plugin-dir", "plugins", "--fn", "test::one",
        ])
        command.executable = "\(folder.path)/own/assay"
        let result = try command.run()
        #expect(result.ending == .status(1))
        #expect(
            result.errors.hasPrefix(
                "warning: \(folder.path)/plugins/one.so: the program that runs plugins that are not trusted was not "
                    + "found"
            ),
            "\(result.errors)")
    }

    @Test(
        "options that make no sense are refused",
        arguments: [
            (["--plugin-timeout", "0"], "--plugin-timeout 0.0: expected 0.01 to 86400 seconds"),
            (["--plugin-memory", "1"], "--plugin-memory 1: expected at least 64 MiB"),
            (["--trust", "nowhere.so"], "--trust nowhere.so: the file does not exist or cannot be read"),
            (["--isolation", "none"], "The value 'none' is invalid for '--isolation <isolation>'"),
        ])
    func usage(options: [String], message: String) throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows])
        let result = try folder.command(["score", "rows.jsonl", "--fn", "basic::subset_of"] + options).run()
        #expect(result.ending == .status(64))
        #expect(result.errors.hasPrefix("Error: \(message)"), "\(result.errors)")
    }
}
