public import CScorerPlugin
import ScorerKit

/// The metrics that compare a text with reference texts, and checks of texts and tool calls. `plugin` is the static table of
/// the header.
private let plugin = ScorerPlugin(
    id: "text", version: "1.0.0",
    description: "Compares texts with references: BLEU, chrF, TER, ROUGE, F1; checks strings, numbers and tool calls",
    scorers: [
        Bleu.self, Chrf.self, EditRate.self, Rouge.self, WordF1.self, ExactMatch.self, StringCheck.self,
        NumberCheck.self, CallMatch.self,
    ])

// The name is the one in the plugin header.
// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func assay_plugin_entry(_ hostMajor: UInt32, _ hostMinor: UInt32) -> UnsafePointer<assay_plugin>? {
    plugin.table(forHostMajor: hostMajor)
}
