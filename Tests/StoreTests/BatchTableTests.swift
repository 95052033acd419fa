import Store
import TestSupport
import Testing

@Suite("Batches are kept beside the replies")
struct BatchTableTests {
    private func key(_ number: UInt8) -> ReplyKey { ReplyKey(Array(repeating: number, count: 32)) }

    private func batch(_ token: String) -> StoredBatch {
        StoredBatch(
            token: token, model: "m", name: "n", url: "http://h/v1", path: "/v1/chat/completions", api: "openai",
            keyVariable: nil)
    }

    private let reply = StoredReply(model: "n", text: "A", response: "{}", inputTokens: 1, outputTokens: 1)

    @Test("a request is in one open batch at most, until it has a reply or has failed")
    func claims() throws {
        let folder = try TemporaryFolder()
        let cache = try ReplyCache(folder: folder.path)
        let (one, two) = (try cache.add(batch("a")), try cache.add(batch("b")))
        #expect(try cache.claim([key(1), key(2), key(3)], for: one.id, line: 1) == [one.id, one.id, one.id])
        #expect(try cache.claim([key(3), key(4)], for: two.id, line: 1) == [one.id, two.id])
        #expect(try cache.batch(of: key(3))?.token == "a")
        #expect(try cache.requests(of: one.id, lines: [2, 9]) == [2: key(2)])

        // Another batch's key, and one that nobody asked for, are ignored; so is what comes twice.
        let taken = try cache.take(
            [(key(1), reply), (key(4), reply), (key(9), reply), (key(1), reply)], faults: [(key(2), "{}")], of: one.id)
        #expect(taken == [key(1), key(2)])
        #expect(try Set(cache.replies(for: [key(1), key(4), key(9)]).keys) == [key(1)])
        #expect(try cache.faults(of: one.id) == [key(2): "{}"])

        // One that failed can be claimed, one with a reply cannot.
        #expect(try cache.claim([key(1), key(2)], for: two.id, line: 2) == [nil, two.id])
        #expect(try cache.faults(of: one.id).isEmpty)
        var ended = one
        ended.state = .taken
        #expect(try cache.end(ended) == [key(3)])
        #expect(try cache.batch(of: key(3)) == nil)
        #expect(try cache.batches().map(\.state) == [.taken, .preparing])
        try cache.removeBatch(two.id)
        #expect(try cache.batch(of: key(4)) == nil)
    }

    @Test("everything that is known of a batch survives its process")
    func survives() throws {
        let folder = try TemporaryFolder()
        var stored = try ReplyCache(folder: folder.path).add(batch("a"))
        stored.state = .open
        (stored.requests, stored.reserved, stored.inputFile, stored.remoteID) = (3, 0.5, "file-1", "batch_1")
        (stored.progress, stored.createdAt, stored.submittedAt, stored.checkedAt) = ("validating", 1, 2, 3)
        try ReplyCache(folder: folder.path).update(stored)
        #expect(try ReplyCache(folder: folder.path).batches() == [stored])
        #expect(stored.title == "batch_1" && batch("x").title == "#0")
    }

    @Test("only batches that have ended are forgotten, and only after some time")
    func forgotten() throws {
        let folder = try TemporaryFolder()
        let cache = try ReplyCache(folder: folder.path)
        for (token, state, created) in [
            ("a", StoredBatch.State.ended, 10), ("b", .ended, 100), ("c", .open, 10), ("d", .taken, 10),
        ] {
            var stored = try cache.add(batch(token))
            (stored.state, stored.createdAt) = (state, created)
            try cache.update(stored)
        }
        try cache.forgetBatches(before: 50)
        #expect(try Set(cache.batches().map(\.token)) == ["b", "c", "d"])
    }
}
