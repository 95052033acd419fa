import JSON
import PromptTemplates
import ScorerKit
import ScorerParameters

/// The parameters that all functions that ask models have, and the requests made with them.
struct ModelSettings: Sendable {
    /// What the model that replies does not know by itself goes into every request.
    private let tail: String
    /// Whether models are asked to call a tool; otherwise, for a reply in JSON.
    private let usesTools: Bool
    /// The templates, by the name of their parameter.
    private let templates: [String: PromptBlocks]
    /// The bytes that a prompt may have, and texts that are embedded together.
    private let promptSize: Int
    /// The least cosine of vectors that counts.
    let leastCosine: Double

    init(
        _ parameters: inout Configuration, templates defaults: [(name: String, text: String)],
        temperature usual: Double,
        asksJudge: Bool, embeds: Bool
    ) throws(ParameterRejection) {
        promptSize = parameters.limit("prompt_bytes", usual: PromptTemplate.longestPrompt)
        var members: JSONObject = [:]
        var usesTools = true
        if asksJudge {
            parameters.skip("judge_model")
            let temperature = try parameters.number("temperature", expected: "a number of at least 0") { $0 >= 0 }
            if let temperature {
                members["temperature"] = .number(temperature)
            } else if !parameters.isNull("temperature") {
                members["temperature"] = usual == 0 ? 0 : JSONValue(usual)
            }
            members["max_tokens"] = try parameters.integer("max_tokens", in: 1...1 << 31).map { JSONValue($0) }
            usesTools = try parameters.boolean("use_tools") ?? true
        }
        var least = 0.7
        if embeds {
            parameters.skip("embedding_model")
            least =
                try parameters.number("expected_min", expected: "a number of at least -1 and below 1") {
                    $0 >= -1 && $0 < 1
                }?
                .double ?? least
        }
        leastCosine = least
        self.usesTools = usesTools
        tail = members.members.map { ", \(quoted($0.key)): \($0.value.text)" }.joined()
        var templates: [String: PromptBlocks] = [:]
        for (name, text) in defaults {
            let own = try parameters.text(name, canBeEmpty: false)
            let template = PromptTemplate(own ?? text).naming(parameters.columns)
            if template.columns.isEmpty {
                throw ParameterRejection(
                    of: name, "names no column, so all rows would have the same prompt; expected columns in braces")
            }
            templates[name] = PromptBlocks(template)
        }
        self.templates = templates
    }

    /// The columns that a template names.
    func columns(of template: String) -> [String] { templates[template]?.template.columns ?? [] }

    /// The prompt of a template with values by the names of their columns.
    ///
    /// - Throws: if it would be larger than a prompt may be.
    func prompt(_ name: String, _ value: (String) -> String) throws(RowFault) -> String {
        guard let blocks = templates[name] else { return "" }
        let values = blocks.template.columns.map { Array(value($0).utf8) }
        try check(blocks.template.size(withValuesOf: values.map(\.count)))
        return Self.withBuffers(values[...], []) { blocks.rendered($0) }
    }

    /// Checks the bytes of a prompt, or of texts that are embedded together.
    func check(_ size: Int) throws(RowFault) {
        if size > promptSize { throw RowFault(.inputError, PromptTemplate.fault(size: size, limit: promptSize)) }
    }

    private static func withBuffers(
        _ values: ArraySlice<[UInt8]>, _ buffers: [UnsafeRawBufferPointer], _ body: ([UnsafeRawBufferPointer]) -> String
    ) -> String {
        guard let first = values.first else { return body(buffers) }
        return first.withUnsafeBytes { withBuffers(values.dropFirst(), buffers + [$0], body) }
    }

    /// The request for a tool call.
    ///
    /// - Parameter withoutTools: whether a server that refused tools is asked for JSON instead.
    func body(_ request: ToolRequest, withoutTools: Bool) -> String {
        let message = "{\"messages\": [{\"role\": \"user\", \"content\": \(quoted(request.prompt))}]"
        let tool = request.tool
        guard usesTools && !withoutTools else {
            let format: JSONValue = [
                "type": "json_schema",
                "json_schema": ["name": .string(tool.name), "schema": tool.schema, "strict": true],
            ]
            return message + tail + ", \"response_format\": \(format.text)}"
        }
        let function: JSONValue = [
            "type": "function",
            "function": [
                "name": .string(tool.name), "description": .string(tool.description), "parameters": tool.schema,
            ],
        ]
        let choice: JSONValue = ["type": "function", "function": ["name": .string(tool.name)]]
        return message + tail + ", \"tools\": [\(function.text)], \"tool_choice\": \(choice.text)}"
    }

    /// Whether a failed request may succeed without tools.
    func mayRepeatWithoutTools(after message: String) -> Bool {
        usesTools && message.lowercased().contains("tool")
    }

    /// How similar two texts are by their vectors: the cosine, from `expected_min` on.
    func similarity(_ one: [Double], _ other: [Double]) -> Double {
        var (product, first, second) = (0.0, 0.0, 0.0)
        for (a, b) in zip(one, other) {
            product += a * b
            first += a * a
            second += b * b
        }
        let length = first.squareRoot() * second.squareRoot()
        let cosine = length > 0 ? product / length : 0
        return max(0, (min(1, cosine) - leastCosine) / (1 - leastCosine))
    }

    /// Properties of a JSON Schema of the parameters.
    static func schema(templates: [String], asksJudge: Bool, embeds: Bool, more: String) -> String {
        var properties: [String] = []
        if asksJudge {
            properties += [
                #""judge_model": {"type": "string", "minLength": 1}"#,
                #""temperature": {"type": ["number", "null"], "minimum": 0}"#,
                #""max_tokens": {"type": "integer", "minimum": 1}"#, #""use_tools": {"type": "boolean"}"#,
            ]
        }
        if embeds {
            properties += [
                #""embedding_model": {"type": "string", "minLength": 1}"#,
                #""expected_min": {"type": "number", "minimum": -1, "exclusiveMaximum": 1}"#,
            ]
        }
        properties += templates.map { "\"\($0)\": {\"type\": \"string\", \"minLength\": 1}" }
        if !more.isEmpty { properties.append(more) }
        return #"{"type": "object", "additionalProperties": false, "properties": {"#
            + properties.joined(separator: ", ") + "}}"
    }
}
