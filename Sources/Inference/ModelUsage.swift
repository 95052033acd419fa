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
    /// Answers of which the server did not say how many tokens they took; the tokens and the cost are without them.
    public var answersWithoutUsage = 0
    /// How requests were changed because the models' servers refuse members of them.
    public var adaptations: Set<Adaptation> = []
    /// What the answers cost by the models' prices; nil where a model has none.
    public var cost: Double? = 0

    public init() {}

    /// Takes note of an answer that was there already.
    mutating func addCached(of model: Model) {
        cached += 1
        add(cost: model.price == nil ? nil : 0)
    }

    mutating func addAnswer(_ reply: InferenceReply, of model: Model) {
        answered += 1
        if let usage = reply.usage {
            inputTokens += usage.input
            outputTokens += usage.output
            cachedInputTokens += usage.cachedInput
            reasoningTokens += usage.reasoning
        } else {
            answersWithoutUsage += 1
        }
        add(cost: model.price?.cost(of: reply.usage ?? TokenUsage(input: 0, output: 0)))
    }

    mutating func addFailure(of model: Model, wasAsked: Bool) {
        if wasAsked { failed += 1 } else { notAsked += 1 }
        add(cost: model.price == nil ? nil : 0)
    }

    private mutating func add(cost more: Double?) {
        cost = cost.flatMap { cost in more.map { cost + $0 } }
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
        sum.add(cost: other.cost)
        return sum
    }
}
