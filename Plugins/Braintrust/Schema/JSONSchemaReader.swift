import JSON
import Patterns

/// Reads a schema and the schemas in it.
struct JSONSchemaReader {
    private let root: JSONValue
    private var nodes: [JSONSchemaNode] = []
    /// The index of each schema that has been read, by its pointer.
    private var indices: [String: Int] = [:]

    /// The most schemas in one.
    private static let mostNodes = 10_000

    init(root: JSONValue) {
        self.root = root
    }

    mutating func read() throws(JSONSchemaError) -> [JSONSchemaNode] {
        if let dialect = root["$schema"]?.string, !dialect.contains("json-schema.org/") {
            throw JSONSchemaError(
                pointer: "/$schema", message: "found \"\(dialect)\"; expected a version of JSON Schema")
        }
        _ = try node(root, "")
        return nodes
    }

    private mutating func node(_ json: JSONValue, _ pointer: String) throws(JSONSchemaError) -> Int {
        if let known = indices[pointer] { return known }
        guard nodes.count < Self.mostNodes, pointer.utf8.count < 4096 else {
            throw JSONSchemaError(pointer: pointer, message: "the schema has too many schemas in it")
        }
        let index = nodes.count
        indices[pointer] = index
        nodes.append(JSONSchemaNode())
        var node = JSONSchemaNode()
        switch json {
        case .bool(let verdict): node.verdict = verdict
        case .object(let members):
            for (keyword, value) in members.members {
                try read(keyword, value, of: members, pointer + "/" + Self.escaped(keyword), into: &node)
            }
        default: throw JSONSchemaError(pointer: pointer, message: "found \(json.kind); expected an object or a boolean")
        }
        nodes[index] = node
        return index
    }

    private static func escaped(_ name: String) -> String {
        String(name.unicodeScalars.flatMap { $0 == "~" ? Array("~0") : $0 == "/" ? Array("~1") : [Character($0)] })
    }

    // MARK: Keywords

    private mutating func read(
        _ keyword: String, _ value: JSONValue, of members: JSONObject, _ pointer: String,
        into node: inout JSONSchemaNode
    ) throws(JSONSchemaError) {
        switch keyword {
        case "type": node.types = try types(value, pointer)
        case "enum":
            guard let values = value.array else { throw Self.error(value, "an array", pointer) }
            node.values = values.map(JSONSchemaNode.Comparable.init)
        case "const": node.values = [JSONSchemaNode.Comparable(value)]
        case "minimum": node.minimum = try number(value, pointer)
        case "maximum": node.maximum = try number(value, pointer)
        case "exclusiveMinimum": node.exclusiveMinimum = try number(value, pointer)
        case "exclusiveMaximum": node.exclusiveMaximum = try number(value, pointer)
        case "multipleOf":
            let number = try number(value, pointer)
            guard number > 0 else { throw Self.error(value, "a number above 0", pointer) }
            node.multipleOf = number
        case "minLength": node.lengths = try from(value, node.lengths, pointer)
        case "maxLength": node.lengths = try through(value, node.lengths, pointer)
        case "pattern": node.pattern = try pattern(value.string, value, pointer)
        case "minItems": node.itemCount = try from(value, node.itemCount, pointer)
        case "maxItems": node.itemCount = try through(value, node.itemCount, pointer)
        case "uniqueItems":
            guard let truth = value.bool else { throw Self.error(value, "true or false", pointer) }
            node.areUnique = truth
        case "prefixItems": node.prefixItems = try list(value, pointer)
        case "items": node.items = try self.node(value, pointer)
        case "contains": node.contains = try self.node(value, pointer)
        case "minContains": node.containsCount = try from(value, node.containsCount, pointer)
        case "maxContains": node.containsCount = try through(value, node.containsCount, pointer)
        case "minProperties": node.memberCount = try from(value, node.memberCount, pointer)
        case "maxProperties": node.memberCount = try through(value, node.memberCount, pointer)
        case "required": node.required = try texts(value, pointer)
        case "properties": node.properties = try map(value, pointer)
        case "patternProperties":
            for (source, index) in try map(value, pointer) {
                node.patternProperties.append((try pattern(source.text, value, pointer), index))
            }
        case "additionalProperties": node.additionalProperties = try self.node(value, pointer)
        case "propertyNames": node.propertyNames = try self.node(value, pointer)
        case "dependentRequired":
            for (name, names) in value.object?.members ?? [] {
                node.dependentRequired[ExactText(name)] = try texts(names, pointer + "/" + Self.escaped(name))
            }
        case "dependentSchemas": node.dependentSchemas = try map(value, pointer)
        case "allOf": node.allOf += try list(value, pointer)
        case "anyOf": node.anyOf = try list(value, pointer)
        case "oneOf": node.oneOf = try list(value, pointer)
        case "not": node.not = try self.node(value, pointer)
        case "if": node.condition = try self.node(value, pointer)
        case "then": node.then = try self.node(value, pointer)
        case "else": node.otherwise = try self.node(value, pointer)
        case "$ref": node.allOf.append(try reference(value, pointer))
        // Schemas that references use.
        case "$defs", "definitions": _ = try map(value, pointer)
        case "$schema", "$comment", "title", "description", "default", "examples", "deprecated", "readOnly",
            "writeOnly",
            "format", "contentEncoding", "contentMediaType", "contentSchema":
            break
        case "$id" where pointer == "/$id": break
        default:
            throw JSONSchemaError(
                pointer: pointer,
                message: "found the keyword \"\(keyword)\", which is not supported; it would be ignored")
        }
    }

    private mutating func reference(_ value: JSONValue, _ pointer: String) throws(JSONSchemaError) -> Int {
        guard let text = value.string, text == "#" || text.hasPrefix("#/") else {
            throw Self.error(value, "a reference within the schema, such as \"#/$defs/name\"", pointer)
        }
        var target: JSONValue? = root
        let path = String(text.dropFirst())
        for part in path.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let name = Self.unescaped(String(part))
            if let elements = target?.array {
                target = Int(name).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
            } else {
                target = target?[name]
            }
        }
        guard let target else {
            throw JSONSchemaError(
                pointer: pointer, message: "\"\(text)\" refers to a part that the schema does not have")
        }
        return try node(target, path)
    }

    private static func unescaped(_ name: String) -> String {
        var result = ""
        var rest = name[...]
        while let first = rest.first {
            if rest.hasPrefix("~1") || rest.hasPrefix("~0") {
                result += rest.hasPrefix("~1") ? "/" : "~"
                rest = rest.dropFirst(2)
            } else {
                result.append(first)
                rest = rest.dropFirst()
            }
        }
        return result
    }

    // MARK: Values

    private static func error(_ value: JSONValue, _ expected: String, _ pointer: String) -> JSONSchemaError {
        JSONSchemaError(pointer: pointer, message: "found \(value.kind); expected \(expected)")
    }

    private func types(_ value: JSONValue, _ pointer: String) throws(JSONSchemaError) -> Set<String> {
        let names = value.string.map { [$0] } ?? (value.array ?? []).compactMap(\.string)
        let known: Set = ["null", "boolean", "string", "number", "integer", "array", "object"]
        guard !names.isEmpty, known.isSuperset(of: names), value.array.map({ $0.count == names.count }) ?? true else {
            throw Self.error(value, "one or several of \(known.sorted().joined(separator: ", "))", pointer)
        }
        return Set(names)
    }

    private func number(_ value: JSONValue, _ pointer: String) throws(JSONSchemaError) -> Double {
        guard let number = value.number?.double, number.isFinite else { throw Self.error(value, "a number", pointer) }
        return number
    }

    private func count(_ value: JSONValue, _ pointer: String) throws(JSONSchemaError) -> Int {
        guard let number = value.number, let count = number.int ?? Int(exactly: number.double), count >= 0 else {
            throw Self.error(value, "a whole number that is not negative", pointer)
        }
        return count
    }

    private func from(
        _ value: JSONValue, _ range: ClosedRange<Int>, _ pointer: String
    ) throws(JSONSchemaError) -> ClosedRange<Int> {
        let count = try count(value, pointer)
        guard count <= range.upperBound else { throw Self.error(value, "no more than the largest number", pointer) }
        return count...range.upperBound
    }

    private func through(
        _ value: JSONValue, _ range: ClosedRange<Int>, _ pointer: String
    ) throws(JSONSchemaError) -> ClosedRange<Int> {
        let count = try count(value, pointer)
        // maxContains 0 with the usual minimum of 1 accepts nothing.
        guard range.lowerBound <= count else { throw Self.error(value, "no less than the smallest number", pointer) }
        return range.lowerBound...count
    }

    private func pattern(_ source: String?, _ value: JSONValue, _ pointer: String) throws(JSONSchemaError) -> Pattern {
        guard let source else { throw Self.error(value, "a regular expression", pointer) }
        do throws(PatternError) {
            return try Pattern(source)
        } catch {
            throw JSONSchemaError(pointer: pointer, message: "\(error)")
        }
    }

    private func texts(_ value: JSONValue, _ pointer: String) throws(JSONSchemaError) -> [String] {
        let texts = (value.array ?? []).compactMap(\.string)
        guard let elements = value.array, texts.count == elements.count else {
            throw Self.error(value, "an array of strings", pointer)
        }
        return texts
    }

    private mutating func list(_ value: JSONValue, _ pointer: String) throws(JSONSchemaError) -> [Int] {
        guard let elements = value.array, !elements.isEmpty else {
            throw Self.error(value, "an array of schemas", pointer)
        }
        var list: [Int] = []
        for (place, element) in elements.enumerated() { list.append(try node(element, "\(pointer)/\(place)")) }
        return list
    }

    private mutating func map(_ value: JSONValue, _ pointer: String) throws(JSONSchemaError) -> [ExactText: Int] {
        guard let members = value.object?.members else { throw Self.error(value, "an object of schemas", pointer) }
        var map: [ExactText: Int] = [:]
        for (name, schema) in members { map[ExactText(name)] = try node(schema, pointer + "/" + Self.escaped(name)) }
        return map
    }
}
