import JSON

extension DefinitionReader {
    /// The parameters that a definition has in `params`, in the older `context`, or by default.
    mutating func parameters(of place: JSONPlace) -> WrittenParameters? {
        let key = "params"
        guard let context = place["context"] else {
            if place[key] == nil {
                return WrittenParameters(
                    params: ["type": "basic", "aggregation_functions": []], place: place.pointer.appending(key))
            }
            return optional(key, .object, of: place).map {
                WrittenParameters(params: $0, place: place.pointer.appending(key))
            }
        }
        if place[key] != nil {
            report(
                JSONFault(
                    at: context.pointer, found: #"both "context" and "params""#,
                    expected: #"only one of them; "context" is the older form of "params""#))
            return nil
        }
        return optional("context", .object, of: place).flatMap { judgeParameters(from: $0, at: context) }
    }

    /// Turns a `context` into parameters of the type `llm_as_judge`, in which `judge_score_regex`, a list or one text,
    /// is `judge_score_regexes`.
    private mutating func judgeParameters(from context: JSONObject, at place: JSONPlace) -> WrittenParameters? {
        let type = ParameterType.llmAsJudge.rawValue
        if let other = place.member("type"), other.value != .string(type) {
            report(other.fault(quoted(type)))
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
                    JSONFault(
                        at: place.pointer.appending(older), found: "both \(quoted(older)) and \(quoted(modern))",
                        expected: "only one of them"))
            }
            params[modern] = value.string.map { [.string($0)] } ?? value
        }
        let writtenNames = context[modern] == nil ? [modern: older] : [:]
        return WrittenParameters(params: params, place: place.pointer, writtenNames: writtenNames)
    }
}
