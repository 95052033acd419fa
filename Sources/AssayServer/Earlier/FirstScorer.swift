import JSON
import ScoringDefinitions

/// A scorer of the first version of the evaluation API, as a scoring function.
struct FirstScorer {
    var function: String
    var parameters: JSONObject?
    /// The class that metrics are named after.
    private var className: String
    /// The names of the metrics, and where they are in a result's aggregates.
    private var paths: [(metric: String, aggregation: String, member: String)]

    /// `{"scorer_config_list": [{"scorer_name", "llm_judge_config"}]}`
    static func scorers(in place: RequestBody.Place, _ service: Service) throws(APIError) -> [FirstScorer] {
        let name = "scorer_config_list"
        let list = try place.required(name, "an array of scorers")
        let configured = try list.read(.array("an array of scorers", of: .object))
        if configured.isEmpty {
            throw .invalid("\(list.pointer): it has no scorer; \(known)", at: list.pointer.description)
        }
        var scorers: [FirstScorer] = []
        for scorer in configured {
            let judge = scorer["llm_judge_config"]?["judge_model_generation_config"]?.object
            scorers.append(try FirstScorer(scorer["scorer_name"]?.string ?? "", judge: judge, at: list, service))
        }
        return scorers
    }

    private static let known =
        "known scorers are accuracy, llamastack-llm-judge, braintrust::factuality and braintrust::answer-correctness"

    /// - Parameter judge: the model and sampling parameters of a judge.
    init(_ name: String, judge: JSONObject?, at place: RequestBody.Place, _ service: Service) throws(APIError) {
        func fault(_ message: String) -> APIError {
            .invalid("\(place.pointer): \(message)", code: "unknown_scorer", at: place.pointer.description)
        }
        let average = ("average", "average")
        switch name {
        case "accuracy":
            (function, className) = ("basic::equality", "AccuracyScorer")
            paths = [
                ("avg_accuracy", "accuracy", "accuracy"), ("num_correct", "accuracy", "num_correct"),
                ("num_total", "accuracy", "num_total"),
            ]
        case "llamastack-llm-judge":
            (function, className) = ("llm-as-judge::base", "LlamaStackLLMJudgeScorer")
            parameters = .gradeFromZeroToFive
            parameters?["judge_model"] = judge?["model"]
            if let temperature = judge?["sampling_params"]?["temperature"] { parameters?["temperature"] = temperature }
            paths = [("avg_judge_score", average.0, average.1)]
        case "braintrust::factuality", "braintrust::answer-correctness":
            guard service.definitions[name] != nil else {
                throw fault(
                    "this server has no function \(quoted(name)); use llamastack-llm-judge, or register the function")
            }
            let isFactuality = name == "braintrust::factuality"
            (function, className) = (
                name, isFactuality ? "BraintrustFactualityScorer" : "BraintrustAnswerCorrectnessScorer"
            )
            parameters = ["aggregation_functions": ["average"]]
            if let model = judge?["model"] { parameters?["judge_model"] = model }
            paths = [(isFactuality ? "avg_factuality_score" : "avg_correctness_score", average.0, average.1)]
        case "random":
            throw fault("the scorer \"random\" is not supported, because its scores say nothing; \(Self.known)")
        default: throw fault("there is no scorer \(quoted(name)); \(Self.known)")
        }
    }

    /// The metrics by their names, `CLASS:METRIC`.
    func metrics(in result: JSONValue) -> JSONObject {
        JSONObject(
            paths.compactMap { path in
                let value = result["aggregated_results"]?[path.aggregation]?[path.member]
                return value.flatMap { $0.number == nil ? nil : ("\(className):\(path.metric)", $0) }
            })
    }
}
