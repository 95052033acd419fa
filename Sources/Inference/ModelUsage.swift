package import JSON
package import Statistics

/// The usage of models by a run, or by one of its functions.
public struct ModelUsage: Hashable, Sendable {
    /// Requests sent, including retries.
    public var requests = 0
    /// Replies of models.
    public var answered = 0
    /// Those of `answered` that came in batches.
    public var batched = 0
    /// The prices of those whose costs no server has reported, as fractions of the models' prices.
    public var batchPriceFactors: Set<Double> = []
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
    /// Replies without a token count; the tokens do not include them.
    public var answersWithoutUsage = 0
    /// Replies, including cached ones, in which the model refuses to answer, as reported by its server.
    public var refusals = 0
    /// Prompts of which the servers, by their own counts, probably dropped a part.
    public var cutPrompts = 0
    /// Changes to requests because the models' servers refuse members.
    public var adaptations: Set<Adaptation> = []
    /// The models as the servers name them in replies, including cached ones: a model that a server replaced shows here.
    public var servedModels: Set<String> = []
    /// The part of `cost` that no server has confirmed: replies without usage, by their length, and requests that may be
    /// billed although their replies did not arrive, by their expected cost.
    public var estimatedCost: Double {
        get { estimated.sum.value }
        set { estimated = CostSum(newValue) }
    }
    /// The cost of the requests: as reported by the servers, or otherwise by the models' prices. Nil if neither is known.
    public var cost: Double? {
        get { hasUnknownCost || hasUnpricedModel && !hasKnownCost ? nil : known.sum.value }
        set {
            (known, hasKnownCost, hasUnknownCost) = (CostSum(newValue ?? 0), newValue != nil, newValue == nil)
        }
    }
    /// Both are exact, so that they do not depend on the order in which replies arrive.
    private var known = CostSum()
    private var estimated = CostSum()
    private var hasKnownCost = false
    private var hasUnknownCost = false
    /// Whether a model without a price was used.
    private var hasUnpricedModel = false

    public init() {}

    /// Counts a reply from the cache.
    mutating func addCached(_ reply: InferenceReply, of model: Model) {
        cached += 1
        if reply.isRefusal { refusals += 1 }
        note(reply.servedModel)
        noteUnasked(model)
    }

    /// Counts a reply that came in a batch of this run.
    ///
    /// - Parameter requests: how often it was asked for in batches.
    mutating func addBatched(
        _ reply: InferenceReply, _ request: InferenceRequest, of model: Model, requests: Int
    ) {
        self.requests += requests
        batched += 1
        addAnswer(reply)
        inputTokens += reply.usage?.input ?? 0
        outputTokens += reply.usage?.output ?? 0
        cachedInputTokens += reply.usage?.cachedInput ?? 0
        reasoningTokens += reply.usage?.reasoning ?? 0
        guard let cost = model.batchCost(of: reply, to: request) else {
            hasUnknownCost = true
            return
        }
        known.sum.add(cost)
        hasKnownCost = true
        if reply.usage?.cost == nil { batchPriceFactors.insert(model.batch.priceFactor) }
        if reply.usage == nil { estimated.sum.add(cost) }
    }

    mutating func addAnswer(_ reply: InferenceReply) {
        answered += 1
        if reply.isRefusal { refusals += 1 }
        note(reply.servedModel)
        if reply.usage == nil { answersWithoutUsage += 1 }
    }

    /// Counts the usage of a response, whether or not it is a valid reply.
    mutating func addResponse(using tokens: TokenUsage?, of model: Model) {
        inputTokens += tokens?.input ?? 0
        outputTokens += tokens?.output ?? 0
        cachedInputTokens += tokens?.cachedInput ?? 0
        reasoningTokens += tokens?.reasoning ?? 0
        if let more = model.cost(of: tokens ?? TokenUsage(input: 0, output: 0)) {
            known.sum.add(more)
            hasKnownCost = true
        } else {
            hasUnknownCost = true
        }
    }

    /// Takes note of what a request without a count of tokens is taken to cost; 0 where nothing is known of it.
    mutating func addEstimate(_ cost: Double) {
        known.sum.add(cost)
        estimated.sum.add(cost)
    }

    mutating func addFailure(of model: Model, wasAsked: Bool) {
        if wasAsked { failed += 1 } else { notAsked += 1 }
        noteUnasked(model)
    }

    /// Names of models that are kept, and the length of one; a server may write anything.
    private static let mostModels = 100
    private static let longestName = 200

    private mutating func note(_ servedModel: String?) {
        guard let name = servedModel, !name.isEmpty, servedModels.count < Self.mostModels,
            !servedModels.contains(name)
        else { return }
        servedModels.insert(String(String.UnicodeScalarView(name.unicodeScalars.prefix(Self.longestName))))
    }

    private mutating func noteUnasked(_ model: Model) {
        if model.price == nil { hasUnpricedModel = true } else { hasKnownCost = true }
    }

    package static func + (one: ModelUsage, other: ModelUsage) -> ModelUsage {
        var sum = one
        sum.requests += other.requests
        sum.answered += other.answered
        sum.batched += other.batched
        sum.batchPriceFactors.formUnion(other.batchPriceFactors)
        sum.cached += other.cached
        sum.failed += other.failed
        sum.notAsked += other.notAsked
        sum.inputTokens += other.inputTokens
        sum.outputTokens += other.outputTokens
        sum.cachedInputTokens += other.cachedInputTokens
        sum.reasoningTokens += other.reasoningTokens
        sum.adaptations.formUnion(other.adaptations)
        sum.servedModels.formUnion(other.servedModels)
        sum.answersWithoutUsage += other.answersWithoutUsage
        sum.cutPrompts += other.cutPrompts
        sum.refusals += other.refusals
        sum.estimated.sum.merge(other.estimated.sum)
        sum.known.sum.merge(other.known.sum)
        sum.hasKnownCost = sum.hasKnownCost || other.hasKnownCost
        sum.hasUnknownCost = sum.hasUnknownCost || other.hasUnknownCost
        sum.hasUnpricedModel = sum.hasUnpricedModel || other.hasUnpricedModel
        return sum
    }
}

// MARK: - States

extension ModelUsage {
    /// The known cost, and the part of it that is estimated.
    package var costParts: (known: Expansion, estimated: Expansion) {
        get { (known.sum, estimated.sum) }
        set { (known.sum, estimated.sum) = newValue }
    }

    /// The counts of a state, by name.
    private static let counts: [(name: String, path: any WritableKeyPath<ModelUsage, Int> & Sendable)] = [
        ("requests", \.requests), ("answered", \.answered), ("cached", \.cached), ("failed", \.failed),
        ("not_asked", \.notAsked), ("input_tokens", \.inputTokens), ("output_tokens", \.outputTokens),
        ("cached_input_tokens", \.cachedInputTokens), ("reasoning_tokens", \.reasoningTokens),
        ("answers_without_usage", \.answersWithoutUsage), ("refusals", \.refusals), ("cut_prompts", \.cutPrompts),
    ]

    private static let flags: [(name: String, path: any WritableKeyPath<ModelUsage, Bool> & Sendable)] = [
        ("has_known_cost", \.hasKnownCost), ("has_unknown_cost", \.hasUnknownCost),
        ("has_unpriced_model", \.hasUnpricedModel),
    ]

    /// Everything but `costParts`, to be read again by `init(state:)`.
    package var state: JSONObject {
        var state = JSONObject()
        for (name, path) in Self.counts { state[name] = JSONValue(self[keyPath: path]) }
        if batched > 0 {
            state["batched"] = JSONValue(batched)
            state["batch_price_factors"] = .array(batchPriceFactors.sorted().map { JSONValue($0) })
        }
        for (name, path) in Self.flags { state[name] = .bool(self[keyPath: path]) }
        state["served_models"] = .array(servedModels.sorted().map { .string($0) })
        state["adaptations"] = .array(
            adaptations.sorted().map { [.string($0.model), .string($0.parameter), .string($0.replacement ?? "")] })
        return state
    }

    /// Returns nil if a member is missing or not what `state` writes.
    ///
    /// - Parameter limit: the largest count.
    package init?(state: JSONObject, limit: Int) {
        self.init()
        for (name, path) in Self.counts {
            guard let count = state[name]?.number?.int, (0...limit).contains(count) else { return nil }
            self[keyPath: path] = count
        }
        if let count = state["batched"] {
            guard let count = count.number?.int, (0...limit).contains(count) else { return nil }
            batched = count
            for factor in state["batch_price_factors"]?.array ?? [] {
                guard let factor = factor.number?.double, (0...1).contains(factor) else { return nil }
                batchPriceFactors.insert(factor)
            }
        }
        for (name, path) in Self.flags {
            guard let flag = state[name]?.bool else { return nil }
            self[keyPath: path] = flag
        }
        guard let models = state["served_models"]?.array, let changes = state["adaptations"]?.array,
            models.count <= 100 * Self.mostModels
        else { return nil }
        for model in models {
            guard let name = model.string else { return nil }
            servedModels.insert(name)
        }
        for change in changes {
            guard let parts = change.array?.compactMap(\.string), parts.count == 3 else { return nil }
            adaptations.insert(
                Adaptation(model: parts[0], parameter: parts[1], replacement: parts[2].isEmpty ? nil : parts[2]))
        }
    }
}

/// An exact sum of costs; two are equal if they are the same when they are rounded.
private struct CostSum: Hashable {
    var sum = Expansion()

    init(_ cost: Double = 0) { sum.add(cost) }

    static func == (one: CostSum, other: CostSum) -> Bool { one.sum.value == other.sum.value }

    func hash(into hasher: inout Hasher) { hasher.combine(sum.value) }
}
