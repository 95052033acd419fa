import JSON

/// How the requests to a model are sent in batches.
public struct BatchSettings: Hashable, Sendable {
    /// The form of a server's batch API.
    public enum Form: String, Hashable, Sendable, CaseIterable {
        /// Files of requests: OpenAI, Azure, Groq, Llama Stack, LiteLLM and others.
        case openai
        /// The same with Together's way to upload files.
        case together
        /// Anthropic's message batches.
        case anthropic
    }

    /// Nil: Anthropic's form for a model with Anthropic's API, and OpenAI's for others.
    public var form: Form?
    /// Requests in a batch at most; nil: what the vendor of the form allows.
    public var maxRequests: Int?
    /// Bytes in a batch at most; nil: a little less than the vendor of the form allows.
    public var maxBytes: Int?
    /// Batches that are open at the same time at most.
    public var maxOpen = 20
    /// The price of a reply in a batch, as a part of the price of one that is requested by itself.
    public var priceFactor = 0.5
    /// The first pause between two questions about a batch; it grows to at most 20 times as long.
    public var pollInterval = Duration.seconds(15)
    /// Whether the jobs of a server send requests to this model in batches.
    public var jobs = false

    public init() {}
}

extension BatchSettings {
    /// Reads the member "batch" of a model.
    init(_ place: JSONPlace) throws(JSONFault) {
        self.init()
        try place.checkNames([
            "api", "max_requests", "max_bytes", "max_open", "price_factor", "poll_seconds", "jobs",
        ])
        form = try place.optional("api", .choice())
        maxRequests = try place.optional("max_requests", .integer(1...1_000_000))
        maxBytes = try place.optional("max_bytes", .integer(1024...4_000_000_000))
        maxOpen = try place.optional("max_open", .integer(1...1000)) ?? maxOpen
        priceFactor =
            try place.optional("price_factor", .number("a number from 0 to 1") { (0...1).contains($0) }) ?? priceFactor
        pollInterval = try place.optional("poll_seconds", .seconds(upTo: 3600)) ?? pollInterval
        jobs = try place.optional("jobs", .flag) ?? jobs
    }
}

extension BatchSettings.Form {
    /// What the vendor allows in a batch; the bytes with some room.
    var limits: (requests: Int, bytes: Int) {
        switch self {
        case .openai, .together: (50_000, 190_000_000)
        case .anthropic: (100_000, 240_000_000)
        }
    }
}

extension Model {
    var batchForm: BatchSettings.Form { batch.form ?? (api == .anthropic ? .anthropic : .openai) }

    /// What a reply costs that came in a batch: as reported by the server, or otherwise by the model's price; by the length of
    /// the texts if the server did not count tokens. Nil if the model has no price.
    func batchCost(of reply: InferenceReply, to request: InferenceRequest) -> Double? {
        if let cost = reply.usage?.cost { return cost }
        let output = [reply.text, reply.reasoning, reply.toolCalls].reduce(0) { $0 + estimatedTokens($1 ?? "") }
        let usage = reply.usage ?? TokenUsage(input: estimatedTokens(request.body), output: output)
        return price.map { $0.cost(of: usage) * batch.priceFactor }
    }
}
