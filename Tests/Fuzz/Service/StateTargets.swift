import FuzzDriver
import Inference
import JSON

@testable import ScoringEngine

/// A line of results of a batch is a reply, a failure or ignored, with a reason; its lines are separate.
func batch(_ bytes: [UInt8]) {
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
        guard let json = try? JSONValue(parsing: Array(line)) else { continue }
        switch BatchResult(json) {
        case .reply: break
        case .failure(_, let failure):
            if failure.message.isEmpty || failure.message.contains("\n") {
                violated("a failure is not one line", failure.message)
            }
        case .ignored(let reason): if reason.isEmpty { violated("a line is ignored without a reason") }
        }
    }
}

/// A state is read or refused with words. What is read is written as the same state, merges with itself, and has results. The
/// bytes are what the checksum is of, so the fuzzer need not find that.
func state(_ bytes: [UInt8]) {
    do throws(StateError) {
        let state = try RunState(StateFile.frame(bytes), named: "fuzz.state")
        let written = state.bytes
        guard let again = try? RunState(written, named: "fuzz.state"), again.bytes == written else {
            violated("a state changes when it is written", written.count)
        }
        var merged = state
        try merged.merge(written, named: "fuzz.state")
        guard let other = try? RunState(merged.bytes, named: "fuzz.state") else {
            violated("a merged state cannot be read")
        }
        for results in [state, other] {
            let text = results.results { _, _, _ in [:] }.json.text
            if (try? JSONValue(parsing: text)) == nil { violated("results are not JSON", text) }
        }
    } catch {
        if error.description.isEmpty { violated("a refusal without a reason") }
    }
}
