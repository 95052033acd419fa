import ScoringCore
import Testing

@testable import ScorerHost

/// A header as it was published, kept in `Fixtures`, and a place to run plugins in.
private struct Published: CustomTestStringConvertible, Sendable {
    var header: String
    var minor: UInt32
    var place: Plugin.Place

    var testDescription: String { "\(header), \(place)" }

    static let all = [("header-1.0.h", 0), ("header-1.1.h", 1), ("header-1.2.h", 2), ("header-1.3.h", 3)].flatMap {
        header, minor in
        Plugin.places.map { Published(header: header, minor: UInt32(minor), place: $0) }
    }
}

@Suite("Plugins work that were built with each header that was published")
struct PublishedHeaderTests {
    private let build: FixtureBuild
    private let cells = CellMemory()

    init() throws {
        build = try FixtureBuild()
    }

    private func load(_ published: Published, _ macros: [String] = []) throws -> Plugin {
        let macros = macros + [#"HEADER="\#(published.header)""#]
        return try Plugin(in: published.place, build.compile("models", macros, includes: FixtureBuild.fixtures))
    }

    @Test("an older judge asks as it did, and reads from its shorter replies what it did", arguments: Published.all)
    fileprivate func judge(published: Published) throws {
        let plugin = try load(published)
        #expect(plugin.contents.abiMinor == published.minor)
        let call = ScorerCall(try plugin.scorer("judge"))
        call.prepare(rowCount: 2)
        let asked = call.start([cells.texts(["a", "b"], nullable: false)], rowCount: 2)
        let requests = zip([0, 1], ["a", "b"]).map { tag, text in
            ModelRequest(
                tag: tag, role: "judge", json: #"{"messages": [{"role": "user", "content": "\#(text)"}]}"#, sample: nil)
        }
        #expect(asked == .waiting(requests))
        let replies = [("0.5", "length"), ("1", "stop")].enumerated().map { tag, reply in
            ModelReply(
                tag: UInt64(tag), status: .answered, text: reply.0, response: "{}", finishReason: reply.1,
                reasoning: "a thought")
        }
        #expect(call.deliver(replies) == .finished)
        #expect(call.results.verdicts == [.scored(0.5), .scored(1)])
        #expect(call.results.texts("response") == ["{}", "{}"])
    }

    @Test("flags of outputs, which meant nothing then, mean nothing", arguments: Published.all.filter { $0.minor < 2 })
    fileprivate func flags(published: Published) throws {
        let older = try load(published, ["OUTPUT_FLAGS=1"])
        #expect(older.scorers[0].outputs.map(\.isOptional) == [false, false, false])
        #expect(try older.scorer("judge").description.outputs.map(\.isOptional) == [false, false, false])
        let today = try build.load("models", ["OUTPUT_FLAGS=1"], in: published.place)
        #expect(today.scorers[0].outputs.map(\.isOptional) == [false, false, true])
    }

    @Test("a judge of today says which vote it asks for, and is told why the model stopped", arguments: Plugin.places)
    func today(place: Plugin.Place) throws {
        let plugin = try build.load("models", ["SAMPLE=(uint32_t)tag"], in: place)
        let call = ScorerCall(try plugin.scorer("judge"))
        call.prepare(rowCount: 2)
        guard case .waiting(let requests) = call.start([cells.texts(["a", "a"], nullable: false)], rowCount: 2) else {
            Issue.record("it asks")
            return
        }
        #expect(requests.map(\.sample) == [0, 1])
        #expect(requests[0].json == requests[1].json)
        let replies = [
            ModelReply(
                tag: 0, status: .answered, text: "1", response: "{}", finishReason: "length", reasoning: "hm\0é"),
            ModelReply(tag: 1, status: .answered, text: "2"),
        ]
        #expect(call.deliver(replies) == .finished)
        #expect(call.results.verdicts == [.scored(1), .scored(2)])
        #expect(call.results.texts("finish") == ["length", ""])
        #expect(call.results.texts("reasoning") == ["hm\0é", ""])
    }

    @Test("a request that is too short to be one is refused, and logged", arguments: Plugin.places)
    func tooShort(place: Plugin.Place) throws {
        let log = LogLines()
        let plugin = try build.load("models", ["SAMPLE=0", "ASK_SIZE=8"], in: place, log: log)
        let call = ScorerCall(try plugin.scorer("judge"))
        call.prepare(rowCount: 1)
        #expect(call.start([cells.texts(["a"], nullable: false)], rowCount: 1) == .finished)
        #expect(log.all.count == 1)
        #expect(log.all.first?.contains("struct_size is too small") == true)
    }
}
