import JSON
import JinjaTemplates

/// A configuration of NeMo Evaluator of the type `custom`, compiled: tasks, each with a template for the candidate and metrics.
///
///     {"type": "custom", "params": {"max_tokens": 200},
///      "tasks": {"qa": {"type": "completion", "params": {"template": {"prompt": "{{prompt}}"}},
///                       "dataset": {"files_url": "hf://datasets/default/sample/testing.jsonl"},
///                       "metrics": {"bleu": {"type": "bleu", "params": {"references": ["{{ideal_response}}"]}}}}}}
struct CustomConfiguration: Sendable {
    struct Task: Sendable {
        var name: String
        /// The request for a row; nil where the rows are scored as they are.
        var template: CustomTemplate?
        /// The address of the rows; nil for the benchmark's dataset.
        var filesURL: String?
        var limit: Int?
        var metrics: [CustomMetric]
    }

    var tasks: [Task]
    /// Sampling parameters of all tasks, unless their templates set others.
    var sampling: JSONObject
    var limit: Int?

    private static let samplingNames = ["max_tokens", "temperature", "top_p", "stop"]
    private static let params =
        samplingNames + ["parallelism", "limit_samples", "max_retries", "request_timeout", "extra"]

    /// - Parameter pointer: the place of the configuration in the request, for messages.
    init(_ configuration: JSONObject, at pointer: JSONPointer = JSONPointer("/metadata")) throws(EvaluationError) {
        do throws(JSONFault) {
            let place = JSONPlace(.object(configuration), at: pointer)
            try place.checkNames(["type", "name", "namespace", "params", "tasks", "groups", "description"])
            let params = place["params"]
            try params?.checkNames(Self.params)
            sampling = [:]
            for name in Self.samplingNames { sampling[name] = params?[name]?.value }
            for (name, value) in try params?.optional("extra", .object)?.members ?? [] { sampling[name] = value }
            limit = try params?.optional("limit_samples", .integer(from: 1))
            guard let all = place["tasks"] else { throw place.missing("tasks", "an object of tasks") }
            tasks = []
            for (name, task) in try all.members() { tasks.append(try Self.task(name, task)) }
            if tasks.isEmpty { throw all.fault("an object with at least one task") }
            for (_, group) in try place["groups"]?.members() ?? [] where group["metrics"] != nil {
                throw Unsupported.fault(group, "groups with metrics of their own; name metrics in tasks")
            }
        } catch {
            throw EvaluationError(error)
        }
    }

    private static func task(_ name: String, _ place: JSONPlace) throws(JSONFault) -> Task {
        try place.checkNames(["type", "params", "dataset", "metrics", "description"])
        let type = try place.required("type", .text)
        guard ["completion", "chat-completion", "data"].contains(type) else {
            throw Unsupported.fault(
                place["type"] ?? place,
                "tasks of the type \(quoted(type)); expected completion, chat-completion or data")
        }
        let template = place["params"]?["template"]
        var task = Task(name: name, metrics: [])
        if type == "data" {
            if let template { throw template.fault("no template: rows of a data task are scored as they are") }
        } else {
            guard let template else {
                let params = place["params"] ?? JSONPlace([:], at: place.pointer.appending("params"))
                throw params.missing("template", "a prompt, or an object with a \"prompt\" or \"messages\"")
            }
            task.template = try CustomTemplate(template)
        }
        if let dataset = place["dataset"] {
            if let text = dataset.value.string {
                task.filesURL = text
            } else {
                try dataset.checkNames(["files_url", "limit", "split", "format", "hf_endpoint", "name", "namespace"])
                task.filesURL = try dataset.required("files_url", .nonEmptyText("the address of a file"))
                task.limit = try dataset.optional("limit", .integer(from: 1))
            }
        }
        guard let metrics = place["metrics"] else { throw place.missing("metrics", "an object of metrics") }
        for (name, metric) in try metrics.members() { task.metrics.append(try CustomMetric(name, metric)) }
        if task.metrics.isEmpty { throw metrics.fault("an object with at least one metric") }
        return task
    }
}

/// What only NeMo Evaluator itself can run.
enum Unsupported {
    static func fault(_ place: JSONPlace, _ what: String) -> JSONFault {
        JSONFault(
            at: place.pointer, found: "what this server cannot run without NeMo Evaluator",
            expected: "something else than \(what)")
    }
}

/// A JSON value whose strings are templates.
indirect enum CustomTemplate: Sendable {
    case constant(JSONValue)
    case template(JinjaTemplate)
    case array([CustomTemplate])
    case object([(key: String, value: CustomTemplate)])

    init(_ place: JSONPlace) throws(JSONFault) {
        switch place.value {
        case .string(let text):
            do throws(JinjaTemplate.Fault) {
                let template = try JinjaTemplate(text)
                self = .template(template)
            } catch {
                throw JSONFault(
                    at: place.pointer, found: "a template that is not valid \(error)",
                    expected: "text with {{ expressions }}")
            }
        case .array:
            var elements: [CustomTemplate] = []
            for element in try place.elements() { elements.append(try CustomTemplate(element)) }
            self = .array(elements)
        case .object:
            var members: [(key: String, value: CustomTemplate)] = []
            for (name, member) in try place.members() { members.append((name, try CustomTemplate(member))) }
            self = .object(members)
        default: self = .constant(place.value)
        }
    }

    /// Whether the same for all rows.
    var isConstant: Bool {
        switch self {
        case .constant: true
        case .template(let template): template.isConstant
        case .array(let elements): elements.allSatisfy(\.isConstant)
        case .object(let members): members.allSatisfy(\.value.isConstant)
        }
    }

    func value(_ context: CustomContext) throws(JinjaTemplate.RenderingFault) -> JSONValue {
        switch self {
        case .constant(let value): return value
        case .template(let template): return try template.value(context.find)
        case .array(let elements):
            var values: [JSONValue] = []
            for element in elements { values.append(try element.value(context)) }
            return .array(values)
        case .object(let members):
            var object = JSONObject()
            for (key, value) in members { object[key] = try value.value(context) }
            return .object(object)
        }
    }
}

/// The names that templates see: `item` and its columns, `sample` and its members; those of the sample win.
struct CustomContext: Sendable {
    private let item: JSONObject
    private let sample: JSONObject?

    /// - Parameter isGenerated: whether the row has an answer, so that there is a sample.
    init(_ row: JSONObject, isGenerated: Bool) {
        var own = row
        if isGenerated {
            for name in CustomRows.generatedNames { own[name] = nil }
            // Members of a run's lines.
            for name in ["row", "scores", CustomRows.requestColumn, CustomRows.ownColumn] { own[name] = nil }
            for (name, value) in row[CustomRows.ownColumn]?.object?.members ?? [] { own[name] = value }
        }
        // As NeMo names columns: other characters become underscores, and letters are lower case.
        var item = own
        for (name, value) in own.members {
            let plain = Self.plain(name)
            if plain == name { continue }
            var free = plain
            var number = 0
            while item[free] != nil {
                number += 1
                free = "\(plain)_\(number)"
            }
            item[free] = value
        }
        self.item = item
        guard isGenerated else {
            sample = nil
            return
        }
        let answer = row[GeneratedColumn.generatedAnswer.rawValue] ?? ""
        var message: JSONObject = ["role": "assistant", "content": answer]
        message["tool_calls"] = row[GeneratedColumn.toolCalls.rawValue] ?? []
        sample = [
            "output_text": answer == .null ? "" : answer,
            "response": [
                "choices": [
                    [
                        "index": 0, "message": .object(message),
                        "finish_reason": row[GeneratedColumn.finishReason.rawValue] ?? "stop",
                    ]
                ]
            ],
        ]
    }

    private static func plain(_ name: String) -> String {
        String(name.lowercased().map { $0.isLetter || $0.isNumber ? $0 : "_" })
    }

    func find(_ name: String) -> JSONValue? {
        switch name {
        case "item": .object(item)
        case "sample": sample.map { .object($0) } ?? item["sample"]
        default: sample?[name] ?? item[name]
        }
    }
}
