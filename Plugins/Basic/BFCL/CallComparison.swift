import JSON
import ScorerKit
import ScorerParameters

/// A function as BFCL describes it.
struct FunctionDescription {
    let name: String
    let parameters: [String: (type: String, elements: String?)]
    let required: [String]

    /// - Throws: what is wrong with the description.
    init(_ json: JSONValue) throws(RowFault) {
        guard let name = json["name"]?.string, let parameters = json["parameters"] else {
            throw RowFault(.inputError, "a description in function has no \"name\" or no \"parameters\"")
        }
        self.name = name
        var types: [String: (type: String, elements: String?)] = [:]
        for (parameter, description) in parameters["properties"]?.object?.members ?? [] {
            guard let type = description["type"]?.string else {
                throw RowFault(.inputError, "function \"\(name)\" does not describe the type of \"\(parameter)\"")
            }
            types[parameter] = (type, description["items"]?["type"]?.string)
        }
        self.parameters = types
        required = parameters["required"]?.array?.compactMap(\.string) ?? []
    }
}

/// A call that is right, with the possible values of each parameter. The empty text among them means that the parameter may be
/// left out.
struct PossibleCall {
    let name: String
    let values: [(parameter: String, values: [CallValue])]

    init(_ json: JSONValue) throws(RowFault) {
        guard let members = json.object?.members, let (name, parameters) = members.first,
            let parameters = parameters.object
        else { throw RowFault(.inputError, "ground_truth has an element that is not {name: {parameter: [values]}}") }
        self.name = name
        var values: [(parameter: String, values: [CallValue])] = []
        for (parameter, possible) in parameters.members {
            guard let possible = possible.array else {
                throw RowFault(.inputError, "the values of \"\(parameter)\" in ground_truth are no list")
            }
            values.append((parameter, possible.map(CallValue.init)))
        }
        self.values = values
    }

    func values(of parameter: String) -> [CallValue]? { values.first { $0.parameter == parameter }?.values }
}

/// Compares a call with a possible one, as BFCL does. The result is nil, or the kind of the first difference.
struct CallComparison {
    let description: FunctionDescription
    let possible: PossibleCall
    let language: CallLanguage

    func difference(_ call: WrittenCall) -> String? {
        guard call.name == description.name else { return "simple_function_checker:wrong_func_name" }
        for parameter in description.required where !call.arguments.has(parameter) {
            return "simple_function_checker:missing_required"
        }
        for (name, value) in call.arguments.members {
            guard let (type, elements) = description.parameters[name], let values = possible.values(of: name) else {
                return "simple_function_checker:unexpected_param"
            }
            if let difference = difference(value, type, elements, values) { return difference }
        }
        for (parameter, values) in possible.values
        where !call.arguments.has(parameter) && !values.contains(where: \.isEmptyText) {
            return "simple_function_checker:missing_optional"
        }
        return nil
    }

    // MARK: One argument

    private func difference(
        _ written: CallValue, _ type: String, _ elements: String?, _ possible: [CallValue]
    ) -> String? {
        guard let kind = Self.kind(of: type, language) else { return "type_error:unknown" }
        var value = written
        if language != .python {
            guard case .text(let text) = written,
                let converted = SourceValue.value(text, type: type, elements: elements, language)
            else { return "type_error:simple" }
            value = converted
        } else if type == "tuple", case .tuple(let members) = written {
            value = .list(members)
        } else if type == "float", case .int(let integer) = written {
            value = .float(Double(integer))
        } else if type == "float", case .bigInt(let digits) = written {
            value = .float(Double(digits) ?? .infinity)
        }
        let isNested = ["array", "tuple", "Array", "ArrayList", "Set", "Queue", "Stack"].contains(type)
        var elementKind: CallValue.Kind?
        if isNested, let elements {
            guard let known = Self.kind(of: elements, language) else { return "type_error:unknown" }
            elementKind = known
        } else if isNested, language == .python {
            return "type_error:unknown"
        }
        var isVariable = false
        if let difference = typeDifference(value, kind, elementKind, possible, &isVariable) { return difference }
        if !isVariable {
            if kind == .dict { return dictDifference(value, possible) }
            if kind == .list, elementKind == .dict { return dictListDifference(value, possible) }
            if kind == .text { return textDifference(value, possible) }
            if kind == .list { return listDifference(value, possible) }
        }
        return possible.contains { $0 == value } ? nil : "value_error:others"
    }

    private static func kind(of type: String, _ language: CallLanguage) -> CallValue.Kind? {
        switch (language, type) {
        case (.python, "string"), (.java, "String"), (.java, "char"), (.javaScript, "String"), (_, "any"): .text
        case (_, "integer"), (.java, "byte"), (.java, "short"), (.java, "long"), (.javaScript, "Bigint"): .int
        case (_, "float"), (.java, "double"): .float
        case (.python, "boolean"), (.java, "boolean"), (.javaScript, "Boolean"): .bool
        case (.python, "array"), (.python, "tuple"), (.javaScript, "array"): .list
        case (.java, "Array"), (.java, "ArrayList"), (.java, "Queue"), (.java, "Stack"): .list
        case (.python, "dict"), (.javaScript, "dict"), (.java, "HashMap"), (.java, "Hashtable"): .dict
        default: nil
        }
    }

    /// The type of the first possible value that is not the empty text.
    private static func kind(of possible: [CallValue]) -> CallValue.Kind? { possible.first { !$0.isEmptyText }?.kind }

    /// - Parameter isVariable: becomes true if the value stands for another one: if its type, or that of the possible values,
    ///   is not the described type.
    private func typeDifference(
        _ value: CallValue, _ kind: CallValue.Kind, _ elementKind: CallValue.Kind?, _ possible: [CallValue],
        _ isVariable: inout Bool
    ) -> String? {
        let possibleKind = Self.kind(of: possible)
        if value.kind == kind {
            isVariable = possibleKind != nil && possibleKind != kind
            guard let elementKind, case .list(let elements) = value else { return nil }
            let fits = possible.contains { possible in
                guard case .list(let possibleElements) = possible else { return true }
                let possibleKind = Self.kind(of: possibleElements)
                return elements.allSatisfy {
                    $0.kind == elementKind || (possibleKind != nil && $0.kind == possibleKind)
                }
            }
            return fits ? nil : "type_error:nested"
        }
        guard let possibleKind, value.kind == possibleKind else { return "type_error:simple" }
        isVariable = true
        return nil
    }

    // MARK: Values

    private func textDifference(_ value: CallValue, _ possible: [CallValue]) -> String? {
        let standard = value.standardized
        return possible.contains { $0.kind == .text && $0.standardized == standard } ? nil : "value_error:string"
    }

    private func listDifference(_ value: CallValue, _ possible: [CallValue]) -> String? {
        guard case .list(let elements) = value else { return "value_error:list/tuple" }
        let standard = CallValue.list(elements.map(\.standardized))
        let isPossible = possible.contains { possible in
            switch possible {
            case .list(let elements): CallValue.list(elements.map(\.standardized)) == standard
            // The empty text is an empty list.
            case .text(let text): text.isEmpty && elements.isEmpty
            default: false
            }
        }
        return isPossible ? nil : "value_error:list/tuple"
    }

    private func dictDifference(_ value: CallValue, _ possible: [CallValue]) -> String? {
        guard case .dict(let members) = value else { return "value_error:dict_value" }
        var difference = "dict_checker:unclear"
        for candidate in possible {
            guard case .dict(let allowed) = candidate else { continue }
            guard let found = Self.difference(members, allowed) else { return nil }
            difference = found
        }
        return difference
    }

    private static func difference(
        _ members: [(key: CallValue, value: CallValue)], _ allowed: [(key: CallValue, value: CallValue)]
    ) -> String? {
        var places: [String: Int] = [:]
        for (place, member) in allowed.enumerated() {
            if case .text(let key) = member.key { places[key] = place }
        }
        var found: Set<String> = []
        for member in members {
            guard case .text(let key) = member.key, let place = places[key] else { return "value_error:dict_key" }
            found.insert(key)
            guard case .list(let values) = allowed[place].value else { return "value_error:dict_value" }
            let standard = member.value.standardized
            guard values.contains(where: { $0.standardized == standard }) else { return "value_error:dict_value" }
        }
        for member in allowed {
            guard case .text(let key) = member.key, !found.contains(key) else { continue }
            guard case .list(let values) = member.value, values.contains(where: \.isEmptyText) else {
                return "value_error:dict_key"
            }
        }
        return nil
    }

    private func dictListDifference(_ value: CallValue, _ possible: [CallValue]) -> String? {
        guard case .list(let elements) = value else { return "value_error:list/tuple" }
        var difference = "list_dict_checker:unclear"
        for candidate in possible {
            guard case .list(let allowed) = candidate else {
                if elements.isEmpty, candidate.isEmptyText { return nil }
                continue
            }
            guard allowed.count == elements.count else {
                difference = "value_error:list_dict_count"
                continue
            }
            guard let found = zip(elements, allowed).lazy.compactMap({ dictDifference($0, [$1]) }).first else {
                return nil
            }
            difference = found
        }
        return difference
    }
}

extension CallValue {
    fileprivate var isEmptyText: Bool {
        if case .text(let text) = self { text.isEmpty } else { false }
    }

    /// A text without space and `, . / - _ * ^`, in lower case, with `"` for `'`; any other value as it is.
    fileprivate var standardized: CallValue {
        guard case .text(let text) = self else { return self }
        let kept = text.unicodeScalars.filter { !($0.value < 0x80 && " ,./-_*^".unicodeScalars.contains($0)) }
        let lowered = Array(String(kept).utf8).span.lowercased
        return .text(String(decoding: lowered.map { $0 == UInt8(ascii: "'") ? UInt8(ascii: "\"") : $0 }, as: UTF8.self))
    }
}
