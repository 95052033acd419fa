import FakeModel
import Glibc
import JSON
import Synchronization
import Testing

/// What the datasets server of a test does at the moment.
private final class HubState: Sendable {
    let revision = Mutex(Optional(String(repeating: "a", count: 40)))
    /// A status instead of the rows from this row on.
    let failure = Mutex<(row: Int, status: Int)?>(nil)
}

@Suite("Rows of the Hugging Face Hub are kept on this machine")
struct HubCacheTests {
    private static let first = String(repeating: "a", count: 40)
    private static let second = String(repeating: "b", count: 40)

    private static func start(_ state: HubState, features: JSONValue = []) async throws -> FakeWeb {
        let rows = (0..<450).map { number -> JSONObject in
            ["generated_answer": .string("\(number)"), "expected_answer": .string("\(number)")]
        }
        return try await FakeHub.start(
            [FakeHub.Split("o/n", split: "test", rows: rows)], features: features,
            revision: { state.revision.withLock { $0 } },
            failure: { row in state.failure.withLock { $0.flatMap { row >= $0.row ? $0.status : nil } } })
    }

    private static func score(
        _ folder: TemporaryFolder, _ url: String, uri: String = "hf://o/n?split=test&name=default",
        _ options: [String] = ["--cache", "cache"], setup: String = ""
    ) throws -> CommandResult {
        try folder.command(
            ["score", uri, "--huggingface-url", url, "--fn", "basic::equality", "--format", "json"] + options,
            setup: setup
        ).run()
    }

    private static func expectRows(_ count: Int, _ result: CommandResult) {
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(result.output.contains("\"num_correct\": \(count)"), "\(result.output)")
    }

    @Test("the next run asks the Hub once, whether the rows are still the newest")
    func secondRun() async throws {
        let state = HubState()
        let hub = try await Self.start(state)
        let folder = try TemporaryFolder()
        for expected in [5, 6, 7] {
            let result = try Self.score(folder, hub.url, ["--cache", "cache", "--save", "run\(expected)"])
            Self.expectRows(450, result)
            #expect(result.errors == "")
            let saved = try JSONValue(parsing: folder.read("run\(expected)/results.json"))
            #expect(saved["provenance"]?["dataset"]?["revision"] == .string(Self.first))
            #expect(hub.requests.count == expected)
        }
        state.revision.withLock { $0 = Self.second }
        Self.expectRows(450, try Self.score(folder, hub.url))
        #expect(hub.requests.count == 12)
        // Without a cache, nothing is kept or used.
        Self.expectRows(450, try Self.score(folder, hub.url, ["--no-cache"]))
        #expect(hub.requests.count == 17)
        try await hub.stop()
    }

    @Test(
        "slices use what other slices have downloaded",
        arguments: [
            ("test[:30]", 30, 1), ("test[120:-300]", 30, 1), ("test[-7:]", 7, 1), ("test[90%25:]", 45, 1),
            ("test[150:350]", 200, 2), ("test", 450, 2),
        ])
    func slices(split: String, count: Int, requests: Int) async throws {
        let hub = try await Self.start(HubState())
        let folder = try TemporaryFolder()
        // Pages 0, 1, 2 and 4 are there.
        Self.expectRows(250, try Self.score(folder, hub.url, uri: "hf://o/n?split=test[:250]&name=default"))
        Self.expectRows(1, try Self.score(folder, hub.url, uri: "hf://o/n?split=test[449:]&name=default"))
        let before = hub.requests.count
        #expect(before == 4)
        Self.expectRows(count, try Self.score(folder, hub.url, uri: "hf://o/n?split=\(split)&name=default"))
        #expect(hub.requests.count - before == requests)
        try await hub.stop()
    }

    @Test(
        "a Hub that cannot be reached, or is too busy, is replaced by the cache, with a warning",
        arguments: [0, 429, 503])
    func hubDown(status: Int) async throws {
        let state = HubState()
        let hub = try await Self.start(state)
        let url = hub.url
        let folder = try TemporaryFolder()
        // Without the name of the config, the splits are needed as well.
        let uri = "hf://o/n?split=test"
        Self.expectRows(450, try Self.score(folder, url, uri: uri))
        if status == 0 {
            try await hub.stop()
        } else {
            state.failure.withLock { $0 = (0, status) }
        }
        let result = try Self.score(folder, url, uri: uri)
        Self.expectRows(450, result)
        #expect(result.errors.contains("the rows were read from the cache, at revision \(Self.first), because"))
        #expect(result.errors.contains(status == 0 ? "could not be read" : "returned status \(status)"))
        if status != 0 { try await hub.stop() }
    }

    @Test(
        "HF_HUB_OFFLINE reads the cache without asking anyone, and says what is missing",
        arguments: ["1", "true", "ON"])
    func offline(value: String) async throws {
        let hub = try await Self.start(HubState())
        let folder = try TemporaryFolder()
        let setup = "export HF_HUB_OFFLINE=\(value)"
        let uri = "hf://o/n?split=test[:200]"
        let missing = try Self.score(folder, hub.url, uri: uri, setup: setup)
        #expect(missing.ending == .status(1))
        #expect(missing.errors.contains("does not have the dataset; unset HF_HUB_OFFLINE"), "\(missing.errors)")
        Self.expectRows(200, try Self.score(folder, hub.url, uri: uri))
        let before = hub.requests.count
        let result = try Self.score(folder, hub.url, uri: uri, setup: setup)
        Self.expectRows(200, result)
        #expect(result.errors.contains("the rows were read from the cache, at revision \(Self.first)"))
        let partial = try Self.score(folder, hub.url, uri: "hf://o/n?split=test", setup: setup)
        #expect(partial.ending == .status(1))
        #expect(partial.errors.contains("does not have these rows of the dataset"), "\(partial.errors)")
        #expect(hub.requests.count == before)
        try await hub.stop()
    }

    @Test("a download that was ended continues where it was ended")
    func endedDownload() async throws {
        let state = HubState()
        let hub = try await Self.start(state)
        let folder = try TemporaryFolder()
        state.failure.withLock { $0 = (300, 404) }
        #expect(try Self.score(folder, hub.url).ending == .status(1))
        let before = hub.requests.count
        state.failure.withLock { $0 = nil }
        Self.expectRows(450, try Self.score(folder, hub.url))
        #expect(hub.requests.count - before == 3)
        try await hub.stop()
    }

    @Test("access that was withdrawn is not replaced by the cache, which can be asked for", arguments: [401, 404])
    func withdrawn(status: Int) async throws {
        let state = HubState()
        let hub = try await Self.start(state)
        let folder = try TemporaryFolder()
        Self.expectRows(450, try Self.score(folder, hub.url))
        state.failure.withLock { $0 = (0, status) }
        let result = try Self.score(folder, hub.url)
        #expect(result.ending == .status(1))
        #expect(result.errors.contains("can be read with HF_HUB_OFFLINE=1"), "\(result.errors)")
        try await hub.stop()
    }

    @Test(
        "files that are damaged or cut off are downloaded again",
        arguments: ["truncate -s 200", "truncate -s 0", "sed -i s/expected_answer/xxpected_answer/"])
    func damaged(change: String) async throws {
        let hub = try await Self.start(HubState())
        let folder = try TemporaryFolder()
        Self.expectRows(450, try Self.score(folder, hub.url))
        let before = hub.requests.count
        let setup = "for f in cache/hub/*/*/*/*/*/000000[13]; do \(change) \"$f\"; done"
        Self.expectRows(450, try Self.score(folder, hub.url, setup: setup))
        #expect(hub.requests.count - before == 3)
        Self.expectRows(450, try Self.score(folder, hub.url))
        #expect(hub.requests.count - before == 4)
        try await hub.stop()
    }

    @Test("a cache that cannot be written does not end the run")
    func unwritable() async throws {
        let hub = try await Self.start(HubState())
        let folder = try TemporaryFolder(["cache/hub": "not a folder"])
        let result = try Self.score(folder, hub.url)
        Self.expectRows(450, result)
        #expect(result.errors.contains("the rows are not kept in the cache: cannot create the folder"))
        // As on a full disk: no file can have any content.
        let full = try Self.score(folder, hub.url, ["--cache", "full"], setup: "trap '' XFSZ; ulimit -f 0")
        Self.expectRows(450, full)
        #expect(full.errors.contains("the rows are not kept in the cache"), "\(full.errors)")
        try await hub.stop()
    }

    @Test("a dataset that changes while it is read ends the run, because its rows are of two revisions")
    func changed() async throws {
        let count = Mutex(0)
        let rows = (0..<450).map { number -> JSONObject in
            ["generated_answer": .string("\(number)"), "expected_answer": .string("\(number)")]
        }
        let hub = try await FakeHub.start(
            [FakeHub.Split("o/n", split: "test", rows: rows)],
            revision: {
                count.withLock { count in
                    count += 1
                    return count <= 2 ? Self.first : Self.second
                }
            })
        let folder = try TemporaryFolder()
        let result = try Self.score(folder, hub.url)
        #expect(result.ending == .status(1))
        #expect(result.errors.contains("has changed the dataset while it was read"), "\(result.errors)")
        Self.expectRows(450, try Self.score(folder, hub.url))
        try await hub.stop()
    }

    @Test("a revision can be named, and is read from the cache when the Hub has another one")
    func namedRevision() async throws {
        let state = HubState()
        let hub = try await Self.start(state)
        let folder = try TemporaryFolder()
        let uri = "hf://o/n?split=test&name=default&revision=\(Self.first)"
        Self.expectRows(450, try Self.score(folder, hub.url, uri: uri))
        state.revision.withLock { $0 = Self.second }
        Self.expectRows(450, try Self.score(folder, hub.url))
        let before = hub.requests.count
        Self.expectRows(450, try Self.score(folder, hub.url, uri: uri))
        #expect(hub.requests.count == before)
        let other = "hf://o/n@\(String(repeating: "c", count: 40))?split=test&name=default"
        let result = try Self.score(folder, hub.url, uri: other)
        #expect(result.ending == .status(1))
        #expect(result.errors.contains("has the revision \(Self.second), and the rows of cccc"), "\(result.errors)")
        try await hub.stop()
    }

    @Test("addresses that expire, and rows of no revision, are not kept")
    func notKept() async throws {
        let state = HubState()
        let image: JSONValue = [["feature_idx": 0, "name": "picture", "type": ["_type": "Image"]]]
        for features in [image, []] {
            let hub = try await Self.start(state, features: features)
            let folder = try TemporaryFolder()
            for _ in 0..<2 { Self.expectRows(450, try Self.score(folder, hub.url)) }
            #expect(hub.requests.count == 10)
            state.revision.withLock { $0 = nil }
            try await hub.stop()
        }
    }

    @Test("processes that read a dataset at once do not disturb one another")
    func together() async throws {
        let hub = try await Self.start(HubState())
        let folder = try TemporaryFolder()
        let command = "score 'hf://o/n?split=test' --huggingface-url \(hub.url) --fn basic::equality --cache cache"
        let names = (0..<4).map { "out\($0).jsonl" }
        let running = try names.map { name in
            try RunningCommand(folder.command(command.words + ["--output", name]))
        }
        for process in running { #expect(try process.finish().ending == .status(0)) }
        let outputs = try names.map { try folder.read($0) }
        #expect(outputs.allSatisfy { $0 == outputs[0] && $0.split(separator: "\n").count == 450 })
        let before = hub.requests.count
        Self.expectRows(450, try Self.score(folder, hub.url))
        #expect(hub.requests.count == before + 1)
        try await hub.stop()
    }
}

extension String {
    /// Its words, without quotes.
    fileprivate var words: [String] { split(separator: " ").map { $0.split(separator: "'").joined() } }
}
