import Store
import TestSupport
import Testing

struct ReplyCacheTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test("what was stored is found again, byte for byte, also after the file was closed")
    func storing() async throws {
        let empty = StoredReply(model: "", text: nil, response: "", inputTokens: nil, outputTokens: 7)
        do {
            let cache = try ReplyCache(folder: folder.path)
            #expect(cache.path == folder.path + "/replies.sqlite")
            #expect(try await cache.store(reply(1), for: key(1)) == reply(1))
            #expect(try await cache.store(empty, for: key(2)) == empty)
            #expect(try cache.replies(for: [key(1), key(2), key(3)]) == [key(1): reply(1), key(2): empty])
        }
        let cache = try ReplyCache(folder: folder.path + "/")
        #expect(try cache.replies(for: [key(2), key(1)]) == [key(1): reply(1), key(2): empty])
        #expect(try cache.replies(for: []) == [:])
        #expect(try cache.count() == 2)
        #expect(try cache.size() > 0)
    }

    @Test("whoever stores second gets what was stored first")
    func storingTwice() async throws {
        let cache = try ReplyCache(folder: folder.path)
        _ = try await cache.store(reply(1), for: key(1))
        #expect(try await cache.store(reply(2), for: key(1)) == reply(1))
        #expect(try cache.replies(for: [key(1)]) == [key(1): reply(1)])
        #expect(try cache.count() == 1)
    }

    @Test("10,000 replies stored at once by two users of the file are all there, each as one of them stored it")
    func sharing() async throws {
        let caches = [try ReplyCache(folder: folder.path), try ReplyCache(folder: folder.path)]
        let count = 5_000
        try await withThrowingTaskGroup(of: (Int, StoredReply).self) { group in
            for number in 0..<count {
                for (index, cache) in caches.enumerated() {
                    group.addTask {
                        (number, try await cache.store(reply(number, by: "\(index)"), for: key(number)))
                    }
                }
            }
            var firsts: [Int: StoredReply] = [:]
            for try await (number, stored) in group {
                #expect(firsts.updateValue(stored, forKey: number) ?? stored == stored)
            }
            let found = try caches[0].replies(for: (0..<count).map(key))
            #expect(found.count == count)
            for number in 0..<count { #expect(found[key(number)] == firsts[number]) }
        }
    }

    @Test("a key has one who asks for it at a time, of all users of the file")
    func reserving() throws {
        let first = try ReplyCache(folder: folder.path)
        #expect(!first.isShared)
        #expect(first.reserve(key(1)) && first.reserve(key(2)))
        #expect(!first.reserve(key(1)))
        do {
            let second = try ReplyCache(folder: folder.path)
            #expect(first.isShared && second.isShared)
            #expect(!second.reserve(key(1)) && !second.reserve(key(2)) && second.reserve(key(3)))
            first.cancelReservation(of: key(1))
            #expect(second.reserve(key(1)) && !first.reserve(key(1)))
            // Not one's own: nothing happens.
            first.cancelReservation(of: key(3))
            #expect(!first.reserve(key(3)))
        }
        // What the other had reserved is free when it is gone, but it may have stored something.
        #expect(first.reserve(key(1)) && first.reserve(key(3)) && first.isShared)
        #expect(!first.reserve(key(2)))
        let later = try ReplyCache(folder: folder.path)
        #expect(later.isShared)
    }

    @Test("a cache that others used before, and nobody since, is not shared")
    func alone() throws {
        for _ in 0..<3 {
            let cache = try ReplyCache(folder: folder.path)
            #expect(cache.reserve(key(1)) && !cache.isShared)
        }
    }

    @Test("a folder that is not there is made, with those that it is in")
    func folders() throws {
        let nested = folder.path + "/a"
        _ = try ReplyCache(folder: nested)
        _ = try ReplyCache(folder: nested)
    }
}
