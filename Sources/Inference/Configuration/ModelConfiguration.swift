/// The configuration of a model: its server, its credentials and its limits.
public struct ModelConfiguration: Hashable, Sendable {
    /// The name that scoring functions and options use for the model.
    public var id: String
    /// The address of the API; a URL without a path means `/v1`.
    public var url: String
    /// The name of the model on the server.
    public var model: String
    /// The environment variable with the API key, which is sent as a bearer token, or in the form of the Messages API.
    public var apiKeyVariable: String?
    public var headers: [Header]
    public var limits: ModelLimits
    public var price: ModelPrice?
    /// How to separate the model's thinking from its answer.
    public var reasoning = ReasoningSettings()
    /// The API of the server; chats are converted to it.
    public var api = ModelAPI.chat
    /// Whether replies to chats are requested as streams of events, so that a long reply keeps its connection active.
    public var isStreaming = false
    /// Changes to the requests to it.
    public var parameters = RequestParameters()
    /// How its requests are sent in batches, when a run is to send them so.
    public var batch = BatchSettings()

    public init(
        id: String, url: String, model: String? = nil, apiKeyVariable: String? = nil, headers: [Header] = [],
        limits: ModelLimits = ModelLimits(), price: ModelPrice? = nil
    ) {
        self.id = id
        self.url = url
        self.model = model ?? id
        self.apiKeyVariable = apiKeyVariable
        self.headers = headers
        self.limits = limits
        self.price = price
    }

    /// A header of each request to the model.
    public struct Header: Hashable, Sendable {
        public enum Value: Hashable, Sendable {
            /// The value itself. It is part of the cache key of replies, and not a secret.
            case literal(String)
            /// The value of an environment variable, a secret.
            case environment(String)
        }

        public var name: String
        public var value: Value

        public init(name: String, value: Value) {
            self.name = name
            self.value = value
        }
    }
}

/// The limits of requests to a model.
public struct ModelLimits: Hashable, Sendable {
    /// The maximum number of requests in progress. Fewer are sent if the server is overloaded.
    ///
    /// Nil means 64, or up to 512 to a server that limits the rate of requests, if the rate needs as many.
    public var maxConcurrency: Int?
    /// How long one attempt may take, from the first byte sent to the last byte received. For a streamed reply: how long no
    /// data may arrive; the whole reply may take ten times as long.
    public var timeout: Duration
    /// How often a request is repeated after a temporary failure.
    public var maxRetries: Int
    /// The maximum number of requests that start per minute; they are spread evenly.
    public var requestsPerMinute: Double?

    public init(
        maxConcurrency: Int? = nil, timeout: Duration = .seconds(120), maxRetries: Int = 5,
        requestsPerMinute: Double? = nil
    ) {
        self.maxConcurrency = maxConcurrency
        self.timeout = timeout
        self.maxRetries = maxRetries
        self.requestsPerMinute = requestsPerMinute
    }
}

extension ModelLimits {
    /// The maximum number of requests in progress to a server of which no rate is known.
    public var usualConcurrency: Int { max(1, maxConcurrency ?? 64) }

    /// The maximum number of requests in progress to any server.
    var highestConcurrency: Int { max(1, maxConcurrency ?? 512) }
}

/// Limits that replace those in the models' configurations, if they are not nil.
public struct LimitOverrides: Hashable, Sendable {
    public var maxConcurrency: Int?
    public var timeout: Duration?
    public var maxRetries: Int?

    public init(maxConcurrency: Int? = nil, timeout: Duration? = nil, maxRetries: Int? = nil) {
        self.maxConcurrency = maxConcurrency
        self.timeout = timeout
        self.maxRetries = maxRetries
    }

    func applied(to limits: ModelLimits) -> ModelLimits {
        var limits = limits
        limits.maxConcurrency = maxConcurrency ?? limits.maxConcurrency
        limits.timeout = timeout ?? limits.timeout
        limits.maxRetries = maxRetries ?? limits.maxRetries
        return limits
    }
}

/// The price of a million tokens, in any currency.
public struct ModelPrice: Hashable, Sendable {
    public var input: Double
    public var output: Double
    /// The price of input that the server had cached; nil means that of all input.
    public var cachedInput: Double?

    public init(input: Double, output: Double, cachedInput: Double? = nil) {
        self.input = input
        self.output = output
        self.cachedInput = cachedInput
    }

    public func cost(of usage: TokenUsage) -> Double {
        let fresh = Double(usage.input - usage.cachedInput) * input
        let cached = Double(usage.cachedInput) * (cachedInput ?? input)
        return (fresh + cached + Double(usage.output) * output) / 1_000_000
    }
}
