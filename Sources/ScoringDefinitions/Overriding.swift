public import JSON

extension ScoringFunction {
    /// The function with a request's parameters laid over its own, one by one. The function itself stays as it is.
    ///
    /// `judge_model` takes the place of `judge_models`, and the other way about.
    ///
    /// A parameter that is null is taken away: the scorer does without it, or with its own default. Of those that Llama
    /// Stack's API has itself, null is what its clients send for what they were not given, and the definition's stays, as
    /// it does for all of them where `parameters` is nil. The `type` cannot be another one.
    ///
    /// - Throws: all faults of the parameters, with `request` as the file and pointers into `parameters`.
    public func overriding(with parameters: JSONObject?) throws(InvalidDefinition) -> ScoringFunction {
        guard let parameters else { return self }
        var reader = DefinitionReader(file: "request")
        var merged = params
        for (key, value) in parameters.members where value != .null || !knownParameters.contains(key) {
            if key == "type", value != params["type"] {
                reader.report(
                    at: JSONPointer().appending(key), found: value.shown,
                    expected: "\((params[key] ?? .null).shown), the type of \(identifier)")
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
