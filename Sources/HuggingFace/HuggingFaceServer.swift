/// Where the datasets server of the Hugging Face Hub is, and how it is asked.
public struct HuggingFaceServer: Sendable {
    /// Its base, such as `https://datasets-server.huggingface.co`.
    public var url: String
    /// What it is sent as a bearer token.
    public var token: String?
    /// Variables of the environment: proxies, SSL_CERT_FILE.
    public var environment: @Sendable (String) -> String?
    /// Where its rows are kept; nil: nowhere.
    public var cache: HubCache?
    /// Whether it is never asked, so that only rows in the cache can be read.
    public var isOffline = false
    /// Is told what to know about the rows that a server reads, one sentence at a time.
    public var warn: @Sendable (String) -> Void = { _ in }

    public init(
        url: String = HuggingFaceServer.publicURL, token: String? = nil,
        environment: @escaping @Sendable (String) -> String? = { _ in nil }
    ) {
        self.url = url
        self.token = token
        self.environment = environment
    }

    public static let publicURL = "https://datasets-server.huggingface.co"

    /// The server of the environment: that of HF_ENDPOINT, as the package `datasets` finds it, and HF_TOKEN. HF_HUB_OFFLINE
    /// and HF_DATASETS_OFFLINE are read as the package `huggingface_hub` reads them.
    public init(environment: @escaping @Sendable (String) -> String?) {
        let endpoint = environment("HF_ENDPOINT") ?? ""
        self.init(
            url: endpoint.isEmpty
                ? Self.publicURL : endpoint.replacing("://", with: "://datasets-server.", maxReplacements: 1),
            token: environment("HF_TOKEN"), environment: environment)
        isOffline = ["HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"].contains { name in
            ["1", "ON", "YES", "TRUE"].contains((environment(name) ?? "").uppercased())
        }
    }
}
