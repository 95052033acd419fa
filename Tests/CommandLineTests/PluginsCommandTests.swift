import Testing

@Suite("assay plugins, and where plugins are found")
struct PluginsCommandTests {
    private static let library = "\(Command.builtFolder)/libbasic.so"

    @Test("list shows each plugin's scorers, what they read and what they give")
    func list() throws {
        let result = try TemporaryFolder().assay("plugins", "list")
        #expect(result.ending == .status(0))
        #expect(result.errors == "")
        let output = lines(of: result.output)
        #expect(output.first?.hasPrefix("basic ") == true)
        #expect(output.dropFirst().first == "  \(Self.library)")
        #expect(
            result.output.contains(
                """

                  equality: 1.0 if expected_answer and generated_answer are the same JSON value, otherwise 0.0
                    input       generated_answer (json), expected_answer (json)
                    output      score (number)

                """))
        for scorer in ["subset-of", "regex-parser-multiple-choice-answer", "regex-parser-math-response", "docvqa"] {
            #expect(output.contains { $0.hasPrefix("  \(scorer): ") })
        }
    }

    @Test(
        "a file that is no plugin is named, and the others are listed",
        arguments: [
            ("text.so", "not a loadable shared object: "), ("empty.so", "not a loadable shared object: "),
            ("cut.so", "not a loadable shared object: "),
            ("other.so", "not a scorer plugin: it does not export assay_plugin_entry"),
        ])
    func noPlugin(name: String, message: String) throws {
        let folder = try TemporaryFolder([
            "rows.jsonl": threeRows, "text.so": "This is no shared object.", "empty.so": "",
        ])
        try folder.copyExecutable(Self.library, to: "cut.so", length: 3000)
        try folder.copyExecutable(try Self.someSharedObject(), to: "other.so")
        try folder.move(name, to: "plugins/\(name)")
        let result = try folder.assay("plugins", "list", "--plugin-dir", "plugins")
        #expect(result.ending == .status(1))
        #expect(result.errors.hasPrefix("warning: "))
        #expect(result.errors.contains("/plugins/\(name): \(message)"), "\(result.errors)")
        #expect(lines(of: result.errors).count == 1)
        #expect(result.output.hasPrefix("basic "))
        // What it is not, nobody has asked for.
        let score = try folder.assay(
            "score", "rows.jsonl", "--fn", "basic::subset_of", "--plugin-dir", "plugins", "--format", "table")
        #expect(score.ending == .status(0))
        #expect(score.output == threeRowsTable)
    }

    @Test("of two plugins with one id, the first is used and the other named")
    func sameID() throws {
        let folder = try TemporaryFolder()
        try folder.copyExecutable(Self.library, to: "plugins/mine.so")
        // Of a plugin that is not trusted, only its manifest says what its id is.
        let manifest = try folder.assay("plugins", "manifest", "plugins/mine.so")
        #expect(manifest.output == "\(folder.path)/plugins/mine.plugin.json\n")
        let result = try folder.assay("plugins", "list", "--plugin-dir", "plugins")
        #expect(result.ending == .status(1))
        #expect(result.output.contains("  \(folder.path)/plugins/mine.so\n"))
        #expect(result.errors.hasPrefix(#"warning: \#(Self.library): its id "basic" is already used by "#))
    }

    @Test("an executable elsewhere finds plugins by --plugin-dir and ASSAY_PLUGIN_PATH, definitions by --fn-dir")
    func elsewhere() throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows, "own/empty": ""])
        try folder.copyExecutable("\(Command.builtFolder)/assay", to: "own/assay")
        try folder.copyExecutable("\(Command.builtFolder)/assay-plugin-worker", to: "own/assay-plugin-worker")
        try folder.link("plugins/libbasic.so", to: Self.library)
        try folder.link("fns", to: "\(Self.packageFolder)/scoring_fns")
        func run(_ options: [String], setup: String = "") throws -> CommandResult {
            var command = folder.command(
                ["score", "rows.jsonl", "--fn", "basic::subset_of", "--format", "table"] + options, setup: setup)
            command.executable = "\(folder.path)/own/assay"
            return try command.run()
        }
        let nothing = try run([])
        #expect(nothing.ending == .status(1))
        #expect(nothing.errors.hasPrefix(#"Error: there is no scoring function "basic::subset_of""#))
        let noPlugin = try run(["--fn-dir", "fns"])
        #expect(noPlugin.ending == .status(1))
        #expect(
            noPlugin.errors == "Error: basic::subset_of: no plugin \"basic\" was found; plugins found: none. "
                + "Name the folder that contains its shared object with --plugin-dir\n")
        for result in [
            try run(["--fn-dir", "fns", "--plugin-dir", "plugins"]),
            try run(["--fn-dir", "fns"], setup: "export ASSAY_PLUGIN_PATH=plugins"),
            try run(["--fn-dir", "fns"], setup: "export ASSAY_PLUGIN_PATH=own:plugins"),
        ] {
            #expect(result.ending == .status(0))
            #expect(result.output == threeRowsTable)
            #expect(result.errors == "")
        }
    }

    @Test("an installed executable finds what was installed with it")
    func installed() throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows])
        try folder.copyExecutable("\(Command.builtFolder)/assay", to: "bin/assay")
        try folder.link("lib/assay/plugins/libbasic.so", to: Self.library)
        try folder.link("share/assay/scoring_fns", to: "\(Self.packageFolder)/scoring_fns")
        try folder.link("elsewhere/assay", to: "../bin/assay")
        for executable in ["bin/assay", "elsewhere/assay"] {
            var command = folder.command(["score", "rows.jsonl", "--fn", "basic::subset_of", "--format", "table"])
            command.executable = "\(folder.path)/\(executable)"
            let result = try command.run()
            #expect(result.ending == .status(0))
            #expect(result.output == threeRowsTable)
        }
    }

    private static let packageFolder = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()

    /// A shared object of the system that is loaded by the tests themselves.
    private static func someSharedObject() throws -> String {
        let maps = String(decoding: try TemporaryFolder.contents(of: "/proc/self/maps"), as: UTF8.self)
        let path = lines(of: maps).compactMap { $0.split(separator: " ").last }.first { $0.contains("/libm.so") }
        return String(try #require(path))
    }
}
