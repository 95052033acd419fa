import CScorerPlugin

extension Plugin {
    /// Scorers of the program that embeds the engine.
    ///
    /// - Parameter id: the `provider_id` of their definitions.
    package convenience init(
        embedding scorers: [EmbeddedScorer], id: String, version: String, log: @escaping HostLog
    ) {
        let contents = PluginDescription(
            id: id, version: version, description: "Scorers of the embedding program.", abiMajor: ASSAY_ABI_MAJOR,
            abiMinor: ASSAY_ABI_MINOR, scorers: scorers.map(\.description))
        self.init(contents: contents, code: .embedded(scorers, log: { event in log(event.severity, id, event.text) }))
    }
}
