import Testing

@testable import ScorerHost

@Suite("Replies that were paid for are given to whoever asks the same again")
struct ReplyLedgerTests {
    private func reply(_ tag: UInt64, _ text: String) -> ModelReply {
        ModelReply(tag: tag, status: .answered, text: text)
    }

    private func request(_ tag: UInt64, role: String = "judge", _ json: String, sample: Int = 0) -> ModelRequest {
        ModelRequest(tag: tag, role: role, json: json, sample: sample)
    }

    @Test("a first request is made with the plugin's own tag")
    func first() {
        var ledger = ReplyLedger()
        #expect(ledger.ask(request(7, "a"), of: 1) == .ask(tag: 7))
        let answer = ledger.receive(reply(7, "yes"))
        #expect(answer?.part == 1)
        #expect(answer?.reply == reply(7, "yes"))
    }

    @Test("after a loss, a reply that is there comes at once, and one that is awaited goes to the new asker")
    func afterLoss() {
        var ledger = ReplyLedger()
        #expect(ledger.ask(request(0, "a"), of: 1) == .ask(tag: 0))
        #expect(ledger.ask(request(1, "b"), of: 1) == .ask(tag: 1))
        #expect(ledger.receive(reply(0, "yes"))?.part == 1)
        ledger.forget(part: 1)
        #expect(ledger.ask(request(90, "b"), of: 2) == .wait)
        #expect(ledger.ask(request(91, "a"), of: 3) == .answer(reply(91, "yes")))
        let answer = ledger.receive(reply(1, "no"))
        #expect(answer?.part == 2)
        #expect(answer?.reply == reply(90, "no"))
    }

    @Test("a reply that comes while nobody asks is kept")
    func kept() {
        var ledger = ReplyLedger()
        #expect(ledger.ask(request(0, "a"), of: 1) == .ask(tag: 0))
        ledger.forget(part: 1)
        #expect(ledger.receive(reply(0, "yes")) == nil)
        #expect(ledger.ask(request(5, "a"), of: 2) == .answer(reply(5, "yes")))
    }

    @Test("the same question to another role, or asked twice by one, is another request")
    func others() {
        var ledger = ReplyLedger()
        #expect(ledger.ask(request(0, "a"), of: 1) == .ask(tag: 0))
        #expect(ledger.ask(request(1, role: "critic", "a"), of: 1) == .ask(tag: 1))
        #expect(ledger.ask(request(2, "a"), of: 1) == .ask(tag: 2))
        _ = ledger.receive(reply(0, "one"))
        _ = ledger.receive(reply(2, "two"))
        ledger.forget(part: 1)
        #expect(ledger.ask(request(0, "a"), of: 2) == .answer(reply(0, "one")))
        #expect(ledger.ask(request(9, "a"), of: 2) == .answer(reply(9, "two")))
    }

    @Test("votes that differ in their sample only keep their replies")
    func samples() {
        var ledger = ReplyLedger()
        #expect(ledger.ask(request(0, "a"), of: 1) == .ask(tag: 0))
        #expect(ledger.ask(request(1, "a", sample: 1), of: 1) == .ask(tag: 1))
        _ = ledger.receive(reply(0, "one"))
        _ = ledger.receive(reply(1, "two"))
        ledger.forget(part: 1)
        #expect(ledger.ask(request(5, "a", sample: 1), of: 2) == .answer(reply(5, "two")))
        #expect(ledger.ask(request(6, "a"), of: 2) == .answer(reply(6, "one")))
    }

    @Test("a tag that another part's request has is not used twice")
    func sameTag() {
        var ledger = ReplyLedger()
        #expect(ledger.ask(request(0, "a"), of: 1) == .ask(tag: 0))
        guard case .ask(let tag) = ledger.ask(request(0, "b"), of: 2) else {
            Issue.record("it was not asked")
            return
        }
        #expect(tag != 0)
        #expect(ledger.receive(reply(tag, "b"))?.part == 2)
        #expect(ledger.receive(reply(0, "a"))?.part == 1)
        #expect(ledger.receive(reply(0, "a")) == nil)
    }

    @Test("a tag is free again once its reply has come")
    func tagAgain() {
        var ledger = ReplyLedger()
        #expect(ledger.ask(request(0, "a"), of: 1) == .ask(tag: 0))
        _ = ledger.receive(reply(0, "again"))
        #expect(ledger.ask(request(0, "a"), of: 1) == .ask(tag: 0))
    }
}
