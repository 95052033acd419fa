extension JSONValue {
    /// The value with the members of all objects sorted by name, so that equal values have one text.
    package var canonical: JSONValue {
        switch self {
        case .object(let object):
            .object(JSONObject(object.members.map { ($0.key, $0.value.canonical) }.sorted { $0.0 < $1.0 }))
        case .array(let elements): .array(elements.map(\.canonical))
        default: self
        }
    }

    /// The first place at which two values differ, as a JSON pointer, and what each has there.
    package static func firstDifference(
        _ a: JSONValue, _ b: JSONValue, at pointer: String = ""
    ) -> (pointer: String, a: JSONValue?, b: JSONValue?)? {
        if a == b { return nil }
        func step(_ name: String) -> String {
            pointer + "/" + name.replacing("~", with: "~0").replacing("/", with: "~1")
        }
        if let one = a.object, let other = b.object {
            for name in Set(one.keys + other.keys).sorted() {
                guard let x = one[name], let y = other[name] else {
                    if one[name] == nil && other[name] == nil { continue }
                    return (step(name), one[name], other[name])
                }
                if let found = firstDifference(x, y, at: step(name)) { return found }
            }
        }
        if let one = a.array, let other = b.array, one.count == other.count {
            for (index, (x, y)) in zip(one, other).enumerated() {
                if let found = firstDifference(x, y, at: step(String(index))) { return found }
            }
        }
        return (pointer, a, b)
    }
}
