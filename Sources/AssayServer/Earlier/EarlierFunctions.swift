import Evaluation
import JSON
import ScorerHost
import ScoringDefinitions
import ScoringEngine

/// Scoring functions as clients before 0.1.8 register and read them.
enum EarlierFunctions {
    /// A registration of November 2024: `{"function_def": {"identifier", "description", "metadata", "parameters",
    /// "return_type", "context", "provider_id"}}`. The providers of its time do not exist, so what its parameters are decides.
    @Sendable static func register(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        let place = try context.body().root.required("function_def", "the definition of a scoring function")
        let id = try place.required("identifier", "the identifier of the scoring function").identifier()
        var definition = try place.limitedObject(service.configuration, "the definition of a scoring function")
        let known = try place.member("provider_id")?.read(.text)
        var params = definition["params"] ?? .null
        if definition["context"] ?? .null != .null { params = ["type": "llm_as_judge"] }
        let provider =
            known.flatMap { service.engine.plugins[$0] == nil ? nil : $0 }
            ?? ScoringFunctionRoutes.provider(of: id, params.object, service, context)
        definition["provider_id"] = .string(provider)
        let resource = try place.member("provider_resource_id")?.read(.text) ?? id
        if params["type"] == "llm_as_judge" {
            definition["provider_resource_id"] = "llm-as-judge"
        } else if let function = try? service.definitions.find(resource), function.providerID == provider {
            definition["provider_resource_id"] = .string(function.providerResourceID)
        }
        definition["context"] = try judgeContext(place.member("context"), service)
        let function: ScoringFunction
        do throws(InvalidDefinition) {
            function = try ScoringFunction(.object(definition), origin: "the body", allowsPlainIdentifier: true)
        } catch {
            throw APIError.invalid(
                error.description, code: "invalid_definition",
                at: error.errors.first.map { "/function_def\($0.pointer)" })
        }
        return try ScoringFunctionRoutes.register(function, service)
    }

    /// The parameters of a judge without those that are null, and with an average, which all judges had.
    private static func judgeContext(_ place: RequestBody.Place?, _ service: Service) throws(APIError) -> JSONValue? {
        guard let place else { return nil }
        var context = JSONObject(try place.limitedObject(service.configuration).members.filter { $0.value != .null })
        if context["aggregation_functions"] == nil { context["aggregation_functions"] = ["average"] }
        return .object(context)
    }
}

extension APIGeneration {
    /// A scoring function as its client reads it: until 0.1.7 with the members `parameters` and `context`.
    func form(of function: ScoringFunction) -> JSONValue {
        guard hasEarlierMembers, var members = function.json.object else { return function.json }
        members["parameters"] = []
        members["context"] = .null
        if function.params["type"] == "llm_as_judge" {
            members["context"] = [
                "judge_model": function.params["judge_model"] ?? function.usualJudgeModel.map { .string($0) } ?? "",
                "prompt_template": function.params["prompt_template"] ?? .null,
                "judge_score_regex": function.params["judge_score_regexes"] ?? .null,
            ]
        }
        return .object(members)
    }
}
