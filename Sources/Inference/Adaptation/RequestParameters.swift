public import JSON

/// Changes to the members of the requests to a model, such as `temperature`, from its configuration. They are applied after
/// the settings of scoring functions and benchmarks.
public struct RequestParameters: Hashable, Sendable {
    /// Members that are sent under another name. If a request has both, the one with the new name stays.
    public var rename: [String: String]
    /// Members that are not sent.
    public var drop: Set<String>
    /// Members that every request has.
    public var set: JSONObject
    /// The replacement for the default temperature 0.
    public var defaultTemperature: DefaultTemperature

    /// The temperature of requests for which 0 would be sent.
    public enum DefaultTemperature: Hashable, Sendable {
        case zero
        /// None is sent, so that the server chooses.
        case unset
        case value(Double)
    }

    public init(
        rename: [String: String] = [:], drop: Set<String> = [], set: JSONObject = [:],
        defaultTemperature: DefaultTemperature = .zero
    ) {
        self.rename = rename
        self.drop = drop
        self.set = set
        self.defaultTemperature = defaultTemperature
    }

    var isEmpty: Bool { rename.isEmpty && drop.isEmpty && set.isEmpty && defaultTemperature == .zero }

    /// Members of the prompt and of the form of the reply, which a configuration cannot change.
    static let fixed: Set<String> = [
        "model", "messages", "prompt", "input", "stream", "stream_options", "n", "assay",
    ]
}

extension RequestParameters {
    /// Reads `{"rename": {"max_tokens": "max_completion_tokens"}, "drop": ["seed"], "set": {"reasoning_effort": "low"}}`.
    init(_ place: JSONPlace) throws(JSONFault) {
        self.init()
        try place.checkNames(["rename", "drop", "set"])
        func check(_ name: String, at place: JSONPlace) throws(JSONFault) {
            guard name.isEmpty || Self.fixed.contains(name) else { return }
            throw JSONFault(
                at: place.pointer, found: quoted(name),
                expected: "the name of a member other than \(Self.fixed.sorted().joined(separator: ", "))")
        }
        for (name, member) in try place["rename"]?.members() ?? [] {
            let new = try member.read(.text("the member's new name, a string"))
            try check(name, at: member)
            try check(new, at: member)
            rename[name] = new
        }
        for element in try place["drop"]?.elements() ?? [] {
            let name = try element.read(.text("the name of a member"))
            try check(name, at: element)
            if rename[name] != nil { throw element.fault("a member that rename does not have") }
            drop.insert(name)
        }
        for (name, member) in try place["set"]?.members() ?? [] {
            try check(name, at: member)
            if member.value == .null { throw member.fault("a value; to omit a member, name it in drop") }
            set[name] = member.value
        }
    }
}

extension JSONExpectation<RequestParameters.DefaultTemperature> {
    /// The temperature of a configuration, which may be null.
    static var defaultTemperature: Self {
        Self("a number from 0, or null to send none") { value in
            if value == .null { return .unset }
            guard let number = value.number?.double, number >= 0, number.isFinite else { return nil }
            return number == 0 ? .zero : .value(number)
        }
    }
}

extension InferenceRequest {
    /// The request as it is sent to a model: changed by the model's configuration, then by discovered changes, and without
    /// members that are null.
    ///
    /// A request that needs no change keeps its bytes.
    func adapted(to parameters: RequestParameters, _ changes: [ParameterChange] = []) -> InferenceRequest {
        guard operation == .chat || operation == .completion,
            !parameters.isEmpty || !changes.isEmpty || body.containsNull,
            let object = try? JSONValue(parsing: body).object
        else { return self }
        var new = JSONObject(object.members.filter { $0.value != .null })
        if new["temperature"]?.number?.double == 0 {
            switch parameters.defaultTemperature {
            case .zero: break
            case .unset: new["temperature"] = nil
            case .value(let value): new["temperature"] = JSONValue(value)
            }
        }
        for (name, replacement) in parameters.rename.sorted(by: { $0.key < $1.key }) {
            new.rename(name, to: replacement)
        }
        for name in parameters.drop { new[name] = nil }
        for (name, value) in parameters.set.members { new[name] = value }
        var request = self
        for change in changes where new[change.parameter] != nil {
            new.rename(change.parameter, to: change.replacement)
            request.appliedChanges.append(change)
        }
        guard new != object || new.keys != object.keys else { return request }
        request.body = JSONValue.object(new).text
        return request
    }
}

extension JSONObject {
    /// Gives a member another name in the same place, or takes it out where there is no other name.
    fileprivate mutating func rename(_ name: String, to replacement: String?) {
        guard self[name] != nil else { return }
        guard let replacement, self[replacement] == nil else {
            self[name] = nil
            return
        }
        self = JSONObject(members.map { ($0.key == name ? replacement : $0.key, $0.value) })
    }
}

extension String {
    /// Whether the word occurs anywhere, even within a string.
    fileprivate var containsNull: Bool {
        var text = self
        return text.withUTF8 { bytes in
            let word = Array("null".utf8)
            guard bytes.count >= 4 else { return false }
            return (0...bytes.count - 4).contains { start in
                bytes[start] == word[0] && bytes[start + 1] == word[1] && bytes[start + 2] == word[2]
                    && bytes[start + 3] == word[3]
            }
        }
    }
}
