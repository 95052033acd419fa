public import JSON

extension ScoringFunction {
    /// The function with its parameters overridden by those of a request, one by one. The function itself does not change.
    ///
    /// `judge_model` replaces `judge_models`, and vice versa.
    ///
    /// A parameter that is null is removed: the scorer uses its own default, or none. The parameters of Llama Stack's own API
    /// are an exception: its clients send null for parameters that are not set, so the definition's value stays, as all
    /// values do if `parameters` is nil. The `type` cannot change.
    ///
    /// - Throws: all faults of the parameters, with `request` as the file and pointers into `parameters`.
    public func overriding(with parameters: JSONObject?) throws(InvalidDefinition) -> ScoringFunction {
        guard let parameters else { return self }
        var reader = DefinitionReader(file: "request")
        var merged = params
        for (key, value) in parameters.members where value != .null || !knownParameters.contains(key) {
            if key == "type", value != params["type"] {
                reader.report(
                    JSONPlace(value, at: JSONPointer().appending(key)).fault(
                        "\((params[key] ?? .null).excerpt), the type of \(identifier)"))
            } else {
                merged[key] = value
                if value == .null { continue }
                if key == "judge_models", parameters["judge_model"] ?? .null == .null { merged["judge_model"] = nil }
                if key == "judge_model", parameters["judge_models"] ?? .null == .null { merged["judge_models"] = nil }
            }
        }
        var function = self
        function.params = merged
        function.aggregationFunctions = reader.check(WrittenParameters(params: merged, place: JSONPointer()))
        guard reader.errors.isEmpty else { throw InvalidDefinition(errors: reader.errors) }
        return function
    }
}
