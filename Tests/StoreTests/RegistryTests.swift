import JSON
import Store
import TestSupport
import Testing

struct RegistryTests {
    private let folder: TemporaryFolder
    private let registry: Registry

    init() throws {
        folder = try TemporaryFolder()
        registry = try Registry(folder: folder.path)
    }

    @Test(
        "the same definition can be registered again, another under its identifier cannot",
        arguments: Registry.Kind.allCases)
    func conflicts(kind: Registry.Kind) throws {
        #expect(try registry.register(kind, "a::b", ["x": 1, "y": [2]]) == .added)
        #expect(try registry.register(kind, "a::b", ["y": [2], "x": 1]) == .unchanged)
        #expect(throws: StoreError.self) { try registry.register(kind, "a::b", ["x": 2]) }
        #expect(try registry.definition(kind, "a::b") == ["x": 1, "y": [2]])
        #expect(try registry.unregister(kind, "a::b"))
        #expect(try !registry.unregister(kind, "a::b"))
        #expect(try registry.register(kind, "a::b", ["x": 2]) == .added)
    }

    @Test("kinds do not see each other, and identifiers may hold anything")
    func identifiers() throws {
        for id in ["", "a/b::c d", "é", "e\u{301}", "'; DROP TABLE resource; --", "😀"] {
            #expect(try registry.register(.model, id, [:]) == .added)
        }
        #expect(try registry.definitions(.model).count == 6)
        #expect(try registry.definitions(.benchmark).isEmpty)
    }

    @Test("what was registered is there after the registry was opened again")
    func reopening() throws {
        let folder = try TemporaryFolder()
        do {
            let registry = try Registry(folder: folder.path)
            _ = try registry.register(.benchmark, "mine", ["dataset_id": "d"])
            let draft = try registry.makeDataset()
            try draft.append(block(0..<3))
            _ = try draft.publish(as: "d", ["purpose": "p"])
        }
        let registry = try Registry(folder: folder.path)
        #expect(try registry.definition(.benchmark, "mine") == ["dataset_id": "d"])
        #expect(try rows(of: "d", in: registry) == Array(0..<3))
    }

    @Test("a folder is one process's at a time")
    func locking() throws {
        let error = #expect(throws: StoreError.self) { try Registry(folder: folder.path) }
        #expect(error?.code == .busy)
    }
}

struct DatasetTests {
    private let folder: TemporaryFolder
    private let registry: Registry

    init() throws {
        folder = try TemporaryFolder()
        registry = try Registry(folder: folder.path)
    }

    @Test("rows come back in their order, by any page")
    func paging() throws {
        try add("d", rows: 0..<1_000)
        let dataset = try #require(try registry.dataset("d"))
        #expect(dataset.rowCount == 1_000)
        for range in [0..<0, 0..<1_000, 999..<1_000, 10..<20, 990..<5_000, 2_000..<3_000] {
            #expect(try rows(range, of: dataset, in: registry) == Array(range.clamped(to: 0..<1_000)))
        }
    }

    @Test("rows that are appended come after those that were there")
    func appending() throws {
        try add("d", rows: 0..<10)
        #expect(try registry.append(block(10..<20), to: "d"))
        #expect(try registry.append(RowBlock(lines: []), to: "d"))
        #expect(try rows(of: "d", in: registry) == Array(0..<20))
        #expect(try !registry.append(block(0..<1), to: "other"))
    }

    @Test("a draft is not seen before it is published, and goes with its owner")
    func drafts() throws {
        do {
            let draft = try registry.makeDataset()
            try draft.append(block(0..<10))
            #expect(try registry.datasets().isEmpty)
        }
        try add("d", rows: 0..<2)
        #expect(try registry.datasets().map(\.id) == ["d"])
    }

    @Test("the same dataset again changes nothing, another one under its identifier is refused")
    func conflicts() throws {
        try add("d", rows: 0..<3)
        let again = try registry.makeDataset()
        try again.append(block(0..<3))
        #expect(try again.publish(as: "d", ["of": "d"]) == .unchanged)
        let other = try registry.makeDataset()
        let error = #expect(throws: StoreError.self) { try other.publish(as: "d", ["of": "other"]) }
        #expect(error?.code == .conflict)
        #expect(try rows(of: "d", in: registry) == [0, 1, 2])
    }

    @Test("who reads a dataset that is unregistered meanwhile is told, and never sees the rows of its successor")
    func unregistering() async throws {
        try add("d", rows: 0..<100)
        let dataset = try #require(try registry.dataset("d"))
        #expect(try registry.unregisterDataset("d"))
        #expect(try !registry.unregisterDataset("d"))
        #expect(try registry.dataset("d") == nil)
        try add("d", rows: 200..<300)
        // The rows of the first go soon, but not at once.
        var error: StoreError?
        for _ in 0..<2_000 where error == nil {
            do throws(StoreError) {
                try registry.withRows(0..<100, of: dataset) { row in
                    #expect(number(row) < 200)
                    return true
                }
                try? await Task.sleep(for: .milliseconds(5))
            } catch let failure {
                error = failure
            }
        }
        #expect(error?.code == .gone)
        #expect(try rows(of: "d", in: registry) == Array(200..<300))
    }

    private func add(_ id: String, rows: Range<Int>) throws {
        let draft = try registry.makeDataset()
        try draft.append(block(rows))
        #expect(try draft.publish(as: id, ["of": .string(id)]) == .added)
    }
}

private func block(_ rows: Range<Int>) -> RowBlock {
    RowBlock(lines: Array(rows.map { "{\"n\": \($0)}\n" }.joined().utf8))
}

private func rows(of id: String, in registry: Registry) throws -> [Int] {
    let dataset = try #require(try registry.dataset(id))
    return try rows(0..<dataset.rowCount, of: dataset, in: registry)
}

private func rows(_ range: Range<Int>, of dataset: StoredDataset, in registry: Registry) throws -> [Int] {
    var numbers: [Int] = []
    try registry.withRows(range, of: dataset) { row in
        numbers.append(number(row))
        return true
    }
    return numbers
}

private func number(_ row: UnsafeRawBufferPointer) -> Int {
    (try? JSONValue(parsing: Array(row)))?["n"].flatMap { Int($0.text) } ?? -1
}
