import ArgumentParser

/// The server whose agents can be candidates.
struct AgentOptions: ParsableArguments {
    @Option(
        name: .customLong("agents-url"),
        help: ArgumentHelp(
            "The Llama Stack server whose agents answer benchmarks, such as http://127.0.0.1:8321 (default: the member "
                + "\"agents\" of the configuration).", valueName: "url"))
    var agentsURL: String?

    func validate() throws {
        if let agentsURL { try checkURL(agentsURL, of: "--agents-url") }
    }
}
