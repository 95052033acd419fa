import Concurrency
import Foundation
import JSON
import ScorerHost
import ScoringCore
import ScoringDefinitions
import Synchronization
import Testing

@testable import ScoringEngine

@Suite("A scorer that was made once serves later runs, one at a time")
struct SpareScorerTests {
    private let engine: Engine

    init() throws { engine = try Self.makeEngine(in: .none) }

    /// An engine with a plugin that says which of its instances scores. Its instances are numbered anew.
    private static func makeEngine(in mode: PluginIsolation.Mode) throws -> Engine {
        let folder = NSTemporaryDirectory() + "tally-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { if mode == .none { try? FileManager.default.removeItem(atPath: folder) } }
        let compiler = Process()
        compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        compiler.arguments = [
            "cc", "-std=c11", "-Wall", "-shared", "-fPIC", "-I\(packageFolder)/Sources/CScorerPlugin/include",
            "-o", "\(folder)/tally.so", "\(packageFolder)/Tests/ScoringEngineTests/Data/tally.c",
        ]
        try compiler.run()
        compiler.waitUntilExit()
        try #require(compiler.terminationStatus == 0)
        let definition = """
            {"identifier": "tally::tally", "provider_id": "org.example.tally", "provider_resource_id": "tally",
             "return_type": {"type": "number"}, "params": {"type": "basic", "aggregation_functions": ["average"]}}
            """
        try definition.write(toFile: "\(folder)/tally.json", atomically: false, encoding: .utf8)
        var isolation = PluginIsolation()
        isolation.mode = mode
        let engine = Engine(functionFolders: [folder], pluginFolders: [folder], isolation: isolation)
        try #require(engine.definitions.errors == [] && engine.plugins.errors == [])
        return engine
    }

    private static func dataset(_ texts: [String]) -> Dataset {
        Dataset(rows: texts.map { ["text": .string($0)] })
    }

    /// What a run says of its rows; nil if they have no score.
    private static func scores(
        _ texts: [String], mark: Int, _ engine: Engine, jobs: Int = 1, cancellation: Cancellation = Cancellation(),
        during action: @escaping @Sendable () throws -> Void = {}
    ) throws -> [Int?] {
        let output = Output()
        var request = ScoringRequest(
            dataset(texts), functions: [("tally::tally", ["type": "basic", "mark": JSONValue(mark)])])
        request.jobs = jobs
        let results = try engine.score(
            request,
            sink: { lines in
                try action()
                try output.sink(lines)
            }, cancellation: cancellation)
        if let failure = results.failure { throw failure }
        return try output.lines.map { line -> Int? in
            guard case .number(let score)? = try JSONValue(parsing: line)["scores"]?["tally::tally"]?["score"] else {
                return nil
            }
            return Int(score.double)
        }
    }

    /// The number of the instance that a run gets.
    private func instance(mark: Int = 0) throws -> Int? { try Self.scores(["who"], mark: mark, engine)[0] }

    @Test("the same parameters get the same instance, others get another, and each scores by its own")
    func reuse() throws {
        let first = try Self.scores(["who", "mark", "live"], mark: 7, engine)
        let other = try Self.scores(["who", "mark", "live"], mark: 8, engine)
        #expect(first == [1, 7, 1] && other == [2, 8, 2])
        #expect(try Self.scores(["who", "mark", "live"], mark: 7, engine) == [1, 7, 2])
        #expect(try Self.scores(["who", "mark", "live"], mark: 8, engine) == [2, 8, 2])
    }

    @Test("runs at the same time have instances of their own")
    func overlap() throws {
        let inner = Mutex<Int?>(nil)
        let engine = engine
        let outer = try Self.scores(["who"], mark: 0, engine) {
            let scores = try Self.scores(["who"], mark: 0, engine)
            inner.withLock { $0 = scores[0] }
        }
        #expect(outer == [1] && inner.withLock { $0 } == 2)
        #expect(try Self.scores(["live"], mark: 0, engine) == [2])
    }

    @Test("many runs at once, with different parameters, each get scores by their own")
    func manyAtOnce() {
        let wrong = Mutex<[[Int?]?]>([])
        let engine = engine
        onThreads(4) { thread in
            for round in 0..<100 {
                let mark = (thread + round) % 3 + 1
                let texts = [String](repeating: "mark", count: 20)
                let scores = try? Self.scores(texts, mark: mark, engine, jobs: round % 2 + 1)
                if scores != texts.map({ _ in mark }) { wrong.withLock { $0.append(scores) } }
            }
        }
        #expect(wrong.withLock { $0.count } == 0)
    }

    @Test("an instance that gave up on a batch is not used again")
    func givingUp() throws {
        #expect(try instance() == 1)
        #expect(try Self.scores(["who", "give up", "who"], mark: 0, engine) == [1, nil, nil])
        #expect(try instance() == 2)
        #expect(try Self.scores(["live"], mark: 0, engine) == [1])
    }

    @Test("nor is one whose run failed or was cancelled")
    func broken() throws {
        struct Full: Error {}
        let engine = engine
        #expect(throws: EngineError.self) { try Self.scores(["who"], mark: 0, engine) { throw Full() } }
        #expect(try instance() == 2)
        let cancellation = Cancellation()
        #expect(
            try Self.scores(["who"], mark: 0, engine, cancellation: cancellation) { cancellation.cancel() } == [2])
        #expect(try instance() == 3)
        #expect(try Self.scores(["live"], mark: 0, engine) == [1])
    }

    @Test("no more are kept than a fixed number, and none with very long parameters")
    func bounds() throws {
        for mark in 1...SpareScorers.capacity + 5 { _ = try instance(mark: mark) }
        // The instance that is asked is in use.
        #expect(try Self.scores(["live"], mark: 0, engine) == [SpareScorers.capacity + 1])
        let last = SpareScorers.capacity + 5
        #expect(try instance(mark: last) == last)
        let long = String(repeating: "x", count: SpareScorers.longestConfiguration)
        let request = ScoringRequest(
            Self.dataset(["who"]), functions: [("tally::tally", ["type": "basic", "long": .string(long)])])
        let before = try Self.scores(["live"], mark: 0, engine)
        _ = try engine.score(request)
        #expect(try Self.scores(["live"], mark: 0, engine) == before)
    }

    @Test("workers that rows of one run cost do not count against the next")
    func crashes() throws {
        let isolated = try Self.makeEngine(in: .all)
        for _ in 0..<60 { #expect(try Self.scores(["crash"], mark: 1, isolated) == [nil]) }
        #expect(try Self.scores(["mark", "crash", "mark"], mark: 1, isolated) == [1, nil, 1])
    }
}
