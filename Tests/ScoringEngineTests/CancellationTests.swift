import Concurrency
import Datasets
import JSON
import ScorerHost
import ScoringCore
import Synchronization
import Testing

@testable import ScoringEngine

/// Counts work instead of time: of 32 MiB of rows, how many are scored after somebody has stopped the run.
@Suite("A run that is stopped ends within some megabytes of rows")
struct CancellationTests {
    /// Rows of JSON, without end; at some byte, the run is cancelled.
    private struct CancellingSource: ByteSource {
        let line: [UInt8]
        let cancellation: Cancellation
        var given = 0
        let cancelledAt: Int

        mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
            if given >= 32 << 20 { return 0 }
            let place = given % line.count
            let count = min(buffer.count, line.count - place)
            buffer.copyBytes(from: line[place..<place + count])
            given += count
            if given >= cancelledAt { cancellation.cancel() }
            return count
        }
    }

    private static let functions = [
        "basic::equality", "basic::subset_of", "basic::number", "basic::multiple_choice", "basic::docvqa",
        "basic::regex_parser_multiple_choice_answer", "basic::regex_parser_math_response",
    ]

    @Test("whatever scores them", arguments: functions)
    func shipped(function: String) throws {
        try check(function, .untrusted)
    }

    // A plugin that is built with a sanitizer does not load in a worker, which is not.
    @Test("in a worker, too", arguments: ["basic::subset_of", "basic::number"])
    func inWorker(function: String) throws {
        try check(function, .all)
    }

    private func check(_ function: String, _ mode: PluginIsolation.Mode) throws {
        var isolation = PluginIsolation()
        isolation.mode = mode
        let engine = Engine(
            functionFolders: ["\(packageFolder)/scoring_fns"], pluginFolders: [pluginFolder], isolation: isolation)
        let answer = "Answer: A. " + String(repeating: "so it is ", count: 10_000)
        let expected: JSONValue = function == "basic::docvqa" ? ["a", "b"] : "A"
        let row: JSONValue = ["generated_answer": .string(answer), "expected_answer": expected]
        let line = Array((row.text + "\n").utf8)
        let cancellation = Cancellation()
        let dataset = Dataset(named: "rows") {
            CancellingSource(line: line, cancellation: cancellation, cancelledAt: 1 << 20)
        }
        var request = ScoringRequest(dataset, functions: [(function, nil)])
        request.jobs = 2
        let results = try engine.score(request, cancellation: cancellation)
        #expect(results.isCancelled)
        let counts = try #require(results[function]?.aggregates.counts)
        #expect(counts.total * line.count < 6 << 20, "\(counts.total) rows")
    }
}
