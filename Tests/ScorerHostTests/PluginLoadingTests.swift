import Foundation
import ScorerHost
import ScoringCore
import Testing

@Suite("A shared object is loaded as a plugin, or refused with a reason")
struct PluginLoadingTests {
    private let build: FixtureBuild

    init() throws {
        build = try FixtureBuild()
    }

    @Test("what the plugin says of itself is there to be shown", arguments: Plugin.places)
    func description(place: Plugin.Place) throws {
        let plugin = try build.load("minimal", in: place)
        #expect(plugin.id == "org.example.minimal")
        #expect(plugin.version == "1.2.3")
        #expect(plugin.description == "The least plugin.")
        let scorer = try #require(plugin.scorers.first)
        #expect(plugin.scorers.count == 1)
        #expect(scorer.id == "one")
        #expect(scorer.description == "gives 1.0")
        #expect(scorer.inputs.map(\.name) == ["generated_answer"])
        #expect(scorer.inputs[0].type == .text)
        #expect(scorer.inputs[0].description == "any text")
        #expect(!scorer.inputs[0].isOptional && !scorer.inputs[0].isLenient)
        #expect(scorer.outputs.map(\.name) == ["score"])
        #expect(scorer.outputs[0].range == 0...1)
        #expect(scorer.scoreOutput == 0)
        #expect(scorer.weightOutput == nil)
        #expect(scorer.roles == [])
        #expect(scorer.parametersSchema == nil)
        #expect(scorer.concurrency == .parallel)
    }

    @Test(
        "a plugin of this major version works, whatever its minor version and its structs have beyond this host's",
        arguments: [[], ["MINOR=9"], ["LARGER"], ["MINOR=9", "LARGER"]], Plugin.places)
    func compatible(macros: [String], place: Plugin.Place) throws {
        #expect(try scores(of: build.load("minimal", macros, in: place)) == [.scored(1), .scored(1)])
    }

    @Test("a plugin that was built with the header of version 1.0 still works", arguments: Plugin.places)
    func frozenHeader(place: Plugin.Place) throws {
        let plugin = try build.compile("minimal", [#"HEADER="header-1.0.h""#], includes: FixtureBuild.fixtures)
        #expect(try scores(of: Plugin(in: place, plugin)) == [.scored(1), .scored(1)])
    }

    private func scores(of plugin: Plugin) throws -> [RowVerdict] {
        let cells = CellMemory()
        let call = ScorerCall(try plugin.scorer("one"))
        call.prepare(rowCount: 2)
        #expect(call.start([cells.texts(["a", "b"], nullable: false)], rowCount: 2) == .finished)
        return call.results.verdicts
    }

    @Test(
        "a plugin that this host cannot work with is refused",
        arguments: [
            (
                ["MAJOR=2", "MINOR=3"],
                "built for ABI version 2.3, but this host has version 1.4; build the plugin with this host's header"
            ),
            (
                ["MAJOR=0"],
                "built for ABI version 0.4, but this host has version 1.4; build the plugin with this host's header"
            ),
            (["SHORTER_PLUGIN=16"], "a struct assay_plugin has struct_size 88, expected at least 96"),
            (["SHORTER_SCORER=17"], "a struct assay_scorer has struct_size 55, expected at least 56"),
            (["SHORTER_COLUMN=48"], "a struct assay_column_spec has struct_size 0, expected at least 48"),
            (["ENTRY=another_name"], "not a scorer plugin: it does not export assay_plugin_entry"),
            (["REFUSES"], "the plugin does not support ABI version 1.4 of this host"),
            (["STEP=NULL"], "create, destroy and step of its table must not be NULL"),
            (["SCORERS=NULL"], "it has no scorers"),
            (["ID=NULL"], "the plugin's id is NULL"),
            ([#"ID="\xFF""#], "the plugin's id is not UTF-8"),
            (["SCORER_ID=NULL"], "a scorer's id is NULL"),
            (["SCORERS=&scorer.known,&scorer.known,NULL"], #"the scorer "one" is listed twice"#),
            (["CONCURRENCY=7"], #"scorer "one": unknown concurrency 7"#),
            ([#"OUTPUT="verdict""#], #"scorer "one" has no output named "score""#),
            (["OUTPUT_TWICE"], #"an output of scorer "one", "score", is listed twice"#),
            (["OUTPUT_TYPE=0"], #"an output of scorer "one", "score", has the unknown type 0"#),
            (["OUTPUT_TYPE=7"], #"an output of scorer "one", "score", has the unknown type 7"#),
            (
                ["OUTPUT_TYPE=ASSAY_TYPE_LIST_STR"],
                #"output "score" of scorer "one" is a list of text; declare such an output as json"#
            ),
        ], Plugin.places)
    func refused(refusal: (macros: [String], message: String), place: Plugin.Place) throws {
        #expect(try build.refusal("minimal", refusal.macros, in: place) == refusal.message)
    }

    @Test("a file that is no shared object is refused, and so is one that is not there", arguments: Plugin.places)
    func noSharedObject(place: Plugin.Place) throws {
        let path = "\(build.folder)/text.so"
        try "hello".write(toFile: path, atomically: false, encoding: .utf8)
        let text = #expect(throws: PluginError.self) { try Plugin(in: place, path) }
        #expect(text?.description.hasPrefix("\(path): not a loadable shared object: ") == true)
        let none = #expect(throws: PluginError.self) { try Plugin(in: place, "\(path).none") }
        #expect(none?.description == "\(path).none: cannot be opened: No such file or directory")
    }

    @Test(
        "the plugins of all folders are found by id; broken files and second plugins of one id are named and left out")
    func registry() throws {
        let other = try FixtureBuild()
        try build.compile("minimal", as: "a-first")
        try build.compile("minimal", ["MAJOR=2"], as: "b-too-new")
        try build.compile("minimal", [#"ID="org.example.other""#], as: "c-other")
        try "no plugin".write(toFile: "\(build.folder)/readme.txt", atomically: false, encoding: .utf8)
        try "hello".write(toFile: "\(build.folder)/d-text.so", atomically: false, encoding: .utf8)
        try other.compile("minimal", ["MINOR=5"], as: "again")
        try FileManager.default.createSymbolicLink(
            atPath: "\(other.folder)/link.so", withDestinationPath: "\(build.folder)/a-first.so")

        let registry = PluginRegistry(searching: [build.folder, "/no/such/folder", other.folder]) { _, _, _ in }

        #expect(registry.plugins.map(\.id) == ["org.example.minimal", "org.example.other"])
        #expect(registry["org.example.minimal"]?.path == "\(build.folder)/a-first.so")
        #expect(registry["org.example.other"]?.path == "\(build.folder)/c-other.so")
        #expect(registry["org.example.none"] == nil)
        let errors = registry.errors.map(\.description)
        try #require(errors.count == 4, "\(errors)")
        #expect(errors[0].hasPrefix("\(build.folder)/b-too-new.so: built for ABI version 2.4"))
        #expect(errors[1].hasPrefix("\(build.folder)/d-text.so: not a loadable shared object"))
        #expect(errors[2] == "/no/such/folder: cannot be searched for plugins: No such file or directory")
        #expect(
            errors[3] == "\(other.folder)/again.so: its id \"org.example.minimal\" is already used by "
                + "\(build.folder)/a-first.so, which takes precedence; remove one of the two")
    }
}
