import JSON
import Store
import TestSupport
import Testing

@Suite("Results that are kept")
struct ResultTests {
    private let folder: TemporaryFolder
    private let registry: Registry

    init() throws {
        folder = try TemporaryFolder()
        registry = try Registry(folder: folder.path)
    }

    private func result(_ number: Int, of dataset: String = "d") -> StoredResult {
        StoredResult(
            id: "r\(number)", created: 1_000 + number, datasetID: dataset, rowsDatasetID: "rows\(number)",
            benchmarkID: "b", jobID: "j", functions: ["f::\"1\"", "f::2"],
            aggregates: ["f::2": ["rows": ["total": JSONValue(number)]]], distributions: ["f::2": [1]])
    }

    @Test("they come back as they were, without what lists do not need, the newest first")
    func lists() throws {
        for number in 0..<5 { try registry.record(result(number, of: number == 2 ? "e" : "d")) }
        #expect(try registry.result("r3") == result(3))
        #expect(try registry.result("r9") == nil)
        let page = try registry.results(ListPage(offset: 1, limit: 2))
        #expect(page.map(\.id) == ["r3", "r2"] && page[0].aggregates == result(3).aggregates)
        #expect(page.allSatisfy { $0.distributions == [:] })
        #expect(try registry.results(ListPage(offset: 0, limit: 9), of: "e").map(\.id) == ["r2"])
        #expect(try registry.resultCount() == 5)
    }

    @Test("the oldest go where there are too many")
    func limit() throws {
        #expect(registry.resultLimit == 1_000)
        let other = try TemporaryFolder()
        let registry = try Registry(folder: other.path, resultLimit: 7)
        for number in 0..<10 { try registry.record(result(number)) }
        #expect(try registry.resultCount() == 7)
        #expect(try registry.result("r2") == nil)
        #expect(try registry.result("r3") != nil)
    }

    @Test("old ones are deleted with their rows, but those of jobs, which go with their job")
    func deletion() throws {
        for number in 0..<4 {
            let draft = try registry.makeDataset()
            try draft.append(RowBlock(lines: Array("{}\n".utf8)))
            _ = try draft.publish(as: "rows\(number)", [:])
            try registry.record(
                StoredResult(
                    id: "r\(number)", created: 1_000 + number, datasetID: "d", rowsDatasetID: "rows\(number)",
                    jobID: number == 1 ? "j" : nil, functions: [], aggregates: [:]))
        }
        #expect(try registry.deleteResults(recordedBefore: 1_002) == 1)
        #expect(try registry.results(ListPage(offset: 0, limit: 9)).map(\.id) == ["r3", "r2", "r1"])
        #expect(try registry.deleteResult("r3") && !registry.deleteResult("r3"))
        #expect(try !registry.deleteResult("r1") && !registry.deleteResult("r9"))
        #expect(
            try ["rows0", "rows1", "rows2", "rows3"].map { try registry.dataset($0) != nil } == [
                false, true, true, false,
            ])
    }

    @Test("lists of datasets say what they are, page by page")
    func datasets() throws {
        let uri = "data:text/csv," + String(repeating: "é", count: 10_000)
        let definitions: [(String, JSONValue)] = [
            ("a", ["purpose": "p", "source": ["type": "uri", "uri": .string(uri)], "metadata": [:]]),
            ("b", ["source": ["type": "rows"], "metadata": ["results_of": "a"]]),
            ("c", ["purpose": 1, "source": ["uri": ["x": 1]], "metadata": ["results_of": [1]]]),
        ]
        for (id, definition) in definitions {
            let draft = try registry.makeDataset()
            try draft.append(RowBlock(lines: Array("{}\n{}\n".utf8)))
            _ = try draft.publish(as: id, definition)
        }
        _ = try registry.makeDataset()
        let page = try registry.datasetSummaries(ListPage(offset: 1, limit: 2))
        #expect(page.map(\.id) == ["b", "a"] && page.map(\.rowCount) == [2, 2])
        #expect(page.map(\.purpose) == [nil, "p"] && page.map(\.resultsOf) == ["a", nil])
        #expect(page[0].uri == nil && page[1].uri == String(uri.prefix(200)))
        #expect(try registry.datasetSummaries(ListPage(offset: 0, limit: 1)).map(\.id) == ["c"])
        #expect(try registry.datasetCount() == 3)
    }

    @Test("lists of definitions come page by page")
    func definitions() throws {
        for number in 0..<5 { _ = try registry.register(.benchmark, "b\(number)", ["n": .init(number)]) }
        let page = try registry.definitions(.benchmark, ListPage(offset: 3, limit: 5))
        #expect(page.map(\.id) == ["b3", "b4"] && page.first?.definition == ["n": 3])
        #expect(try registry.definitionCount(.benchmark) == 5)
        #expect(try registry.definitionCount(.model) == 0)
    }
}
