import Testing

@testable import ScorerHost

@Suite("Replies that were paid for are given to whoever asks the same again")
struct ReplyLedgerTests {
    private typealias Asker = ReplyLedger.Asker

    private func reply(_ tag: UInt64, _ text: String) -> ModelReply {
        ModelReply(tag: tag, status: .answered, text: text)
    }

    @Test("a first request is made with the plugin's own tag")
    func first() {
        var ledger = ReplyLedger()
        #expect(ledger.ask(Asker(part: 1, tag: 7), role: "judge", json: "a") == .ask(tag: 7))
        let answer = ledger.receive(reply(7, "yes"))
        #expect(answer?.part == 1)
        #expect(answer?.reply == reply(7, "yes"))
    }

    @Test("after a loss, a reply that is there comes at once, and one that is awaited goes to the new asker")
    func afterLoss() {
        var ledger = ReplyLedger()
        #expect(ledger.ask(Asker(part: 1, tag: 0), role: "judge", json: "a") == .ask(tag: 0))
        #expect(ledger.ask(Asker(part: 1, tag: 1), role: "judge", json: "b") == .ask(tag: 1))
        #expect(ledger.receive(reply(0, "yes"))?.part == 1)
        ledger.forget(part: 1)
        #expect(ledger.ask(Asker(part: 2, tag: 90), role: "judge", json: "b") == .wait)
        #expect(ledger.ask(Asker(part: 3, tag: 91), role: "judge", json: "a") == .answer(reply(91, "yes")))
        let answer = ledger.receive(reply(1, "no"))
        #expect(answer?.part == 2)
        #expect(answer?.reply == reply(90, "no"))
    }

    @Test("a reply that comes while nobody asks is kept")
    func kept() {
        var ledger = ReplyLedger()
        #expect(ledger.ask(Asker(part: 1, tag: 0), role: "judge", json: "a") == .ask(tag: 0))
        ledger.forget(part: 1)
        #expect(ledger.receive(reply(0, "yes")) == nil)
        #expect(ledger.ask(Asker(part: 2, tag: 5), role: "judge", json: "a") == .answer(reply(5, "yes")))
    }

    @Test("the same question to another role, or asked twice by one, is another request")
    func others() {
        var ledger = ReplyLedger()
        #expect(ledger.ask(Asker(part: 1, tag: 0), role: "judge", json: "a") == .ask(tag: 0))
        #expect(ledger.ask(Asker(part: 1, tag: 1), role: "critic", json: "a") == .ask(tag: 1))
        #expect(ledger.ask(Asker(part: 1, tag: 2), role: "judge", json: "a") == .ask(tag: 2))
        _ = ledger.receive(reply(0, "one"))
        _ = ledger.receive(reply(2, "two"))
        ledger.forget(part: 1)
        #expect(ledger.ask(Asker(part: 2, tag: 0), role: "judge", json: "a") == .answer(reply(0, "one")))
        #expect(ledger.ask(Asker(part: 2, tag: 9), role: "judge", json: "a") == .answer(reply(9, "two")))
    }

    @Test("a tag that another part's request has is not used twice")
    func sameTag() {
        var ledger = ReplyLedger()
        #expect(ledger.ask(Asker(part: 1, tag: 0), role: "judge", json: "a") == .ask(tag: 0))
        guard case .ask(let tag) = ledger.ask(Asker(part: 2, tag: 0), role: "judge", json: "b") else {
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
        #expect(ledger.ask(Asker(part: 1, tag: 0), role: "judge", json: "a") == .ask(tag: 0))
        _ = ledger.receive(reply(0, "again"))
        #expect(ledger.ask(Asker(part: 1, tag: 0), role: "judge", json: "a") == .ask(tag: 0))
    }
}
