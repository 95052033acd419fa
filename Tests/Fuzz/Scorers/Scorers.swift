import FuzzDriver
import Glibc
import JSON
import ScoringCore

@testable import ScorerHost

/// What reads parameters, rows and replies: the scorers that ship with Assay, a target for each plugin. The plugins are built
/// beside this program, with the same instruments.
@main
struct ScorerTargets {
    static func main() {
        // Before the fuzzer starts, so that it counts what the plugin covers.
        _ = plugin
        let names = ["basic", "braintrust", "llm-as-judge", "math", "text"]
        let target: FuzzTarget = { run(score, $0, $1) }
        runFuzzer(Dictionary(uniqueKeysWithValues: names.map { ($0, target) }))
    }
}

/// The plugin that the command line names.
private let plugin: Plugin? = {
    guard CommandLine.arguments.count > 1 else { return nil }
    let program = CommandLine.arguments[0]
    let folder = program.lastIndex(of: "/").map { program[..<$0] } ?? "."
    return try? Plugin(loading: "\(folder)/lib\(CommandLine.arguments[1]).so") { _, _, _ in }
}()

/// A row is scored or fails with a reason, twice the same, and its score is in the range that the scorer declares.
///
/// The first byte chooses the scorer, parameters follow (an object, or nothing), then the row's cells and replies of models, each
/// after a zero byte.
private func score(_ bytes: [UInt8]) {
    guard let plugin, let first = bytes.first else { return }
    let parts = bytes.dropFirst().split(separator: 0, omittingEmptySubsequences: false)
    let empty = JSONValue.object([:])
    guard let params = parts[0].isEmpty ? empty : try? JSONValue(parsing: Array(parts[0])), params.object != nil else {
        return
    }
    let configuration: JSONValue = [
        "identifier": "fuzz::case", "return_type": ["type": first & 0x80 == 0 ? "number" : "string"], "params": params,
        "columns": ["input_query", "generated_answer", "expected_answer", "é"],
    ]
    let scorer: Scorer
    do {
        let id = plugin.scorers[Int(first & 0x7F) % plugin.scorers.count].id
        scorer = try Scorer(id, of: plugin, configuration: configuration.text)
    } catch let error as ParameterError {
        for fault in error.faults where fault.description.isEmpty { violated("a refusal without a reason") }
        return
    } catch {
        violated("parameters are neither taken nor refused", error)
    }
    let inputs = scorer.description.inputs
    let row = inputs.enumerated().map { index, input in
        cell(input, index + 1 < parts.count ? Array(parts[index + 1]) : nil)
    }
    let replies = parts.dropFirst(1 + inputs.count).map { String(decoding: $0, as: UTF8.self) }
    let result = outcome(of: row, scorer, replies)
    if outcome(of: row, scorer, replies) != result { violated("a row is scored in two ways", result) }
}

/// A cell as the engine would give it: text in UTF-8, and JSON that is valid.
private func cell(_ input: ColumnDescription, _ bytes: [UInt8]?) -> CheckCell {
    guard let bytes, !(bytes.isEmpty && input.isOptional) else { return input.isOptional ? .null : .text("") }
    let text = String(decoding: bytes, as: UTF8.self)
    return switch input.type {
    case .text: .text(text)
    case .json: .text(((try? JSONValue(parsing: text)) ?? .string(text)).text)
    case .textList: .list(text.split(separator: "\u{1}", omittingEmptySubsequences: false).map(String.init))
    case .f64: .number(Double(text).flatMap { $0.isFinite ? $0 : nil } ?? Double(bytes.count))
    case .i64: .integer(Int64(text) ?? Int64(bytes.count))
    case .bool: .bool(bytes.count % 2 == 1)
    }
}

/// Scores a row, and returns what it came to.
private func outcome(of row: [CheckCell], _ scorer: Scorer, _ replies: [String]) -> [String] {
    let call = ScorerCall(scorer)
    let batch = CheckBatch(scorer.description.inputs, [row])
    call.prepare(rowCount: 1)
    var progress = call.start(batch.columns, rowCount: 1)
    var rounds = 0
    var rest = replies[...]
    while case .waiting(let requests) = progress {
        rounds += 1
        if rounds > 500 { violated("a scorer asks without end", scorer.description.id) }
        for request in requests where (try? JSONValue(parsing: request.json))?.object == nil {
            violated("a request is not JSON", request.json)
        }
        progress = call.deliver(requests.map { reply(to: $0, rest.popFirst()) })
    }
    let outcome = call.results.outcomes[0]
    if outcome != .scored {
        guard let reason = call.results.reason(of: 0), !reason.isEmpty else {
            violated("a row fails without a reason", outcome)
        }
        if let cause = call.results.cause(of: 0), case .words = cause {
        } else {
            violated("a scorer breaks a rule", reason)
        }
        return ["\(outcome)", reason]
    }
    defer { withExtendedLifetime(batch) {} }
    return zip(scorer.description.outputs, call.results.outputs.map(\.view)).map { output, view in
        guard view.hasValue(0) else { return "-" }
        switch view.type {
        case .f64:
            let value = Double(bitPattern: UInt64(bitPattern: view.integer(0)))
            if !value.isFinite || output.range.map({ !$0.contains(value) }) ?? false {
                violated("a score is out of its range", output.name, value)
            }
            return "\(value)"
        case .i64, .bool: return "\(view.integer(0))"
        case .text, .textList: return String(decoding: view.text(0), as: UTF8.self)
        case .json:
            guard let json = try? JSONValue(parsing: Array(view.text(0))) else {
                violated("an output is not JSON", String(decoding: view.text(0), as: UTF8.self))
            }
            return json.text
        }
    }
}

/// A model's reply to a request: the text, or a failure where there is none.
private func reply(to request: ModelRequest, _ text: String?) -> ModelReply {
    guard let text else { return ModelReply(tag: request.tag, status: .failed, text: "no reply is left") }
    var reply = ModelReply(tag: request.tag, status: .answered, text: text, response: text)
    if (try? JSONValue(parsing: text)) == nil { reply.response = "" }
    if request.kind == .embeddings {
        reply.vectors = request.texts.indices.map { index in text.utf8.prefix(3).map { Double($0) - Double(index) } }
    }
    return reply
}
