import ScoringCore
import Testing

@testable import ScorerHost

@Suite("An instance of a scorer is made with the parameters of its scoring function")
struct ScorerCreationTests {
    private let build: FixtureBuild

    init() throws {
        build = try FixtureBuild()
    }

    /// The configuration as the scorer got it.
    private func configuration(_ scorer: Scorer) -> String? {
        let cells = CellMemory()
        let call = ScorerCall(scorer)
        call.prepare(rowCount: 1)
        _ = call.start(scorer.description.inputs.map { _ in cells.texts(["x"], nullable: false) }, rowCount: 1)
        return call.results.texts("text")[0]
    }

    @Test(
        "the configuration reaches the scorer byte by byte",
        arguments: [
            "", "{}", #"{"identifier": "a::b", "return_type": {"type": "number"}, "params": {"x": [1, 2.50]}}"#,
            #"{"params": {"text": "zürich 日本 😀 \u0000 \n"}}"#, " {\"spaces\" :\t1}\n",
        ], Plugin.places)
    func exactConfiguration(text: String, place: Plugin.Place) throws {
        let plugin = try build.load("rows", in: place)
        #expect(configuration(try plugin.scorer("templates", text)) == text)
    }

    @Test("what a scorer rejects is shown with the place in the parameters", arguments: Plugin.places)
    func rejection(place: Plugin.Place) throws {
        let plugin = try build.load("rows", in: place)
        let error = #expect(throws: ParameterError.self) { try plugin.scorer("rejects") }
        #expect(
            error?.faults == [
                ParameterFault(pointer: "/params/threshold", message: "found -1; expected a number from 0 to 1"),
                ParameterFault(pointer: "", message: "and nothing else is right"),
            ])
        #expect(
            error?.description
                == "/params/threshold: found -1; expected a number from 0 to 1; and nothing else is right")
    }

    @Test("a scorer that fails without a word is named with its status", arguments: Plugin.places)
    func silentFailure(place: Plugin.Place) throws {
        let plugin = try build.load("rows", in: place)
        let error = #expect(throws: PluginError.self) { try plugin.scorer("says-nothing") }
        #expect(
            error?.description
                == "\(plugin.path): scorer \"says-nothing\" could not be created, and did not say why (status -5)")
    }

    @Test("a scorer that the plugin does not have is answered with those that it has", arguments: Plugin.places)
    func unknownScorer(place: Plugin.Place) throws {
        let plugin = try build.load("rows", in: place)
        let error = #expect(throws: PluginError.self) { try plugin.scorer("colums") }
        #expect(
            error?.description
                == "\(plugin.path): it has no scorer \"colums\"; its scorers are \"columns\", \"commands\", "
                + "\"elsewhere\", \"templates\", \"rejects\", \"says-nothing\"")
    }

    @Test("parameters decide which columns a scorer reads", arguments: Plugin.places)
    func describedInputs(place: Plugin.Place) throws {
        let plugin = try build.load("rows", in: place)
        let scorer = try plugin.scorer("templates", #"{"params": {"columns": ["question", "context"]}}"#)
        #expect(scorer.description.inputs.map(\.name) == ["question", "context"])
        #expect(plugin.scorers.first { $0.id == "templates" }?.inputs.map(\.name) == ["command"])
        let cells = CellMemory()
        let call = ScorerCall(scorer)
        call.prepare(rowCount: 1)
        _ = call.start([cells.texts(["q"], nullable: false), cells.texts(["c"], nullable: false)], rowCount: 1)
        #expect(call.results.verdicts == [.scored(2)])
    }

    @Test("every instance that was made is destroyed, also one whose description is broken")
    func destruction() throws {
        let plugin = try build.load("rows")
        do {
            let one = try plugin.scorer("templates")
            let other = try plugin.scorer("templates")
            #expect(try plugin.counter("live_instances") == 2)
            withExtendedLifetime((one, other)) {}
        }
        #expect(try plugin.counter("live_instances") == 0)
        let error = #expect(throws: PluginError.self) { try plugin.scorer("templates", #"{"broken": true}"#) }
        #expect(error?.description == "\(plugin.path): scorer \"templates\" has no output named \"score\"")
        #expect(try plugin.counter("live_instances") == 0)
    }
}
