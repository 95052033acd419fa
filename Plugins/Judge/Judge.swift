public import CScorerPlugin
import ScorerKit

let plugin = ScorerPlugin(
    id: "llm-as-judge", version: "0.1.0",
    description: "Language models as judges: a prompt for each row, and a score read from the model's reply.",
    modelScorers: [LanguageModelJudge.self])

// The name is the one in the plugin header.
// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func assay_plugin_entry(_ hostMajor: UInt32, _ hostMinor: UInt32) -> UnsafePointer<assay_plugin>? {
    plugin.table(forHostMajor: hostMajor)
}
