import JSON

/// What a scoring function may take up: limits that belong to a run or a server, whoever wrote the definition.
public struct FunctionLimits: Sendable, Hashable {
    /// The maximum size of the prompt for a row, in bytes. The prompts of a row's votes may have four times as much together.
    public var promptSize = 16 << 20
    /// The maximum number of regular expressions in a list.
    public var patternCount = 1_000
    /// The maximum size of a list's regular expressions together, in bytes.
    public var patternSize = 256 << 10

    public init() {}

    /// Those that are not the default ones, as the member "limits" of a plugin's configuration.
    var json: JSONObject {
        let usual = FunctionLimits()
        var json: JSONObject = [:]
        if promptSize != usual.promptSize { json["prompt_bytes"] = JSONValue(promptSize) }
        if patternCount != usual.patternCount { json["patterns"] = JSONValue(patternCount) }
        if patternSize != usual.patternSize { json["pattern_bytes"] = JSONValue(patternSize) }
        return json
    }
}
