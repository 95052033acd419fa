import Concurrency
import ScoringCore
import Testing

@testable import ScorerHost

#if arch(x86_64)
    private let isMachineOfPlugin = true
#else
    private let isMachineOfPlugin = false
#endif

@Suite(
    "A plugin that was built when the header was first published works as it did",
    .enabled(if: isMachineOfPlugin, "the plugin that is kept is one for x86-64"))
struct FirstABITests {
    private let plugin: Plugin
    private let cells = CellMemory()

    init() throws {
        plugin = try Plugin(loading: "\(FixtureBuild.fixtures)/first-abi-x86_64-linux.so") { _, _, _ in }
    }

    @Test("it says what it is")
    func description() {
        #expect(plugin.id == "org.example.first-abi")
        #expect(plugin.scorers.map(\.id) == ["length", "judge"])
        #expect(plugin.scorers[0].inputs.map(\.type) == [.text, .f64, .textList])
        #expect(plugin.scorers[0].inputs.map(\.isLenient) == [false, false, true])
        #expect(plugin.scorers[0].outputs[0].range == 0...1000)
        #expect(plugin.scorers[1].roles == ["judge"])
        #expect(plugin.scorers[1].concurrency == .instanceSerial)
    }

    @Test("it reads texts, numbers and lists, gives numbers and texts, and fails rows")
    func rows() throws {
        let call = ScorerCall(try plugin.scorer("length"))
        call.prepare(rowCount: 3)
        let columns = [
            cells.texts(["four", "", "é"], nullable: false), cells.numbers([0.5, 1, nil]),
            cells.lists([nil, [], ["a", "bc", ""]]),
        ]
        #expect(call.start(columns, rowCount: 3) == .finished)
        #expect(call.results.verdicts == [.scored(4.5), .failed(.unparsed, "the text is empty"), .scored(5)])
        #expect(call.results.texts("echo") == ["four", "", "é"])
    }

    @Test("it asks a model")
    func models() throws {
        let call = ScorerCall(try plugin.scorer("judge"))
        call.prepare(rowCount: 2)
        let asked = call.start([cells.texts(["a", "b"], nullable: false)], rowCount: 2)
        let requests = (0..<2).map { ModelRequest(tag: $0, role: "judge", json: #"{"messages": []}"#) }
        #expect(asked == .waiting(requests))
        #expect(call.deliver([ModelReply(tag: 1, status: .answered, text: "yes", response: "{}")]) == .waiting([]))
        #expect(call.deliver([ModelReply(tag: 0, status: .answered, text: "no")]) == .finished)
        #expect(call.results.verdicts == [.scored(2), .scored(3)])
        #expect(call.results.texts("echo") == ["", "{}"])
    }

    @Test("it rejects parameters")
    func parameters() throws {
        let error = #expect(throws: ParameterError.self) { try plugin.scorer("length", #"{"params": {"mark": "!"}}"#) }
        #expect(error?.faults.first?.pointer == "/params/mark")
        #expect(error?.faults.first?.message == "found an exclamation mark")
    }
}
