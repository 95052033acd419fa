import JSON

extension DefinitionReader {
    /// The parameters that a definition has in `params`, in the older `context`, or by default.
    mutating func parameters(of fields: JSONObject, at place: JSONPointer) -> WrittenParameters? {
        let key = "params"
        guard fields["context"] != nil else {
            if fields[key] == nil {
                return WrittenParameters(
                    params: ["type": "basic", "aggregation_functions": []], place: place.appending(key))
            }
            return member(key, of: fields, at: place, expected: "an object", as: \.object).map {
                WrittenParameters(params: $0, place: place.appending(key))
            }
        }
        if fields[key] != nil {
            report(
                at: place.appending("context"), found: #"both "context" and "params""#,
                expected: #"only one of them; "context" is the older form of "params""#)
            return nil
        }
        return member("context", of: fields, at: place, expected: "an object", as: \.object).flatMap {
            judgeParameters(from: $0, at: place.appending("context"))
        }
    }

    /// Turns a `context` into parameters of the type `llm_as_judge`, in which `judge_score_regex`, a list or one text,
    /// is `judge_score_regexes`.
    private mutating func judgeParameters(from context: JSONObject, at place: JSONPointer) -> WrittenParameters? {
        let type = ParameterType.llmAsJudge.rawValue
        if let other = context["type"], other != .string(type) {
            report(at: place.appending("type"), found: other.shown, expected: quoted(type))
            return nil
        }
        let (older, modern) = ("judge_score_regex", "judge_score_regexes")
        var params: JSONObject = ["type": .string(type)]
        for (key, value) in context.members {
            guard key == older else {
                params[key] = value
                continue
            }
            if context[modern] != nil {
                report(
                    at: place.appending(older), found: "both \(quoted(older)) and \(quoted(modern))",
                    expected: "only one of them")
            }
            params[modern] = value.string.map { [.string($0)] } ?? value
        }
        let writtenNames = context[modern] == nil ? [modern: older] : [:]
        return WrittenParameters(params: params, place: place, writtenNames: writtenNames)
    }
}
