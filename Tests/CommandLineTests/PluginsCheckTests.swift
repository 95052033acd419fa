import Glibc
import JSON
import Testing

@Suite("assay plugins check")
struct PluginsCheckTests {
    private static let packageFolder = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()

    /// A plugin without fault, but for what macros put into it: it gives 1.0 to texts of more than three bytes.
    private static let source = """
        #define _GNU_SOURCE
        #include <fcntl.h>
        #include <fenv.h>
        #include <locale.h>
        #include <pthread.h>
        #include <signal.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/stat.h>
        #include <unistd.h>
        #include "assay_scorer_plugin.h"
        #ifndef GLOBAL
        #define GLOBAL
        #endif
        #ifndef CREATE
        #define CREATE
        #endif
        #ifndef DESTROY
        #define DESTROY
        #endif
        #ifndef STEP
        #define STEP
        #endif
        #ifndef ROW
        #define ROW
        #endif
        #ifndef END
        #define END ASSAY_OK
        #endif
        #ifndef ID
        #define ID "org.example.bad"
        #endif
        #ifndef VERSION
        #define VERSION "1"
        #endif
        #ifndef DESCRIPTION
        #define DESCRIPTION "A plugin."
        #endif
        #ifndef SCHEMA
        #define SCHEMA "{}"
        #endif
        #ifndef FLAGS
        #define FLAGS ASSAY_COLUMN_OPTIONAL
        #endif
        #ifndef REFUSED
        #define REFUSED "assay_check_unknown"
        #endif
        #ifndef POINTER
        #define POINTER "/params/assay_check_unknown"
        #endif
        #ifdef JUDGE
        #define ROLES roles
        #else
        #define ROLES NULL
        #define JUDGE
        #endif
        #ifdef CORPUS
        #define DECLARED statistics, aggregations
        #define COMPUTE finalize
        #else
        #define DECLARED NULL, NULL
        #define COMPUTE NULL
        #define SET
        #endif
        #ifndef SET
        #define SET host->emit_statistics(host, call, row, 1, &value)
        #endif
        #ifndef AGGREGATE
        #define AGGREGATE
        #endif
        #ifndef COMPUTED
        #define COMPUTED ASSAY_OK
        #endif
        static const assay_host *host;
        static const char *const statistics[] = {"long", NULL};
        static const assay_aggregation share = {sizeof share, 0, "long_share", ""};
        static const assay_aggregation *const aggregations[] = {&share, NULL};
        static int finalized;
        static assay_str str(const char *text) { return (assay_str){text, strlen(text)}; }
        static const char *const roles[] = {"judge", NULL};
        static void *idle(void *x) { for (;;) pause(); return x; }
        static void ask(assay_call *call, uint64_t tag) {
            const assay_host_chat *chat = host->get_extension(host, ASSAY_EXT_CHAT);
            chat->request(host, call, tag, str("judge"), str("{\\"messages\\": []}"));
        }
        static void ask2(assay_call *call, uint64_t tag) {
            const assay_host_chat *chat = host->get_extension(host, ASSAY_EXT_CHAT);
            chat->request(host, call, tag, str("judge"), str("{\\"messages\\": [{}]}"));
        }
        GLOBAL
        static assay_status create(const assay_scorer *scorer, const assay_host *its_host, assay_creation *creation,
                                   assay_str config, void **self) {
            host = its_host;
            *self = NULL;
            if (memmem(config.ptr, config.len, REFUSED, strlen(REFUSED))) {
                host->reject(host, creation, str(POINTER), str("not known"));
                return ASSAY_E_INVALID;
            }
            CREATE;
            return ASSAY_OK;
        }
        static void destroy(void *self) { DESTROY; }
        static assay_status step(void *self, assay_call *call, void **state, int32_t reason, const assay_batch *batch,
                                 const assay_reply *const *replies, uint64_t n_replies) {
            const assay_str *texts = batch->columns[0]->values;
            const uint8_t *validity = batch->columns[0]->validity;
            STEP;
            for (uint64_t row = 0; row < batch->n_rows; row++) {
                const int is_null = validity && !(validity[row >> 3] >> (row & 7) & 1);
                const assay_str text = is_null ? str("") : texts[row];
                double value = text.len > 3 ? 1 : 0;
                ROW;
                assay_column score = {sizeof score, ASSAY_TYPE_F64, NULL, &value, NULL};
                host->emit(host, call, 0, row, 1, &score);
                SET;
            }
            return END;
        }
        static assay_status finalize(void *self, assay_finalization *finalization, const assay_sums *sums) {
            char json[100];
            double value = sums->values[0] / sums->n_rows;
            AGGREGATE;
            snprintf(json, sizeof json, "{\\"long_share\\": %g}", value);
            host->emit_aggregate(host, finalization, 0, str(json));
            return COMPUTED;
        }
        static const assay_column_spec text = {sizeof text, ASSAY_TYPE_STR, FLAGS, 0, "generated_answer", "", 0, 0};
        static const assay_column_spec score = {sizeof score, ASSAY_TYPE_F64, 0, 0, "score", "", 0, 1};
        static const assay_column_spec *const inputs[] = {&text, NULL}, *const outputs[] = {&score, NULL};
        static const assay_scorer one = {sizeof one, 0, "one", "Long texts.", inputs, outputs, ROLES, SCHEMA, DECLARED};
        static const assay_scorer *const scorers[] = {&one, NULL};
        static const assay_plugin plugin = {sizeof plugin, ASSAY_ABI_MAJOR, ASSAY_ABI_MINOR, 0, ID, VERSION, DESCRIPTION,
                                            scorers, create, NULL, destroy, step, NULL, NULL, COMPUTE};
        ASSAY_EXPORT const assay_plugin *assay_plugin_entry(uint32_t major, uint32_t minor) { return &plugin; }
        """

    private func folder(_ macros: [String], _ files: [String: String] = [:]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder(["bad.c": Self.source])
        for (name, text) in files { try folder.write(text, to: name) }
        var compiler = folder.command(
            [
                "-w", "-shared", "-fPIC", "-fvisibility=hidden",
                "-I\(Self.packageFolder)/Sources/CScorerPlugin/include",
                "-o", "bad.so", "bad.c",
            ] + macros.map { "-D\($0)" } + ["-lm", "-lpthread"])
        compiler.executable = "cc"
        let result = try compiler.run()
        try #require(result.ending == .status(0), "\(result.errors)")
        return folder
    }

    /// What is found, notes aside, each as "check/level".
    private func findings(_ result: CommandResult) throws -> [String] {
        let list = try #require(try JSONValue(parsing: result.output).array, "\(result.output)\(result.errors)")
        return list.compactMap { finding in
            guard let check = finding["check"]?.string, let level = finding["level"]?.string, level != "note" else {
                return nil
            }
            return "\(check)/\(level)"
        }
    }

    @Test(
        "a plugin without fault has no findings, whether it asks a model or not",
        arguments: [[], ["FLAGS=0"], ["CORPUS"]])
    func clean(macros: [String]) throws {
        let folder = try folder(macros)
        let result = try folder.command(["plugins", "check", "bad.so"]).run()
        #expect(result.output == "no fault was found\n")
        #expect(result.ending == .status(0))
    }

    @Test(
        "each fault is found, and nothing else",
        arguments: [
            (["GLOBAL=__attribute__((visibility(\"default\"))) int stray = 1;"], "exports/warning"),
            (["ID=\"bad\""], "id/warning"),
            (["VERSION=\"\""], "version/warning"),
            (["DESCRIPTION=\"\""], "description/warning"),
            (["FLAGS=ASSAY_COLUMN_LENIENT"], "columns/error"),
            (["SCHEMA=\"{\""], "schema/error"),
            (["REFUSED=\"never there\""], "parameters/error"),
            (["POINTER=\"/params\""], "parameters/warning"),
            (["CREATE=return ASSAY_E_INVALID"], "parameters/error"),
            (["CREATE=abort()"], "crash/error"),
            (["DESTROY=abort()"], "crash/error"),
            (["ROW=if (is_null) abort()"], "crash/error"),
            (["ROW=if (text.len && memchr(text.ptr, 0, text.len)) *(volatile int *)0 = 1"], "crash/error"),
            (["ROW=if (text.len > 2000000) exit(3)"], "crash/error"),
            (["GLOBAL=__attribute__((constructor)) static void begin(void) { abort(); }"], "crash/error"),
            (["STEP=for (;;) pause()"], "hang/error"),
            (["ROW=if (text.len > 2000000) sleep(100)"], "hang/warning"),
            (["ROW=if (is_null) continue"], "rows/error"),
            (["CORPUS", "SET=if (!is_null) host->emit_statistics(host, call, row, 1, &value)"], "statistics/error"),
            (
                ["CORPUS", "SET=double two = 2 * value + row; host->emit_statistics(host, call, row, 1, &two)"],
                "determinism/error"
            ),
            (
                ["CORPUS", "SET=double no = 1.0 / 0; host->emit_statistics(host, call, row, 1, &no)"],
                "host-services/error"
            ),
            (["CORPUS", "AGGREGATE=value += finalized++"], "determinism/error"),
            (["CORPUS", "AGGREGATE=abort()"], "crash/error"),
            (["CORPUS", "AGGREGATE=for (;;) pause()"], "hang/error"),
            (["CORPUS", "AGGREGATE=return ASSAY_OK"], "aggregations/warning"),
            (["CORPUS", "AGGREGATE=value = 0.0 / 0"], "aggregations/error"),
            (["CORPUS", "COMPUTED=ASSAY_E_INTERNAL"], "aggregations/error"),
            (
                ["ROW=if (is_null) { host->fail(host, call, row, ASSAY_ROW_INPUT_ERROR, str(\"\")); continue; }"],
                "reason/warning"
            ),
            (
                ["ROW=if (is_null) { host->fail(host, call, row, ASSAY_ROW_MODEL_ERROR, str(\"no\")); continue; }"],
                "outcome/error"
            ),
            (["ROW=if (!text.len) value = 2"], "range/error"),
            (["ROW=if (!text.len) value = __builtin_nan(\"\")"], "host-services/error"),
            (["STEP=host->fail(host, call, 1000000, 1, str(\"no\"))"], "host-services/error"),
            (["END=42"], "status/error"),
            (["END=ASSAY_PENDING"], "status/error"),
            (["ROW=if (is_null) continue", "END=ASSAY_E_INTERNAL"], "status/error"),
            (["ROW=if (row == 0) value = 0.5"], "determinism/error"),
            (["ROW=if (batch->n_rows == 7) value = 0.5"], "determinism/error"),
            (["GLOBAL=static int count;", "ROW=value = count++ % 2"], "determinism/error"),
            (
                [
                    "GLOBAL=static int inside;",
                    "STEP=int number = __atomic_add_fetch(&inside, 1, 5); if (batch->n_rows > 300) usleep(50000)",
                    "ROW=if (number > 1) value = 0.5", "END=(__atomic_sub_fetch(&inside, 1, 5), ASSAY_OK)",
                ], "threads/error"
            ),
            (["STEP=printf(\"hello\")"], "output/warning"),
            (["STEP=fprintf(stderr, \"hello\")"], "output/warning"),
            (["CREATE=setlocale(LC_ALL, \"C.UTF-8\")"], "locale/error"),
            (["CREATE=signal(SIGINT, SIG_IGN)"], "signals/error"),
            (["STEP=umask(0777)"], "umask/error"),
            (["STEP=chdir(\"/usr\")"], "working-directory/error"),
            (["STEP=setenv(\"A_VARIABLE\", \"1\", 1)"], "environment/error"),
            (["STEP=fesetround(FE_UPWARD)"], "floating-point/error"),
            (["CREATE=pthread_t t; pthread_create(&t, NULL, idle, NULL)"], "threads/warning"),
            (["CREATE=open(\"/dev/null\", O_RDONLY)"], "descriptors/warning"),
            (["STEP=memset(malloc(1000), 1, 1000)"], "memory/warning"),
            (["CREATE=memset(malloc(1000), 1, 1000)"], "memory/warning"),
            (
                ["JUDGE", "STEP=if (reason == ASSAY_STEP_START) { ask(call, 1); return ASSAY_PENDING; }"],
                "replies/warning"
            ),
            // A scorer that takes JSON that was cut off for whole: the reader of another kit does.
            (
                [
                    "FLAGS=0",
                    "ROW=if (!text.len || text.ptr[0] != '{') { host->fail(host, call, row, ASSAY_ROW_UNPARSED, "
                        + "str(\"no object\")); continue; }",
                ], "json/warning"
            ),
            // A judge of two questions whose fault is where both are answered with yes, which chance seldom does.
            (
                [
                    "JUDGE",
                    "GLOBAL=static int is_yes(assay_str t) { return t.len == 3 && memcmp(t.ptr, \"Yes\", 3) == 0; }",
                    "STEP=if (reason == ASSAY_STEP_START) { ask(call, 1); ask2(call, 2); return ASSAY_PENDING; } "
                        + "static _Thread_local uint64_t seen; for (uint64_t i = 0; i < n_replies; i++) "
                        + "seen = is_yes(replies[i]->text) ? seen | replies[i]->tag : seen & ~replies[i]->tag; "
                        + "if (seen == 3) abort(); "
                        + "host->fail(host, call, -1, ASSAY_ROW_UNPARSED, str(\"no\")); return n_replies < 2 && "
                        + "*state == NULL ? (*state = (void *)1, ASSAY_PENDING) : ASSAY_OK",
                ], "crash/error"
            ),
            // A judge whose format none of the replies has: what it does with an answer is not checked.
            (
                [
                    "JUDGE",
                    "STEP=if (reason == ASSAY_STEP_START) { ask(call, 1); return ASSAY_PENDING; } "
                        + "host->fail(host, call, -1, ASSAY_ROW_UNPARSED, str(\"not <<1>>\")); return ASSAY_OK",
                ], "replies/warning"
            ),
            (["JUDGE", "STEP=ask(call, 1); return ASSAY_PENDING"], "requests/error"),
            (
                [
                    "JUDGE",
                    "STEP=if (reason == ASSAY_STEP_START) { ask(call, 1); return ASSAY_PENDING; } "
                        + "if (replies[0]->status) abort()",
                ], "crash/error"
            ),
            (
                [
                    "JUDGE",
                    "STEP=if (reason == ASSAY_STEP_START) { ask(call, 1); return ASSAY_PENDING; } "
                        + "if (replies[0]->status) { host->fail(host, call, -1, 4, str(\"no\")); return ASSAY_OK; } "
                        + "if (!replies[0]->text.len) abort()",
                ], "crash/error"
            ),
            // It does not survive a reply that was cut off.
            (
                [
                    "JUDGE",
                    "STEP=if (reason == ASSAY_STEP_START) { ask(call, 1); return ASSAY_PENDING; } "
                        + "if (replies[0]->status) { host->fail(host, call, -1, 4, str(\"no\")); return ASSAY_OK; } "
                        + "if (replies[0]->finish_reason.len == 6) abort()",
                ], "crash/error"
            ),
            // Two votes that are one, as they have no samples.
            (
                [
                    "JUDGE",
                    "STEP=if (reason == ASSAY_STEP_START) { ask(call, 1); ask(call, 2); return ASSAY_PENDING; } "
                        + "if (replies[0]->status) { host->fail(host, call, -1, 4, str(\"no\")); return ASSAY_OK; }",
                ], "requests/warning"
            ),
        ])
    func faults(macros: [String], expected: String) throws {
        let folder = try folder(macros)
        let result = try folder.command(
            [
                "plugins", "check", "bad.so", "--format", "json", "--plugin-timeout",
                expected.hasPrefix("hang") ? "1" : "10",
            ]
        ).run()
        #expect(try findings(result) == [expected], "\(result.output)")
        #expect(result.ending == .status(3))
    }

    @Test("a judge is given the replies of a file, and a fault in reading them is found")
    func replies() throws {
        let folder = try folder(
            [
                "JUDGE",
                "STEP=if (reason == ASSAY_STEP_START) { ask(call, 1); return ASSAY_PENDING; } "
                    + "if (memmem(replies[0]->text.ptr, replies[0]->text.len, \"<<\", 2) == NULL) "
                    + "{ host->fail(host, call, -1, ASSAY_ROW_UNPARSED, str(\"no\")); return ASSAY_OK; } "
                    + "if (memmem(replies[0]->response_json.ptr, replies[0]->response_json.len, \"length\", 6)) "
                    + "abort();",
            ])
        func check(_ lines: String) throws -> CommandResult {
            try folder.write(lines, to: "replies.jsonl")
            return try folder.assay("plugins", "check", "bad.so", "--format", "json", "--replies", "replies.jsonl")
        }
        #expect(try findings(try check("\"<<1>>\"\n\n\"nothing\"\n")) == [])
        let cutOff = #"{"choices": [{"message": {"content": "<<1"}, "finish_reason": "length"}]}"#
        #expect(try findings(try check("\"<<1>>\"\n\(cutOff)\n")) == ["crash/error"])
        #expect(try findings(try check("\"nothing\"\n")) == ["replies/warning"])
        for (lines, message) in [
            ("", "no reply was found"),
            ("\"a\"\n7\n", "line 2: found a number; expected a string, or a chat completion"),
            ("\"a", "line 1: "),
        ] {
            let result = try check(lines)
            #expect(result.ending == .status(1))
            #expect(result.errors.hasPrefix("Error: replies.jsonl: \(message)"), "\(result.errors)")
        }
    }

    @Test("a finding names the scorer, what was seen and what to do")
    func form() throws {
        let folder = try folder(["ROW=if (!text.len) value = 2"])
        let result = try folder.command(
            ["plugins", "check", "bad.so", "--format", "json"]
        ).run()
        let finding = try #require(try JSONValue(parsing: result.output).array?.first?.object)
        #expect(finding.keys == ["check", "level", "scorer", "message"])
        #expect(finding["scorer"] == "one")
        let message = try #require(finding["message"]?.string)
        #expect(message.contains("\"score\" is 2.0") && message.contains("generated_answer: null"))
    }

    @Test("a scorer that needs parameters is named as not exercised, until they are given")
    func parameters() throws {
        let folder = try folder(
            [
                "CREATE=if (!memmem(config.ptr, config.len, \"depth\", 5)) { host->reject(host, creation, "
                    + "str(\"/params/depth\"), str(\"is missing\")); return ASSAY_E_INVALID; "
                    + "}", "ROW=if (!text.len) value = 2",
            ])
        let without = try folder.command(["plugins", "check", "bad.so"]).run()
        #expect(without.ending == .status(0))
        #expect(without.output.contains("note: exercise: scorer \"one\"") && without.output.contains("is missing"))
        let with = try folder.command(["plugins", "check", "bad.so", "--params", "{\"depth\": 1}", "--format", "json"])
            .run()
        #expect(try findings(with) == ["range/error"])
        try folder.write(
            """
            {"identifier": "test::one", "provider_id": "org.example.bad", "provider_resource_id": "one",
             "return_type": {"type": "number"},
             "params": {"type": "basic", "aggregation_functions": ["accuracy"], "depth": 1}}
            """, to: "one.json")
        let defined = try folder.command(["plugins", "check", "bad.so", "--fn", "one.json", "--format", "json"]).run()
        #expect(try findings(defined) == ["range/error"])
        #expect(defined.output.contains("test::one"))
        // Definitions that come with the plugin need not be named.
        try folder.write(folder.read("one.json"), to: "bad.functions/one.json")
        let beside = try folder.command(["plugins", "check", "bad.so", "--format", "json"]).run()
        #expect(beside.output == defined.output)
    }

    @Test("a manifest that is not the plugin's is found")
    func manifest() throws {
        let folder = try folder([])
        #expect(try folder.command(["plugins", "manifest", "bad.so"]).run().ending == .status(0))
        #expect(try folder.command(["plugins", "check", "bad.so"]).run().ending == .status(0))
        let text = try folder.read("bad.plugin.json")
        try folder.write(text.replacing("\"1\"", with: "\"2\""), to: "bad.plugin.json")
        let result = try folder.command(["plugins", "check", "bad.so", "--format", "json"]).run()
        #expect(try findings(result) == ["manifest/error"])
    }

    @Test("what is no plugin is found, and what cannot be read has status 1")
    func noPlugin() throws {
        let folder = try TemporaryFolder(["empty.c": "int nothing;", "text.so": "no library"])
        var compiler = folder.command(["-shared", "-o", "empty.so", "empty.c"])
        compiler.executable = "cc"
        #expect(try compiler.run().ending == .status(0))
        let result = try folder.command(["plugins", "check", "empty.so", "--format", "json"]).run()
        #expect(try findings(result) == ["load/error"])
        #expect(result.ending == .status(3))
        #expect(try folder.command(["plugins", "check", "missing.so"]).run().ending == .status(1))
        #expect(try folder.command(["plugins", "check"]).run().ending == .status(64))
        #expect(try folder.command(["plugins", "check", "text.so", "--params", "7"]).run().ending == .status(64))
        #expect(try folder.command(["plugins", "check", "text.so", "--fn", "missing.json"]).run().ending == .status(1))
    }

    @Test("the plugins that come with Assay break no rule", arguments: ["basic", "llm-as-judge", "text"])
    func shipped(name: String) throws {
        let definitions = "\(Self.packageFolder)/scoring_fns/\(name)"
        let files = ["basic": ["equality", "subset_of"], "text": ["bleu", "ter"]][name] ?? ["correctness"]
        let folder = try TemporaryFolder()
        let result = try folder.command(
            ["plugins", "check", "\(Command.builtFolder)/lib\(name).so", "--format", "json"]
                + files.flatMap { ["--fn", "\(definitions)/\($0).json"] }
        ).run()
        // Warnings depend on how it was built: an unoptimised one exports all its symbols, needs Swift's libraries, and takes
        // its time for 16 MiB.
        #expect(try findings(result).filter { $0.hasSuffix("/error") } == [], "\(result.output)")
    }
}
