public import CScorerPlugin
import ScorerKit

private let plugin = ScorerPlugin(
    id: "math", version: "0.1.0", description: "Compares mathematical answers by their value.",
    scorers: [Equivalence.self])

// The name is the one in the plugin header.
// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func assay_plugin_entry(_ hostMajor: UInt32, _ hostMinor: UInt32) -> UnsafePointer<assay_plugin>? {
    plugin.table(forHostMajor: hostMajor)
}
