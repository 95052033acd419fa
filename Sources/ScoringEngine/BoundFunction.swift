import Datasets
import Inference
import JSON
import ScorerHost
import ScoringCore
import ScoringDefinitions

/// A scoring function with its parameters for one run, and the scorer that implements it; or a score that such a function has
/// beside "score", which comes from the same call.
struct BoundFunction: Sendable {
    var function: ScoringFunction
    var scorer: Scorer
    /// That of the scorer. Of a further score: with that score as its "score", and without inputs and statistics.
    let description: ScorerDescription
    /// The index in the run's columns of each input of the scorer.
    var columns: [Int]
    /// The model of each role of the scorer.
    var models: [String: Model]
    /// Whether the scorer has a parameter `any_of`, with which an expected answer may be a list of right ones.
    var takesAnyOf: Bool
    /// The index of the call that it takes its results from, among those of a slice.
    let call: Int

    init(
        _ function: ScoringFunction, scorer: Scorer, columns: [Int], models: [String: Model], takesAnyOf: Bool,
        call: Int
    ) {
        self.function = function
        self.scorer = scorer
        description = scorer.description
        self.columns = columns
        self.models = models
        self.takesAnyOf = takesAnyOf
        self.call = call
    }

    /// A score that a function has beside "score".
    private init(_ function: BoundFunction, output: Int) {
        var description = function.description
        let score = description.outputs[output]
        description.scoreOutput = output
        description.weightOutput = nil
        description.inputs = []
        description.statistics = []
        description.aggregations = []
        self.function = function.function.furtherScore(score.name, description: score.description, type: score.type)
        scorer = function.scorer
        self.description = description
        (columns, models, takesAnyOf) = ([], [:], false)
        call = function.call
    }

    /// The scores that it has beside "score".
    var furtherScores: [BoundFunction] { description.furtherScores.map { BoundFunction(self, output: $0) } }

    /// Whether it is a score beside the "score" of a function.
    var isFurtherScore: Bool { function.furtherScore != nil }

    /// The kind of its scores.
    var scoreKind: ScoreKind {
        switch function.returnType.kind {
        case .number: return .number
        case .boolean: return .boolean
        default: break
        }
        switch description.outputs[description.scoreOutput].type {
        case .f64, .i64: return .number
        case .bool: return .boolean
        case .json: return .json
        case .text, .textList: return .text
        }
    }

    /// The output with the verdicts on both orders of two answers; nil for other functions.
    var ordersOutput: Int? {
        guard !description.roles.isEmpty else { return nil }
        return description.outputs.firstIndex { $0.name == "orders" && $0.type == .json }
    }

    var range: ClosedRange<Double>? { description.outputs[description.scoreOutput].range }
}

/// The columns of a run: every input of every function once, and those of filters.
struct ColumnPlan: Sendable {
    private(set) var requests: [ColumnRequest] = []
    let mapping: [String: String]
    /// The names in `mapping` that some column uses.
    private(set) var usedMappings: Set<String> = []

    init(mapping: [String: String]) {
        self.mapping = mapping
    }

    /// The index of the dataset's column for `name`, with this type. The root of a path is mapped too.
    mutating func column(_ name: String, _ type: ValueType) -> Int {
        var path = ColumnPath(name)
        if let source = mapping[name] {
            path = ColumnPath(source)
            usedMappings.insert(name)
        } else if let source = mapping[path.root] {
            usedMappings.insert(path.root)
            path = ColumnPath(path, startingAt: ColumnPath(source))
        }
        let request = ColumnRequest(path, type)
        if let index = requests.firstIndex(of: request) { return index }
        requests.append(request)
        return requests.count - 1
    }
}

extension ScoringFunction {
    /// The name of the model in a role of the scorer, as the plugin header says: the parameter "judge_model" for "judge",
    /// element K - 1 of "judge_models" for "judge/K".
    func modelName(for role: String) -> String? {
        let parts = role.split(separator: "/", maxSplits: 1)
        guard let name = parts.first else { return nil }
        if parts.count == 1 { return params["\(name)_model"]?.string }
        guard let number = Int(parts[1]), let models = params["\(name)_models"]?.array,
            models.indices.contains(number - 1)
        else { return nil }
        return models[number - 1].string
    }
}

extension ScorerDescription {
    /// The JSON Schema of its parameters; nil where the plugin gave none that is JSON.
    var parameters: JSONValue? { parametersSchema.flatMap { try? JSONValue(parsing: $0) } }
}
