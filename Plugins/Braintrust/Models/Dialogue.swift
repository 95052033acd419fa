import JSON
import ScorerKit
import ScorerParameters

/// What happens next for a row: requests, and what follows from their replies; or the row's score.
indirect enum Dialogue {
    /// Tool calls that a model is asked for at the same time, and what follows from their arguments, in the same order.
    case ask([ToolRequest], then: ([JSONObject]) throws(RowFault) -> Dialogue)
    /// Texts that are embedded, and what follows from their vectors.
    case embed([String], then: ([[Double]]) throws(RowFault) -> Dialogue)
    /// A text that is checked by a moderation model, and what follows from its result.
    case moderate(String, then: (JSONObject) throws(RowFault) -> Dialogue)
    case score(Double, metadata: JSONObject = [:])
}

extension Dialogue {
    /// A single tool call with the prompt of a row, and what follows from its arguments.
    static func ask(
        _ tool: Tool, about row: ModelRow, _ settings: ModelSettings,
        then: @escaping (JSONObject) throws(RowFault) -> Dialogue
    ) throws(RowFault) -> Dialogue {
        let prompt = try settings.prompt("prompt_template") { row[$0] }
        return .ask([ToolRequest(prompt: prompt, tool: tool)]) { replies throws(RowFault) in try then(replies[0]) }
    }
}

/// A tool that a model must call, and the prompt that it is called for.
struct ToolRequest {
    var prompt: String
    var tool: Tool
    /// Tells apart requests that are otherwise equal.
    var sample = 0
}

/// A tool whose arguments are the reply.
struct Tool: Sendable {
    var name: String
    var description: String
    /// The members of the arguments, all of them required, and their schemas.
    var members: JSONObject

    /// A JSON Schema of the arguments.
    var schema: JSONValue { .schema(ofObjectWith: members) }

    /// The arguments in a reply.
    ///
    /// A server that does not know tools replies with a text, which is accepted if it is the JSON object of the arguments.
    func arguments(in reply: ModelReply) throws(RowFault) -> JSONObject {
        var parser = JSONParser()
        let response = try? parser.parse(reply.response)
        let call = response?["choices"]?.array?.first?["message"]?["tool_calls"]?.array?.first?["function"]
        if let called = call?["name"]?.string, called != name {
            throw RowFault(.unparsed, "the model called the tool \"\(called.prefix(80))\" instead of \"\(name)\"")
        }
        let text: String
        var arguments: JSONObject?
        if let call {
            // Some servers have an object, and not its text.
            arguments = call["arguments"]?.object
            text = call["arguments"]?.string ?? ""
        } else {
            text = reply.text
        }
        guard let object = arguments ?? (try? JSONValue(parsing: Self.unfenced(text)))?.object else {
            throw RowFault(
                .unparsed,
                call == nil
                    ? "the reply neither calls the tool \"\(name)\" nor is a JSON object with its arguments"
                    : "the arguments of the tool call are not a JSON object"
                        + (reply.isCutOff ? "; the reply was cut off" : ""))
        }
        return object
    }

    /// A text without the Markdown fence around it.
    private static func unfenced(_ text: String) -> String {
        var lines = text.split(whereSeparator: \.isNewline)[...]
        guard lines.count > 2, lines.first?.hasPrefix("```") == true, lines.last?.hasPrefix("```") == true else {
            return text
        }
        lines = lines.dropFirst().dropLast()
        return lines.joined(separator: "\n")
    }
}

extension JSONValue {
    /// The schema of an object with members of such schemas, all of them required.
    static func schema(ofObjectWith members: JSONObject) -> JSONValue {
        [
            "type": "object", "properties": .object(members), "required": .array(members.keys.map(JSONValue.string)),
            "additionalProperties": false,
        ]
    }
}

extension JSONObject {
    /// A member of a tool's arguments, which must be there.
    func required<Value>(
        _ name: String, _ expected: String, _ read: (JSONValue) -> Value?
    ) throws(RowFault) -> Value {
        guard let value = self[name].flatMap(read) else {
            let found = self[name]?.kind ?? "nothing"
            throw RowFault(.unparsed, "\"\(name)\" in the reply is \(found); expected \(expected)")
        }
        return value
    }

    func list(_ name: String) throws(RowFault) -> [JSONValue] { try required(name, "an array", \.array) }

    func texts(_ name: String) throws(RowFault) -> [String] {
        try required(name, "an array of strings") { value in
            let texts = value.array?.compactMap(\.string)
            return texts?.count == value.array?.count ? texts : nil
        }
    }

    /// A verdict: a number, or true and false as 1 and 0.
    func verdict(_ name: String) throws(RowFault) -> Double {
        try required(name, "a number") { value in
            switch value {
            case .number(let number): number.double.isFinite ? number.double : nil
            case .bool(let truth): truth ? 1 : 0
            default: nil
            }
        }
    }
}
