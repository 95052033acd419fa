import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

@Suite("assay serve, killed")
struct KilledServerTests {
    /// What clients ask for, in turn by chance.
    private enum Kind: CaseIterable {
        case dataset, function, benchmark, model, append
    }

    /// What the servers have answered.
    private final class Acknowledged: Sendable {
        private let requests = Mutex<[(kind: Kind, number: Int)]>([])

        var all: [(kind: Kind, number: Int)] { requests.withLock { $0 } }
        func add(_ kind: Kind, _ number: Int) { requests.withLock { $0.append((kind, number)) } }
    }

    private static let rowCount = 5

    @Test(
        "what was acknowledged is there after it was killed again and again, once and whole",
        arguments: [1, 2] as [UInt64])
    func killing(seed: UInt64) async throws {
        let folder = try TemporaryFolder()
        let acknowledged = Acknowledged()
        let options = ["--model-url", "http://127.0.0.1:9"]
        var chance = SeededGenerator(seed: seed)
        do {
            let serving = try Serving(folder, options)
            #expect(try await serving.post("/v1/datasets", Self.dataset("all", [])).status == 200)
            serving.running.send(SIGTERM)
            _ = try serving.running.finish()
        }
        for round in 0..<3 {
            let serving = try Serving(folder, options)
            let goal = acknowledged.all.count + Int.random(in: 20..<200, using: &chance)
            let lanes = (0..<6).map { _ in SeededGenerator(seed: chance.next()) }
            let url = serving.url
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for (lane, own) in lanes.enumerated() {
                    let numbers = stride(from: round * 10_000 + lane, to: (round + 1) * 10_000, by: 6)
                    tasks.addTask { await Self.ask(url, numbers, own, acknowledged) }
                }
                while acknowledged.all.count < goal {
                    try serving.readLog()
                    try await Task.sleep(for: .milliseconds(1))
                }
                usleep(UInt32.random(in: 0..<5_000, using: &chance))
                serving.running.send(SIGKILL)
                try await tasks.waitForAll()
            }
            #expect(try serving.running.finish().ending == .signal(SIGKILL))
        }
        try await check(acknowledged.all, try Serving(folder, options))
    }

    /// Asks one thing after the other, until nothing is answered any more.
    private static func ask(
        _ url: String, _ numbers: StrideTo<Int>, _ chance: SeededGenerator, _ acknowledged: Acknowledged
    ) async {
        var chance = chance
        for number in numbers {
            let kind = Kind.allCases.randomElement(using: &chance) ?? .append
            let (path, body) = request(kind, number)
            guard let answer = try? await post(url + path, body) else { return }
            #expect(answer.status == 200, "\(answer.json)")
            acknowledged.add(kind, number)
        }
    }

    private func check(_ acknowledged: [(kind: Kind, number: Int)], _ serving: Serving) async throws {
        var appended: [JSONValue: Int] = [:]
        for row in try await serving.get("/v1/datasetio/iterrows/all")["data"]?.array ?? [] {
            appended[row["of"] ?? .null, default: 0] += 1
        }
        #expect(appended.values.allSatisfy { $0 == Self.rowCount }, "an append is there in part, or twice")
        var lists: [Kind: [JSONValue]] = [:]
        for (kind, path) in [
            (Kind.dataset, "/v1/datasets"), (.function, "/v1/scoring-functions"), (.benchmark, "/v1/eval/benchmarks"),
            (.model, "/v1/models"),
        ] {
            let list = try await serving.get(path)["data"]?.array?.compactMap { $0["identifier"] } ?? []
            #expect(Set(list).count == list.count, "\(path)")
            lists[kind] = list
        }
        for (kind, number) in acknowledged {
            if kind == .append {
                #expect(appended[.init(number)] == Self.rowCount)
            } else {
                #expect(lists[kind]?.contains(.string("id-\(number)")) ?? false, "\(kind) \(number)")
            }
        }
        // Those that nobody had an answer for are there whole as well, if they are.
        for case .string(let id) in lists[.dataset] ?? [] where id != "all" {
            try serving.readLog()
            let rows = try await serving.get("/v1/datasetio/iterrows/\(id)")["data"]
            #expect(rows == .array(Self.rows(of: Int(id.dropFirst(3)) ?? -1)))
        }
        for case .string(let id) in lists[.function] ?? [] where id.hasPrefix("id-") {
            try serving.readLog()
            let function = try await serving.get("/v1/scoring-functions/\(id)")
            #expect(function["provider_resource_id"] == "equality")
        }
    }

    private static func request(_ kind: Kind, _ number: Int) -> (path: String, body: JSONValue) {
        let id = JSONValue.string("id-\(number)")
        switch kind {
        case .dataset: return ("/v1/datasets", dataset("id-\(number)", rows(of: number)))
        case .function:
            return (
                "/v1/scoring-functions",
                [
                    "scoring_fn_id": id, "provider_id": "basic", "provider_scoring_fn_id": "equality",
                    "return_type": ["type": "number"],
                ]
            )
        case .benchmark:
            return ("/v1/eval/benchmarks", ["benchmark_id": id, "dataset_id": "all", "scoring_functions": ["f"]])
        case .model: return ("/v1/models", ["model_id": id])
        case .append: return ("/v1/datasetio/append-rows/all", ["rows": .array(rows(of: number))])
        }
    }

    private static func rows(of number: Int) -> [JSONValue] {
        (0..<rowCount).map { ["of": .init(number), "n": .init($0)] }
    }

    private static func dataset(_ id: String, _ rows: [JSONValue]) -> JSONValue {
        [
            "dataset_id": .string(id), "purpose": "eval/question-answer",
            "source": ["type": "rows", "rows": .array(rows)],
        ]
    }
}
