import Datasets
import Inference
public import JSON
import Synchronization

/// The requests that a run would have sent. No model was asked, so follow-up requests are not included.
public final class DryRun: Sendable {
    /// The requests of one function.
    public struct Estimate: Sendable, Hashable {
        public var requests = 0
        /// The number of them that the cache can answer.
        public var cached = 0
        /// The tokens of the requests that the cache cannot answer, at four bytes per token.
        public var inputTokens = 0
        /// The maximum number of tokens of the replies, if each request limits it.
        public var maxOutputTokens: Int? = 0
        /// The maximum cost, in the currency of the models' prices; nil if a price or a limit is missing.
        public var maxCost: Double? = 0
    }

    /// A request as it would have been sent.
    public struct Prompt: Sendable {
        public var function: String
        public var model: String
        /// The body of the request, without the model.
        public var body: JSONValue
    }

    /// The position of a request in the order of the rows.
    private struct Place: Comparable {
        var chunk: Int
        var row: Int
        var function: Int
        var tag: UInt64

        static func < (one: Place, other: Place) -> Bool {
            (one.chunk, one.row, one.function, one.tag) < (other.chunk, other.row, other.function, other.tag)
        }
    }

    private struct State {
        var estimates: [String: Estimate] = [:]
        var first: [(place: Place, prompt: Prompt)] = []
    }

    /// The number of prompts to keep.
    private static let promptLimit = 3

    private let state = Mutex(State())

    /// Whether the requests would be sent in batches, which changes their price.
    public let isInBatches: Bool

    init(isInBatches: Bool = false) {
        self.isInBatches = isInBatches
    }

    /// By function.
    public var estimates: [String: Estimate] { state.withLock { $0.estimates } }

    /// The first prompts in the order of the rows.
    public var prompts: [Prompt] { state.withLock { $0.first.map(\.prompt) } }

    /// - Parameter request: as it would be sent, with the members that the model's configuration sets.
    func count(
        _ request: InferenceRequest, _ model: Model, isCached: Bool, of call: OpenCall, _ tag: UInt64,
        _ function: String
    ) {
        let place = Place(
            chunk: call.slice.chunk?.chunk.index ?? 0, row: call.slice.rows.lowerBound, function: call.function,
            tag: tag)
        state.withLock { state in
            state.estimates[function, default: Estimate()].add(
                request, model, isCached: isCached, priceFactor: isInBatches ? model.batchPriceFactor : 1)
            if state.first.count == Self.promptLimit, let last = state.first.last, last.place < place { return }
            let body = (try? JSONValue(parsing: request.body)) ?? .null
            state.first.append((place, Prompt(function: function, model: model.id, body: body)))
            state.first.sort { $0.place < $1.place }
            if state.first.count > Self.promptLimit { state.first.removeLast() }
        }
    }

    /// `{"dry_run": {"functions": {ID: {"requests": …}}, "prompts": […]}}`
    public var json: JSONValue {
        var functions = JSONObject()
        for (function, estimate) in estimates.sorted(by: { $0.key < $1.key }) { functions[function] = estimate.json }
        let prompts = prompts.map { prompt -> JSONValue in
            ["function": .string(prompt.function), "model": .string(prompt.model), "request": prompt.body]
        }
        return ["dry_run": ["functions": .object(functions), "prompts": .array(prompts)]]
    }
}

extension DryRun.Estimate {
    fileprivate mutating func add(_ request: InferenceRequest, _ model: Model, isCached: Bool, priceFactor: Double) {
        requests += 1
        if isCached {
            cached += 1
            return
        }
        let input = estimatedTokens(request.body)
        inputTokens += input
        let output = model.maximumOutput(of: request)
        maxOutputTokens = maxOutputTokens.flatMap { sum in output.map { sum + $0 } }
        maxCost = maxCost.flatMap { sum in
            output.flatMap { model.price?.cost(of: TokenUsage(input: input, output: $0)) }.map {
                sum + $0 * priceFactor
            }
        }
    }

    fileprivate var json: JSONValue {
        [
            "requests": JSONValue(requests),
            "cached": JSONValue(cached),
            "input_tokens": JSONValue(inputTokens),
            "max_output_tokens": maxOutputTokens.map { JSONValue($0) } ?? .null,
            // Sums of fractions have rounding errors.
            "max_cost": maxCost.map { JSONValue(($0 * 1e9).rounded() / 1e9) } ?? .null,
        ]
    }
}
