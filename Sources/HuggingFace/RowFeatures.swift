import JSON

/// What the columns of a dataset are, as the datasets server says it: `{"name": "label", "type": {"_type": "ClassLabel", …}}`.
struct RowFeatures {
    private let types: [(name: String, type: JSONValue)]

    init(_ features: JSONValue?) {
        types = (features?.array ?? []).compactMap { feature in
            feature["name"]?.string.map { ($0, feature["type"] ?? .null) }
        }
    }

    /// The columns that hold class labels somewhere.
    var labelColumns: [String] { columns(of: ["ClassLabel"]) }

    /// The columns whose values are addresses of files, which expire.
    var fileColumns: [String] { columns(of: ["Image", "Audio", "Video", "Pdf"]) }

    /// The row with the names of class labels in the places of their numbers.
    func namingLabels(in row: JSONObject) -> JSONObject {
        var row = row
        for (name, type) in types {
            guard let value = row[name], Self.holds(["ClassLabel"], type) else { continue }
            row[name] = Self.named(value, type)
        }
        return row
    }

    private func columns(of kinds: Set<String>) -> [String] { types.filter { Self.holds(kinds, $0.type) }.map(\.name) }

    private static func holds(_ kinds: Set<String>, _ type: JSONValue) -> Bool {
        if let kind = type["_type"]?.string {
            if kinds.contains(kind) { return true }
            return type["feature"].map { holds(kinds, $0) } ?? false
        }
        // A list with one element, or members by their names.
        if let elements = type.array { return elements.contains { holds(kinds, $0) } }
        return type.object?.members.contains { holds(kinds, $0.value) } ?? false
    }

    private static func named(_ value: JSONValue, _ type: JSONValue) -> JSONValue {
        if type["_type"]?.string == "ClassLabel" {
            guard let names = type["names"]?.array, let index = value.number?.int else { return value }
            return names.indices.contains(index) ? names[index] : .null
        }
        let inner = type["_type"] == nil ? type.array?.first : type["feature"]
        if let elements = value.array, let inner { return .array(elements.map { named($0, inner) }) }
        if let object = value.object, let types = (inner ?? type).object {
            var members = JSONObject()
            for (name, value) in object.members { members[name] = types[name].map { named(value, $0) } ?? value }
            return .object(members)
        }
        return value
    }
}
