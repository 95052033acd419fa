/// A model that is asked by name: where it is served, with what credentials, and within what limits.
public struct ModelConfiguration: Hashable, Sendable {
    /// The name by which scoring functions and the command line call the model.
    public var id: String
    /// The address of the API; without a path, `/v1` is meant.
    public var url: String
    /// The name that the server knows the model by.
    public var model: String
    /// The variable of the environment that holds the API key, sent as a bearer token, or as the Messages API wants it.
    public var apiKeyVariable: String?
    public var headers: [Header]
    public var limits: ModelLimits
    public var price: ModelPrice?
    /// How the model's thinking is told from its answer.
    public var reasoning = ReasoningSettings()
    /// The API that the server speaks; chats are rewritten for it.
    public var api = ModelAPI.chat
    /// Whether replies to chats are asked for as streams of events, so that a long one keeps its connection busy.
    public var isStreaming = false
    /// What is changed about the requests to it.
    public var parameters = RequestParameters()

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
            /// The value itself. It is part of what a reply is cached under, and no secret.
            case literal(String)
            /// The value of a variable of the environment, a secret.
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

/// How a model may be asked.
public struct ModelLimits: Hashable, Sendable {
    /// How many requests may be under way at once. Fewer are where the server is overloaded.
    public var maxConcurrency: Int
    /// How long one attempt may take, from the first byte sent to the last one received. Where the reply is streamed: how
    /// long nothing of it may come; all of it may take ten times as long.
    public var timeout: Duration
    /// How often a request is made again after a failure that may pass.
    public var maxRetries: Int
    /// Requests are spread so that no more of them start in a minute.
    public var requestsPerMinute: Double?

    public init(
        maxConcurrency: Int = 64, timeout: Duration = .seconds(120), maxRetries: Int = 5,
        requestsPerMinute: Double? = nil
    ) {
        self.maxConcurrency = maxConcurrency
        self.timeout = timeout
        self.maxRetries = maxRetries
        self.requestsPerMinute = requestsPerMinute
    }
}

/// Limits that take the places of those in the models' configurations, where they are not nil.
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
        limits.maxConcurrency = max(1, maxConcurrency ?? limits.maxConcurrency)
        limits.timeout = timeout ?? limits.timeout
        limits.maxRetries = maxRetries ?? limits.maxRetries
        return limits
    }
}

/// What a million tokens cost, in any currency.
public struct ModelPrice: Hashable, Sendable {
    public var input: Double
    public var output: Double
    /// The price of input that the server had cached; nil: that of all input.
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
