import Foundation
import JSON
import ScorerHost
import ScoringCore
import Synchronization
import Testing

@testable import ScoringEngine

/// The folder of the package.
let packageFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appending(path: "../..").standardized.path

/// Where the plugins are built: beside the tests' executable.
let pluginFolder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path

/// The functions and scorers that come with Assay.
let shippedEngine = Engine(functionFolders: ["\(packageFolder)/scoring_fns"], pluginFolders: [pluginFolder])

/// The lines of a file among the test data.
func dataLines(_ name: String) throws -> [String] {
    let text = try String(contentsOfFile: "\(packageFolder)/Tests/ScoringEngineTests/Data/\(name)", encoding: .utf8)
    return text.split(separator: "\n").map(String.init)
}

/// Takes the output of a run.
final class Output: Sendable {
    private let bytes = Mutex<[UInt8]>([])
    private let calls = Mutex<Int>(0)

    var sink: RowSink {
        { lines in
            self.calls.withLock { $0 += 1 }
            self.bytes.withLock { $0.append(contentsOf: lines) }
        }
    }

    var callCount: Int { calls.withLock { $0 } }
    var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
    var lines: [String] { text.split(separator: "\n").map(String.init) }
}

/// What a run of one function gave.
struct Scoring {
    var output: Output
    var results: ScoringResults
    var function: String

    /// Scores lines of JSON.
    init(
        _ jsonLines: String, _ function: String, _ parameters: JSONObject? = nil, engine: Engine = shippedEngine,
        _ configure: (inout ScoringRequest) -> Void = { _ in }
    ) throws {
        try self.init(
            Dataset(jsonLines: jsonLines, named: "rows"), function, parameters, engine: engine, configure)
    }

    init(
        _ dataset: Dataset, _ function: String, _ parameters: JSONObject? = nil, engine: Engine = shippedEngine,
        _ configure: (inout ScoringRequest) -> Void = { _ in }
    ) throws {
        self.function = function
        output = Output()
        var request = ScoringRequest(dataset, functions: [(function, parameters)])
        configure(&request)
        results = try engine.score(request, sink: output.sink)
    }

    /// What each line says of the function, such as `{"score": 1.0}`.
    var verdicts: [JSONValue] {
        get throws {
            try output.lines.map { line in
                try #require(JSONValue(parsing: line)["scores"]?[function], "\(line)")
            }
        }
    }

    var counts: OutcomeCounts { results[function]?.aggregates.counts ?? OutcomeCounts() }
}

/// The line of a row for functions that compare two answers, given as JSON.
func answers(_ generated: String, _ expected: String) -> String {
    "{\"generated_answer\": \(generated), \"expected_answer\": \(expected)}\n"
}
