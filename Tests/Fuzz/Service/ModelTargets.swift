import FuzzDriver
import JSON
import Web

@testable import Inference

/// A reply of a model's server is read or refused with a reason, and what was read is kept as JSON that holds its text. The
/// first byte chooses the operation and how thinking is told from the answer.
func reply(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    let operations: [InferenceRequest.Operation] = [.chat, .completion, .embedding, .agentTurn]
    let marks: [ReasoningSettings.Marks] = [.usual, .none, .closing(["</think>", "</a>"])]
    let operation = operations[Int(first & 3)]
    let settings = ReasoningSettings(marks: marks[Int(first >> 2) % 3], isKept: first & 0x40 == 0)
    let body = Array(bytes.dropFirst())
    _ = ServerError(body: body)
    do throws(BadResponse) {
        let reply = try InferenceReply(body, to: operation, reasoning: settings)
        guard let response = try? JSONValue(parsing: reply.response) else {
            violated("a response is not JSON", reply.response)
        }
        if operation == .chat, response["choices"]?.array?.first?["message"]?["content"]?.string ?? "" != reply.text {
            violated("the response says something else than the reply", reply.text, reply.response)
        }
    } catch {
        if error.reason.isEmpty { violated("a refusal without a reason") }
    }
}

/// A stream comes to the same reply whatever ends its lines and whatever comments are in it, and that is JSON.
func stream(_ bytes: [UInt8]) {
    _ = try? TurnEnd(events: bytes)
    guard let reply = try? StreamedReply(bytes) else { return }
    if case .whole(let object) = reply {
        let text = JSONValue.object(object).text
        guard let again = try? JSONValue(parsing: text), again.text == text else {
            violated("a reply changes when it is written", text)
        }
        _ = try? InferenceReply(Array(text.utf8), to: .chat)
    }
    guard !bytes.contains(UInt8(ascii: "\r")) else { return }
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let others = [
        Array(lines.joined(separator: [0x0D, 0x0A])), Array(lines.joined(separator: [0x0D])),
    ]
    for other in others where (try? StreamedReply(other)) != reply {
        violated("a reply depends on what ends its lines", reply, other)
    }
}

/// The body of a chat becomes one of each API, in JSON.
func chat(_ bytes: [UInt8]) {
    guard let chat = (try? JSONValue(parsing: bytes))?.object else { return }
    for api in ModelAPI.allCases {
        do throws(UnsupportedRequest) {
            let text = JSONValue.object(try api.body(of: chat)).text
            if (try? JSONValue(parsing: text)) == nil { violated("a body is not JSON", api, text) }
        } catch {
            if error.reason.isEmpty { violated("a refusal without a reason", api) }
        }
    }
}

/// No secret is left in a text, whether it stands there as it is or in the escapes of JSON. Zero bytes end the secrets.
func redaction(_ bytes: [UInt8]) {
    let parts = bytes.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
        .map { String(validating: $0, as: UTF8.self) }
    guard parts.count == 3, let one = parts[0], let two = parts[1], let text = parts[2] else { return }
    let redaction = Redaction([Secret(one), Secret(two)])
    let result = redaction(text)
    let quotedResult = redaction(JSONValue.string(text).text)
    for secret in [one, two] where secret.utf8.count >= 8 {
        // Such ones can come to be at the edge of what stands for them.
        if secret.contains("[") || secret.contains("]") || "[redacted]".contains(secret) { continue }
        for left in [result, quotedResult] where left.utf8.contains(secret.utf8) {
            violated("a secret is left", secret, left)
        }
    }
}

/// A file of models is read or refused with a place, and the models that it has can be made.
func models(_ bytes: [UInt8]) {
    guard let json = try? JSONValue(parsing: bytes) else { return }
    do throws(ConfigurationError) {
        let models = try ModelConfiguration.models(in: json, file: "fuzz.json")
        for configuration in models {
            _ = try? Model(configuration) { $0.isEmpty ? nil : "secret-of-\($0)" }
        }
        _ = try ModelConfiguration.agents(in: json, file: "fuzz.json")
    } catch {
        if error.description.isEmpty { violated("an error without words") }
    }
}

extension String.UTF8View {
    /// Whether the bytes of another text stand in this one.
    fileprivate func contains(_ other: String.UTF8View) -> Bool {
        var rest = self[...]
        while rest.count >= other.count {
            if rest.starts(with: other) { return true }
            rest.removeFirst()
        }
        return false
    }
}
