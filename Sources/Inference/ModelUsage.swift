/// The usage of models by a run, or by one of its functions.
public struct ModelUsage: Hashable, Sendable {
    /// Requests sent, including retries.
    public var requests = 0
    /// Replies of models.
    public var answered = 0
    /// Replies from the cache.
    public var cached = 0
    /// Requests that failed after all retries.
    public var failed = 0
    /// Requests that were not sent, or not repeated, because of a limit or because the run was stopped.
    public var notAsked = 0
    public var inputTokens = 0
    public var outputTokens = 0
    /// Input tokens that the servers had cached.
    public var cachedInputTokens = 0
    /// Output tokens for thinking, if the servers report them.
    public var reasoningTokens = 0
    /// Replies without a token count; the tokens and the cost do not include them.
    public var answersWithoutUsage = 0
    /// Prompts of which the servers, by their own counts, probably dropped a part.
    public var cutPrompts = 0
    /// Changes to requests because the models' servers refuse members.
    public var adaptations: Set<Adaptation> = []
    /// The cost of the responses: as reported by the servers, or otherwise by the models' prices. Nil if neither is known.
    public var cost: Double? {
        get { hasUnknownCost || hasUnpricedModel && !hasKnownCost ? nil : knownCost }
        set {
            (knownCost, hasKnownCost, hasUnknownCost) = (newValue ?? 0, newValue != nil, newValue == nil)
        }
    }
    private var knownCost = 0.0
    private var hasKnownCost = false
    private var hasUnknownCost = false
    /// Whether a model without a price was used.
    private var hasUnpricedModel = false

    public init() {}

    /// Counts a reply from the cache.
    mutating func addCached(of model: Model) {
        cached += 1
        noteUnasked(model)
    }

    mutating func addAnswer(_ reply: InferenceReply) {
        answered += 1
        if reply.usage == nil { answersWithoutUsage += 1 }
    }

    /// Counts the usage of a response, whether or not it is a valid reply.
    mutating func addResponse(using tokens: TokenUsage?, of model: Model) {
        inputTokens += tokens?.input ?? 0
        outputTokens += tokens?.output ?? 0
        cachedInputTokens += tokens?.cachedInput ?? 0
        reasoningTokens += tokens?.reasoning ?? 0
        if let more = model.cost(of: tokens ?? TokenUsage(input: 0, output: 0)) {
            knownCost += more
            hasKnownCost = true
        } else {
            hasUnknownCost = true
        }
    }

    mutating func addFailure(of model: Model, wasAsked: Bool) {
        if wasAsked { failed += 1 } else { notAsked += 1 }
        noteUnasked(model)
    }

    private mutating func noteUnasked(_ model: Model) {
        if model.price == nil { hasUnpricedModel = true } else { hasKnownCost = true }
    }

    static func + (one: ModelUsage, other: ModelUsage) -> ModelUsage {
        var sum = one
        sum.requests += other.requests
        sum.answered += other.answered
        sum.cached += other.cached
        sum.failed += other.failed
        sum.notAsked += other.notAsked
        sum.inputTokens += other.inputTokens
        sum.outputTokens += other.outputTokens
        sum.cachedInputTokens += other.cachedInputTokens
        sum.reasoningTokens += other.reasoningTokens
        sum.adaptations.formUnion(other.adaptations)
        sum.answersWithoutUsage += other.answersWithoutUsage
        sum.cutPrompts += other.cutPrompts
        sum.knownCost += other.knownCost
        sum.hasKnownCost = sum.hasKnownCost || other.hasKnownCost
        sum.hasUnknownCost = sum.hasUnknownCost || other.hasUnknownCost
        sum.hasUnpricedModel = sum.hasUnpricedModel || other.hasUnpricedModel
        return sum
    }
}
