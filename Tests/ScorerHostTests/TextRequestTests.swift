import ScoringCore
import Testing

@testable import ScorerHost

@Suite("A scorer has texts embedded and moderated")
struct TextRequestTests {
    private let build: FixtureBuild
    private let cells = CellMemory()

    init() throws {
        build = try FixtureBuild()
    }

    @Test("each request has its texts, and its reply the vectors in their order", arguments: Plugin.places)
    func replies(place: Plugin.Place) throws {
        let call = ScorerCall(try build.load("texts", in: place).scorer("texts"))
        call.prepare(rowCount: 2)
        let long = String(repeating: "ü", count: 100_000)
        let progress = call.start([cells.texts(["a", long], nullable: false)], rowCount: 2)
        let requests = [("a", UInt64(0)), (long, 2)].flatMap { text, tag in
            [
                ModelRequest(tag: tag, role: "embedding", kind: .embeddings, texts: [text, "hé ", text]),
                ModelRequest(tag: tag + 1, role: "moderation", kind: .moderation, texts: [text]),
            ]
        }
        #expect(progress == .waiting(requests))
        #expect(requests[0].json == #"{"input": ["a", "hé ", "a"]}"#)
        let moderation = #"{"results": [{"flagged": false}]}"#
        let replies = [
            ModelReply(tag: 3, status: .answered, text: "", response: moderation),
            ModelReply(tag: 0, status: .answered, text: "", vectors: [[1, 0.25], [0, -0.5], [1e-3, 2]]),
            ModelReply(tag: 1, status: .failed, text: "HTTP 500"),
            ModelReply(tag: 2, status: .answered, text: "", vectors: [[], [], []]),
        ]
        #expect(call.deliver(replies) == .finished)
        #expect(call.results.outcomes[0] == .modelError && call.results.reason(of: 0) == "HTTP 500")
        #expect(call.results.outcomes[1] == .scored)
        #expect(call.results.outputs[0].view.number(1) == 300)
        #expect(call.results.texts("response")[1] == moderation)
    }

    @Test("a request without texts, or to a role that is not declared, is refused", arguments: Plugin.places)
    func refused(place: Plugin.Place) throws {
        let log = LogLines()
        let call = ScorerCall(try build.load("texts", in: place, log: log).scorer("texts"))
        call.prepare(rowCount: 1)
        #expect(call.start([cells.texts([""], nullable: false)], rowCount: 1) == .finished)
        #expect(call.results.outcomes[0] == .scorerError)
        #expect(log.all.count >= 2, "\(log.all)")
    }
}
