import Datasets
import FuzzDriver
import JSON
import ScoringDefinitions
import Web

@testable import AssayServer
@testable import Evaluation
@testable import HuggingFace

/// The body of a request of any route is read or refused, and its rows are those that a JSON parser finds, one a line.
func body(_ bytes: [UInt8]) {
    let padded = bytes + [UInt8](repeating: 0, count: JSONParser.padding)
    guard let root = try? RequestBody(padded: padded).root else {
        if let value = try? JSONValue(parsing: bytes), value.object != nil { violated("an object is refused", bytes) }
        return
    }
    for name in ["rows", "input_rows"] {
        guard let place = root.member(name), let rows = try? place.rows(limit: 1000) else { continue }
        check(rows, place.value.array ?? [])
    }
    let configuration = ServerConfiguration(version: "0")
    for name in ["params", "metadata", "scoring_functions"] {
        _ = try? root.member(name)?.limitedObject(configuration)
        _ = try? root.member(name)?.read(.texts)
        _ = try? root.member(name)?.identifier()
    }
    if let source = try? DatasetSource(root.member("source") ?? root, maxRows: 1000) { read(source) }
    _ = try? BenchmarkConfiguration(root.member("benchmark_config")?.value ?? root.value)
    _ = try? ScoringFunction(root.value, origin: "the body", allowsPlainIdentifier: true)
    _ = Benchmark(root.value)
}

private func read(_ source: DatasetSource) {
    _ = (source.definition, source.providerID)
    switch source {
    case .rows(let rows): _ = rows.lines()
    case .uri(let uri):
        _ = try? DataURI(uri)
        _ = try? HuggingFaceLocation(uri)
        _ = try? WebURL(parsing: uri)
    }
}

/// Checks that rows are the elements of an array, each on a line of its own, however small the pieces that are asked for.
private func check(_ rows: RequestRows, _ elements: [JSONValue]) {
    let lines = rows.lines()
    var pieces: [UInt8] = []
    var source = rows.open()
    var buffer = [UInt8](repeating: 0, count: 7)
    while let count = try? buffer.withUnsafeMutableBytes({ try source.read(into: $0) }), count > 0 {
        pieces += buffer[..<count]
    }
    if pieces != lines { violated("the rows depend on the pieces", lines, pieces) }
    let parsed = lines.split(separator: UInt8(ascii: "\n")).map { (try? JSONValue(parsing: Array($0)))?.text }
    if parsed != elements.map(\.text) { violated("a row is not what stands in the body", lines) }
}

/// What names a place on the network is read or refused. A dataset's URI, and a place that a server sends its clients on to.
func address(_ bytes: [UInt8]) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    _ = try? DataURI(text)
    if HuggingFaceLocation.isMeant(by: text) { _ = try? HuggingFaceLocation(text) }
    let lines = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = try? WebURL(parsing: String(lines[0])) else { return }
    if lines.count > 1, let next = address.redirected(to: String(lines[1])), (try? WebURL(parsing: next.text)) == nil {
        violated("where a server sends on is not an address", next.text)
    }
}
