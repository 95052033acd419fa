import JSON

extension JSONValue {
    var number: JSONNumber? { if case .number(let value) = self { value } else { nil } }
}
