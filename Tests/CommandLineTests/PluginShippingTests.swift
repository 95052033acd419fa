import Glibc
import Testing

@Suite("Plugins on their way from their author to a user")
struct PluginShippingTests {
    private static let includes =
        #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined() + "/Sources/CScorerPlugin/include"

    private static let source = """
        #include <stdlib.h>
        #include "assay_scorer_plugin.h"
        static const assay_host *host;
        static assay_status create(const assay_scorer *s, const assay_host *h, assay_creation *c, assay_str j, void **self) {
            host = h;
            return ASSAY_OK;
        }
        static void destroy(void *self) {}
        static assay_status step(void *self, assay_call *call, void **state, int32_t reason, const assay_batch *batch,
                                 const assay_reply *const *replies, uint64_t n_replies) {
            for (uint64_t row = 0; row < batch->n_rows; row++) {
                double one = getenv("ASSAY_NOTHING") ? 0 : 1;
                assay_column score = {sizeof score, ASSAY_TYPE_F64, NULL, &one, NULL};
                host->emit(host, call, 0, row, 1, &score);
            }
            return ASSAY_OK;
        }
        static const assay_column_spec text = {sizeof text, ASSAY_TYPE_STR, 0, 0, "generated_answer", "", 0, 0};
        static const assay_column_spec score = {sizeof score, ASSAY_TYPE_F64, 0, 0, "score", "", 0, 1};
        static const assay_column_spec *const inputs[] = {&text, NULL}, *const outputs[] = {&score, NULL};
        static const assay_scorer one = {sizeof one, 0, "one", "gives 1.0", inputs, outputs, NULL,
            "{\\"properties\\": {\\"limit\\": {\\"type\\": \\"integer\\", \\"minimum\\": 1}, \\"words\\": {\\"type\\": \\"array\\", "
            "\\"items\\": {\\"type\\": \\"string\\"}}, \\"mode\\": {\\"enum\\": [\\"a\\", \\"b\\"]}}, \\"required\\": [\\"limit\\"]}"};
        static const assay_scorer *const scorers[] = {&one, NULL};
        static const assay_plugin plugin = {sizeof plugin, ASSAY_ABI_MAJOR, ASSAY_ABI_MINOR, 0, "org.example.one", "1.2",
                                            "One.", scorers, create, NULL, destroy, step, NULL, NULL};
        const assay_plugin *assay_plugin_entry(uint32_t major, uint32_t minor) { return &plugin; }
        """

    private static let definition = """
        {"identifier": "test::one", "provider_id": "org.example.one", "provider_resource_id": "one",
         "return_type": {"type": "number"}, "params": {"type": "basic", "limit": 3, "aggregation_functions": ["average"]}}
        """

    private func folder(_ files: KeyValuePairs<String, String> = [:]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder(["one.c": Self.source, "rows.jsonl": "{\"generated_answer\": \"a\"}\n"])
        for (name, text) in files { try folder.write(text, to: name) }
        var compiler = folder.command(["-shared", "-fPIC", "-I\(Self.includes)", "-o", "one.so", "one.c"])
        compiler.executable = "cc"
        let result = try compiler.run()
        try #require(result.ending == .status(0), "\(result.errors)")
        return folder
    }

    @Test("what pack writes is unpacked in the user's plugin folder, and works without any option")
    func pack() throws {
        let folder = try folder([
            "functions/one.json": Self.definition, "functions/notes.txt": "not a definition",
            "one.data/deep/words.txt": "words",
        ])
        let packed = try folder.assay("plugins", "pack", "one.so", "--functions", "functions")
        #expect(packed.ending == .status(0), "\(packed.errors)")
        let machine = lines(of: packed.output)[0].dropFirst("one-1.2-".count).dropLast(".tar".count)
        #expect(["x86_64", "aarch64"].contains(machine), "\(packed.output)")
        #expect(packed.output.contains("org.example.one 1.2, for Linux on \(machine) with glibc 2."))
        #expect(packed.output.contains("scoring functions: test::one\n"))
        let first = try folder.read("one-1.2-\(machine).tar")
        _ = try folder.assay("plugins", "pack", "one.so", "--functions", "functions")
        #expect(try folder.read("one-1.2-\(machine).tar") == first)

        let home = try TemporaryFolder([
            "rows.jsonl": "{\"generated_answer\": \"a\"}\n", "data/assay/plugins/empty": "",
        ])
        var tar = home.command(["-xf", "\(folder.path)/one-1.2-\(machine).tar", "-C", "data/assay/plugins"])
        tar.executable = "tar"
        #expect(try tar.run().ending == .status(0))
        #expect(try home.read("data/assay/plugins/one.data/deep/words.txt") == "words")
        let setup = "export XDG_DATA_HOME=$PWD/data"
        let score = try home.assay("score", "rows.jsonl", "--fn", "test::one", "--format", "json", setup: setup)
        #expect(score.ending == .status(0), "\(score.errors)")
        #expect(try score.rows("scored", of: "test::one") == 1)
        let list = try home.assay("plugins", "list", setup: setup)
        #expect(
            list.output.contains(
                "    parameters  limit (integer, at least 1, required), words (list of strings), mode (\"a\" or "
                    + "\"b\")\n"
            ))
        let show = try home.assay("functions", "show", "test::one", setup: setup)
        #expect(
            show.errors
                == "Parameters of the scorer one:\n  limit (integer, at least 1, required)\n  words (list of strings)\n"
                + "  mode (\"a\" or \"b\")\n")
    }

    @Test("what would not work at its user's is not packed")
    func unpackable() throws {
        let folder = try folder([
            "other/one.json": Self.definition.replacing("org.example.one", with: "org.example.two"),
            "broken/one.json": "{",
            "one.data/file": "",
        ])
        for (options, message) in [
            (["--functions", "other"], "other/one.json: test::one uses the plugin \"org.example.two\""),
            (["--functions", "broken"], "broken/one.json: "), (["--functions", "nowhere"], "nowhere is not a folder"),
        ] {
            let result = try folder.command(["plugins", "pack", "one.so"] + options).run()
            #expect(result.ending == .status(1))
            #expect(result.errors.hasPrefix("Error: \(message)"), "\(result.errors)")
        }
        try folder.link("one.data/link", to: "/etc/hostname")
        let result = try folder.assay("plugins", "pack", "one.so")
        #expect(result.errors.contains("one.data/link: not a regular file or a folder"), "\(result.errors)")
    }

    @Test("definitions are found in ASSAY_FN_PATH, and beside the plugin")
    func definitions() throws {
        let folder = try folder(["fns/one.json": Self.definition])
        func score(_ setup: String) throws -> Ending {
            try folder.assay("score", "rows.jsonl", "--plugin-dir", ".", "--fn", "test::one", setup: setup).ending
        }
        #expect(try score("") == .status(1))
        #expect(try score("export ASSAY_FN_PATH=nowhere:fns") == .status(0))
        try folder.write(Self.definition, to: "one.functions/one.json")
        #expect(try score("") == .status(0))
    }

    @Test(
        "a plugin for another kind of machine says so",
        arguments: [(183, "aarch64"), (62, "x86_64"), (243, "riscv64"), (8, "ELF number 8")])
    func machine(number: Int, name: String) throws {
        let folder = try folder()
        var bytes = try TemporaryFolder.contents(of: "\(folder.path)/one.so")
        if Int(bytes[18]) == number { return }
        bytes[18] = UInt8(number)
        try folder.write(bytes, to: "plugins/one.so")
        for result in [
            try folder.assay("plugins", "list", "--plugin-dir", "plugins"),
            try folder.assay("plugins", "check", "plugins/one.so"),
        ] {
            #expect(result.ending == .status(1))
            #expect(result.errors.contains("not a loadable shared object: it was built for "), "\(result.errors)")
            #expect(
                result.errors.contains(name) && result.errors.contains("build it for this kind of machine"),
                "\(result.errors)")
        }
    }

    /// Names that plugins, manifests and definitions have, of things that are none and that wait for whoever opens them.
    @Test(
        "a FIFO in a plugin folder holds nothing up",
        arguments: ["x.so", "one.plugin.json", "one.functions/x.json", "one.data"])
    func fifos(name: String) throws {
        let folder = try folder(["fns/one.json": Self.definition, "one.functions/none.txt": ""])
        try folder.makePipe(name)
        for arguments in [
            ["plugins", "list", "--plugin-dir", "."], ["functions", "list", "--plugin-dir", "."],
            ["score", "rows.jsonl", "--plugin-dir", ".", "--fn-dir", "fns", "--fn", "test::one"],
        ] {
            var command = folder.command(arguments)
            command.patience = .seconds(20)
            let result = try command.run()
            if name.hasSuffix(".so") { #expect(result.errors.contains("x.so: is a FIFO; expected a regular file")) }
            if name.hasSuffix("plugin.json") && arguments[0] == "plugins" {
                #expect(result.errors.contains("one.plugin.json: is a FIFO"), "\(result.errors)")
            }
        }
    }

    @Test("a socket, a device and a folder named like plugins are reported and passed over")
    func others() throws {
        let folder = try folder(["folder.so/inside": ""])
        // With the numbers of /dev/null. Without root, it is not made.
        mknod("\(folder.path)/device.so", S_IFCHR | 0o600, 0x103)
        try folder.link("loop.so", to: "loop.so")
        try folder.link("zero.so", to: "/dev/zero")
        let result = try folder.assay("plugins", "list", "--plugin-dir", ".")
        #expect(result.errors.contains("folder.so: is a folder; expected a regular file"), "\(result.errors)")
        #expect(result.errors.contains("/dev/zero: is a device; expected a regular file"), "\(result.errors)")
        #expect(result.output.contains("\(folder.path)/one.so\n"))
    }

    @Test("the server starts although a plugin folder holds a FIFO")
    func serve() throws {
        let folder = try folder()
        try folder.makePipe("x.so")
        try folder.makePipe("one.plugin.json")
        let serving = try Serving(folder, ["--plugin-dir", "."])
        serving.running.send(SIGTERM)
        #expect(try serving.running.finish().ending == .status(0))
    }
}
