/// What the requests of a run, or of one of its functions, came to.
public struct ModelUsage: Hashable, Sendable {
    /// Requests sent, repeated ones counted.
    public var requests = 0
    /// Answers of models.
    public var answered = 0
    /// Answers that were there already.
    public var cached = 0
    /// Requests that got no answer for good.
    public var failed = 0
    /// Requests not made, or not again, because of a limit or because the run was stopped.
    public var notAsked = 0
    public var inputTokens = 0
    public var outputTokens = 0
    /// Input tokens that the servers had cached.
    public var cachedInputTokens = 0
    /// Output tokens that were thinking, as far as the servers say so.
    public var reasoningTokens = 0
    /// Answers of which the server did not say how many tokens they took; the tokens are without them.
    public var answersWithoutUsage = 0
    /// Answers, those from the cache among them, in which the model refuses to answer, by its server's account.
    public var refusals = 0
    /// Prompts of which the servers, by their own count, most likely left out a part.
    public var cutPrompts = 0
    /// How requests were changed because the models' servers refuse members of them.
    public var adaptations: Set<Adaptation> = []
    /// The part of `cost` that no server has confirmed: for answers without usage, by their length, and for requests that
    /// may be billed though their replies did not come, what they were expected to cost.
    public var estimatedCost = 0.0
    /// What the requests cost: what their servers say, or else by the models' prices. Nil where neither is known.
    public var cost: Double? {
        get { hasUnknownCost || hasUnpricedModel && !hasKnownCost ? nil : knownCost }
        set {
            (knownCost, hasKnownCost, hasUnknownCost) = (newValue ?? 0, newValue != nil, newValue == nil)
        }
    }
    private var knownCost = 0.0
    private var hasKnownCost = false
    private var hasUnknownCost = false
    /// Whether a model without a price had nothing to cost.
    private var hasUnpricedModel = false

    public init() {}

    /// Takes note of an answer that was there already.
    mutating func addCached(_ reply: InferenceReply, of model: Model) {
        cached += 1
        if reply.isRefusal { refusals += 1 }
        noteUnasked(model)
    }

    mutating func addAnswer(_ reply: InferenceReply) {
        answered += 1
        if reply.isRefusal { refusals += 1 }
        if reply.usage == nil { answersWithoutUsage += 1 }
    }

    /// Takes note of what a response used, be it an answer or not.
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

    /// Takes note of what a request without a count of tokens is taken to cost; 0 where nothing is known of it.
    mutating func addEstimate(_ cost: Double) {
        knownCost += cost
        estimatedCost += cost
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
        sum.refusals += other.refusals
        sum.estimatedCost += other.estimatedCost
        sum.knownCost += other.knownCost
        sum.hasKnownCost = sum.hasKnownCost || other.hasKnownCost
        sum.hasUnknownCost = sum.hasUnknownCost || other.hasUnknownCost
        sum.hasUnpricedModel = sum.hasUnpricedModel || other.hasUnpricedModel
        return sum
    }
}
