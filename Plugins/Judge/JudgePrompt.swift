import JSON
import PromptTemplates
import ScorerKit
import ScorerParameters

/// The messages of a judge's requests, with places for the row's values: those of `judge_messages`, or `system_prompt` and
/// `prompt_template`.
struct JudgePrompt: Sendable {
    /// A column that messages name.
    struct Column: Sendable {
        var name: String
        /// Whether rows without it are judged: only images that may be missing name it.
        var isOptional: Bool
    }

    private enum Part: Sendable {
        /// A text sent as written.
        case plain(String)
        case text(PromptBlocks, columns: [Int?])
        case image(PromptTemplate, columns: [Int?], detail: String?, isOptional: Bool)
    }

    private struct Message: Sendable {
        var role: String
        /// One text, or a list of parts.
        var parts: [Part]
        var isList: Bool
    }

    private var messages: [Message] = []
    private(set) var columns: [Column] = []
    /// The index of each column.
    private var places: [ExactText: Int] = [:]
    /// What stands in the place {rubric}: the rubric and the criteria; nil where there are none.
    private let rubric: String?
    /// What follows the last message.
    private var suffix = ""

    /// Columns that a prompt may name: each is read of each row.
    private static let mostColumns = 1000

    /// - Parameters:
    ///   - rubric: the text of the rubric and of the criteria, which stands in the place {rubric}, or else after the last
    ///     message.
    ///   - instruction: says what the reply must be; follows the last message.
    init(
        _ parameters: inout Configuration, rubric: String?, instruction: String?
    ) throws(ParameterRejection) {
        self.rubric = rubric
        let given = parameters.value("judge_messages")
        let isPrompt = parameters.value("prompt_template") != nil
        let system = try parameters.text("system_prompt", canBeEmpty: false)
        if let given {
            for (name, isGiven) in [("prompt_template", isPrompt), ("system_prompt", system != nil)] where isGiven {
                throw ParameterRejection(of: name, "is set together with judge_messages; expected one of them")
            }
            try read(given, parameters.columns)
        } else {
            let name = "prompt_template"
            guard let text = try parameters.text(name, canBeEmpty: false) else {
                throw ParameterRejection(
                    of: name,
                    "\(parameters.identifier) has no prompt of its own; set prompt_template to a text that names columns "
                        + "in braces, such as {generated_answer}")
            }
            if let system { messages.append(Message(role: "system", parts: [.plain(system)], isList: false)) }
            messages.append(Message(role: "user", parts: [textPart(text, parameters.columns)], isList: false))
        }
        try checkColumns(isGiven: given != nil)
        if let rubric, !hasRubricPlace { suffix += "\n\n\(rubric)" }
        if let instruction { suffix += "\n\n\(instruction)" }
    }

    // MARK: Reading

    private mutating func read(_ json: JSONValue, _ names: [String]) throws(ParameterRejection) {
        let pointer = JSONPointer("/params/judge_messages")
        func rejection(_ pointer: JSONPointer, _ message: String) -> ParameterRejection {
            ParameterRejection(pointer: pointer.description, message)
        }
        guard let elements = json.array, !elements.isEmpty else {
            throw rejection(
                pointer,
                "found \(json == [] ? "no element" : json.kind); expected an array of messages, such as "
                    + "[{\"role\": \"user\", \"content\": \"…\"}]")
        }
        for (index, element) in elements.enumerated() {
            let place = pointer.appending(index)
            guard let members = element.object else {
                throw rejection(place, "found \(element.kind); expected an object with \"role\" and \"content\"")
            }
            for key in members.keys where !["role", "content"].contains(key) {
                throw rejection(place.appending(key), "an unknown member; expected role or content")
            }
            guard let role = members["role"]?.string, ["system", "developer", "user", "assistant"].contains(role) else {
                throw rejection(
                    place.appending("role"),
                    "found \(members["role"]?.text.shortened ?? "nothing"); expected \"system\", \"user\" or \"assistant\""
                )
            }
            switch members["content"] ?? .null {
            case .string(let text) where !text.trimmed.isEmpty:
                messages.append(Message(role: role, parts: [textPart(text, names)], isList: false))
            case .array(let parts) where !parts.isEmpty:
                var read: [Part] = []
                for (index, part) in parts.enumerated() {
                    read.append(try self.part(part, at: place.appending("content").appending(index), role, names))
                }
                messages.append(Message(role: role, parts: read, isList: true))
            case let other:
                throw rejection(
                    place.appending("content"),
                    "found \(other.string == nil && other != [] ? other.kind : "nothing"); expected a text, or an array of "
                        + "parts such as {\"type\": \"text\", \"text\": \"…\"}")
            }
        }
        guard messages.last?.role == "user" else {
            throw rejection(
                pointer.appending(messages.count - 1).appending("role"),
                "found \(quoted(messages.last?.role ?? "")); expected \"user\": the judge replies to the last message")
        }
    }

    private mutating func part(
        _ json: JSONValue, at pointer: JSONPointer, _ role: String, _ names: [String]
    ) throws(ParameterRejection) -> Part {
        func rejection(_ member: String, _ message: String) -> ParameterRejection {
            ParameterRejection(pointer: pointer.appending(member).description, message)
        }
        let type = json["type"]?.string
        let known = type == "image_url" ? ["type", "image_url", "optional"] : ["type", "text"]
        for key in json.object?.keys ?? [] where !known.contains(key) {
            throw rejection(key, "an unknown member; expected \(known.joined(separator: ", "))")
        }
        switch type {
        case "text":
            guard let text = json["text"]?.string, !text.trimmed.isEmpty else {
                throw rejection("text", "found \(json["text"]?.kind ?? "nothing"); expected a non-empty string")
            }
            return textPart(text, names)
        case "image_url":
            if role != "user" {
                throw rejection(
                    "type", "found \"image_url\" in a message of the role \(quoted(role)); images belong to \"user\"")
            }
            let image = json["image_url"]
            guard let url = image?.string ?? image?["url"]?.string, !url.trimmed.isEmpty else {
                throw rejection(
                    "image_url",
                    "found \(image?.kind ?? "nothing"); expected {\"url\": \"{image}\"}, with the column in braces")
            }
            for key in image?.object?.keys ?? [] where !["url", "detail"].contains(key) {
                throw ParameterRejection(
                    pointer: pointer.appending("image_url").appending(key).description,
                    "an unknown member; expected url or detail")
            }
            if let detail = image?["detail"], detail.string == nil {
                throw ParameterRejection(
                    pointer: pointer.appending("image_url").appending("detail").description,
                    "found \(detail.kind); expected a string such as \"low\"")
            }
            var isOptional = false
            if let given = json["optional"] {
                guard case .bool(let truth) = given else {
                    throw rejection("optional", "found \(given.kind); expected true or false")
                }
                isOptional = truth
            }
            let template = PromptTemplate(url).naming(names)
            let places = template.columns.map { index(of: $0, isOptional: isOptional) as Int? }
            return .image(template, columns: places, detail: image?["detail"]?.string, isOptional: isOptional)
        default:
            throw rejection(
                "type", "found \(json["type"]?.text.shortened ?? "nothing"); expected \"text\" or \"image_url\"")
        }
    }

    private mutating func textPart(_ text: String, _ names: [String]) -> Part {
        let template = PromptTemplate(text).naming(names)
        let places = template.columns.map { isRubric($0) ? nil : index(of: $0, isOptional: false) }
        return .text(PromptBlocks(template), columns: places)
    }

    private func isRubric(_ name: String) -> Bool { rubric != nil && name == "rubric" }

    private mutating func index(of name: String, isOptional: Bool) -> Int {
        if let index = places[ExactText(name)] {
            if !isOptional { columns[index].isOptional = false }
            return index
        }
        places[ExactText(name)] = columns.count
        columns.append(Column(name: name, isOptional: isOptional))
        return columns.count - 1
    }

    private var hasRubricPlace: Bool {
        messages.contains { message in
            message.parts.contains { if case .text(_, let columns) = $0 { columns.contains(nil) } else { false } }
        }
    }

    private func checkColumns(isGiven: Bool) throws(ParameterRejection) {
        let name = isGiven ? "judge_messages" : "prompt_template"
        if !columns.contains(where: { !$0.isOptional }) {
            let templates = messages.flatMap(\.parts).compactMap { part -> PromptTemplate? in
                if case .text(let blocks, _) = part { blocks.template } else { nil }
            }
            let doubt = templates.lazy.flatMap { $0.doubts() }.first.map { " (\($0.text): \($0.advice))" } ?? ""
            throw ParameterRejection(
                of: name,
                "names no column, so all rows would have the same prompt; expected columns in braces, such as "
                    + "{generated_answer}\(doubt)")
        }
        if columns.count > Self.mostColumns {
            throw ParameterRejection(of: name, "names \(columns.count) columns; a prompt may name \(Self.mostColumns)")
        }
    }

    // MARK: Filling in

    /// The bytes of the messages with values of such sizes.
    func size(withValuesOf sizes: [Int]) -> Int {
        let rubricSize = rubric?.utf8.count ?? 0
        return messages.reduce(suffix.utf8.count) { size, message in
            message.parts.reduce(size) { size, part in
                switch part {
                case .plain(let text): size + text.utf8.count
                case .text(let blocks, let columns):
                    size + blocks.template.size(withValuesOf: columns.map { $0.map { sizes[$0] } ?? rubricSize })
                case .image(let template, let columns, _, _):
                    size + template.size(withValuesOf: columns.map { $0.map { sizes[$0] } ?? 0 })
                }
            }
        }
    }

    /// The messages with a row's values, as the elements of a JSON array.
    ///
    /// - Parameters:
    ///   - values: by the index of the column; nil where the row has none.
    ///   - more: a text after the last message.
    /// - Throws: if the row's image is not one that a request can name.
    func messages(_ values: [UnsafeRawBufferPointer?], more: String = "") throws(RowFault) -> String {
        var json = ""
        for (index, message) in messages.enumerated() {
            if index > 0 { json += ", " }
            let end = index == messages.count - 1 ? suffix + more : ""
            json += "{\"role\": \"\(message.role)\", \"content\": "
            if message.isList {
                var parts: [String] = []
                for part in message.parts { parts += try self.json(part, values) }
                if !end.isEmpty { parts.append("{\"type\": \"text\", \"text\": \(quoted(String(end.trimmed)))}") }
                json += "[\(parts.joined(separator: ", "))]"
            } else {
                json += quoted(message.parts.map { text(of: $0, values) }.joined() + end)
            }
            json += "}"
        }
        return json
    }

    private func text(of part: Part, _ values: [UnsafeRawBufferPointer?]) -> String {
        switch part {
        case .plain(let text): return text
        case .image: return ""
        case .text(let blocks, let columns):
            guard columns.contains(nil) else { return blocks.rendered(columns.map { value($0, values) }) }
            var rubric = rubric ?? ""
            return rubric.withUTF8 { rubric in
                blocks.rendered(columns.map { $0 == nil ? UnsafeRawBufferPointer(rubric) : value($0, values) })
            }
        }
    }

    private func value(_ column: Int?, _ values: [UnsafeRawBufferPointer?]) -> UnsafeRawBufferPointer {
        column.flatMap { values[$0] } ?? UnsafeRawBufferPointer(start: nil, count: 0)
    }

    private func json(_ part: Part, _ values: [UnsafeRawBufferPointer?]) throws(RowFault) -> [String] {
        guard case .image(let template, let columns, let detail, let isOptional) = part else {
            return ["{\"type\": \"text\", \"text\": \(quoted(text(of: part, values)))}"]
        }
        if isOptional, columns.contains(where: { value($0, values).isEmpty }) { return [] }
        var images: [String] = []
        for url in try urls(template, columns, values) {
            let detail = detail.map { ", \"detail\": \(quoted($0))" } ?? ""
            images.append("{\"type\": \"image_url\", \"image_url\": {\"url\": \(quoted(url))\(detail)}}")
        }
        return images
    }

    /// The URLs of a place for images: several if its value is a list.
    private func urls(
        _ template: PromptTemplate, _ columns: [Int?], _ values: [UnsafeRawBufferPointer?]
    ) throws(RowFault) -> [String] {
        let text = template.rendered(columns.map { value($0, values) })
        var urls = [text]
        if text.utf8.first == UInt8(ascii: "["), let list = (try? JSONValue(parsing: text))?.array {
            urls = list.map { $0.string ?? $0["url"]?.string ?? $0.text }
        }
        for url in urls {
            let start = url.prefix(11).lowercased()
            guard start.hasPrefix("https://") || start.hasPrefix("http://") || start.hasPrefix("data:image/"),
                !url.unicodeScalars.contains(where: \.properties.isWhitespace)
            else {
                throw RowFault(
                    .inputError,
                    "\"\(url.shortened)\" is not the URL of an image; expected https://…, http://… or data:image/…")
            }
        }
        return urls
    }
}
