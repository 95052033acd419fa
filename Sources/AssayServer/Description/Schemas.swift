import JSON
import Store

/// The schemas of requests and responses.
enum Schemas {
    static let all: JSONObject = {
        var all = basic
        for (name, schema) in evaluation.members + comparison.members { all[name] = schema }
        return all
    }()

    private static let basic: JSONObject = [
        "Object": ["type": "object"],
        // What earlier versions of the API returned.
        "Earlier": [:],
        "Error": object([
            "error": object([
                "message": text, "type": text, "code": text, "param": nullable("string"),
            ])
        ]),
        "Health": object(["status": ["type": "string", "enum": ["OK"]], "failing_providers": texts]),
        "HealthFault": object(["status": ["type": "string", "enum": ["Error"]], "message": text]),
        "Version": object(["version": text]),
        "RouteList": list(object(["route": text, "method": text, "provider_types": texts])),
        "Provider": object([
            "api": text, "provider_id": text, "provider_type": text, "config": anyObject,
            "health": object(["status": ["type": "string", "enum": ["OK", "Error"]]], optional: ["message": text]),
        ]),
        "ProviderList": list(reference("Provider")),
        "Model": object([
            "identifier": text, "provider_id": text, "provider_resource_id": text,
            "type": ["type": "string", "enum": ["model"]], "model_type": text, "metadata": anyObject, "id": text,
            "object": ["type": "string", "enum": ["model"]], "created": integer, "owned_by": text,
            "custom_metadata": anyObject,
        ]),
        "ModelList": list(reference("Model")),
        "ModelRegistration": object(
            ["model_id": identifier],
            optional: [
                "provider_model_id": identifier, "provider_id": identifier, "metadata": anyObject,
                "model_type": ["type": "string", "enum": ["llm", "embedding", "rerank"]],
            ]),
        "ScoringFunction": object([
            "identifier": text, "provider_id": text, "provider_resource_id": text,
            "type": ["type": "string", "enum": ["scoring_function"]], "description": text, "metadata": anyObject,
            "return_type": reference("ReturnType"), "params": anyObject,
        ]),
        "ScoringFunctionList": list(reference("ScoringFunction")),
        "ReturnType": object([
            "type": [
                "type": "string",
                "enum": [
                    "string", "number", "boolean", "array", "object", "json", "union", "chat_completion_input",
                    "completion_input", "agent_turn_input",
                ],
            ]
        ]),
        "ScoringFunctionRegistration": object(
            ["scoring_fn_id": identifier, "return_type": reference("ReturnType")],
            optional: [
                "description": text, "provider_scoring_fn_id": identifier, "provider_id": identifier,
                "params": reference("Parameters"), "metadata": anyObject,
            ]),
        "Parameters": object([
            "type": ["type": "string", "enum": ["basic", "regex_parser", "llm_as_judge"]]
        ]),
        "ScoreRequest": object(
            ["input_rows": rows, "scoring_functions": reference("RequestedFunctions")], optional: grouping),
        "RequestedFunctions": [
            "anyOf": [
                ["type": "object", "minProperties": 1, "additionalProperties": nullable("object")],
                ["type": "array", "minItems": 1, "uniqueItems": true, "items": text],
            ],
            "description": .string(
                "Scoring functions by identifier, each with parameters that override its own, or null. In an array, as the "
                    + "first clients send it, the aggregates of a function in the response are one object."),
        ],
        "ScoreResponse": object(["results": reference("Results")], optional: ["warnings": texts]),
        "Results": ["type": "object", "additionalProperties": reference("ScoringResult")],
        "ScoringResult": object(
            [
                "score_rows": ["type": "array", "items": ["type": "object", "required": ["score"]]],
                "aggregated_results": anyObject,
            ],
            optional: [
                // Other engines do not count rows by outcome.
                "rows": ["type": "object", "additionalProperties": integer],
                "standard_error": anyObject, "interval": anyObject, "bounds": anyObject, "usage": anyObject,
                "position": anyObject,
                "by": [
                    "type": "object", "additionalProperties": ["type": "array", "items": anyObject],
                    "description": "By column, the aggregates of the rows of each value.",
                ],
            ]),
        "ScoreBatchRequest": object(
            ["dataset_id": identifier, "scoring_functions": reference("RequestedFunctions")],
            optional: JSONObject([("save_results_dataset", ["type": "boolean"])] + grouping.members)),
        "ScoreBatchResponse": object(
            ["results": reference("Results"), "dataset_id": nullable("string")], optional: ["warnings": texts]),
        "DatasetSource": [
            "oneOf": [
                object(["type": ["type": "string", "enum": ["uri"]], "uri": text]),
                object(["type": ["type": "string", "enum": ["rows"]], "rows": rows]),
            ]
        ],
        // The type is optional in a registration.
        "NewDatasetSource": [
            "oneOf": [
                object(
                    ["uri": text], optional: ["type": ["type": "string", "enum": ["uri"]], "rows": ["type": "null"]]),
                object(
                    ["rows": rows], optional: ["type": ["type": "string", "enum": ["rows"]], "uri": ["type": "null"]]),
            ]
        ],
        "Purpose": [
            "type": "string", "enum": ["eval/question-answer", "eval/messages-answer", "post-training/messages"],
        ],
        "Dataset": object([
            "identifier": text, "provider_id": text, "provider_resource_id": text,
            "type": ["type": "string", "enum": ["dataset"]], "purpose": reference("Purpose"),
            "source": reference("DatasetSource"), "metadata": anyObject,
        ]),
        "DatasetList": list(reference("Dataset")),
        "DatasetRegistration": object(
            ["purpose": reference("Purpose"), "source": reference("NewDatasetSource")],
            optional: ["dataset_id": identifier, "metadata": anyObject]),
        "RowPage": object(["data": rows, "has_more": ["type": "boolean"], "url": ["type": "null"]]),
        "RowAppending": object(["rows": rows]),
        "Benchmark": object([
            "identifier": text, "provider_id": text, "provider_resource_id": text,
            "type": ["type": "string", "enum": ["benchmark"]], "dataset_id": text, "scoring_functions": texts,
            "metadata": anyObject,
        ]),
        "BenchmarkList": list(reference("Benchmark")),
        "BenchmarkRegistration": object(
            ["benchmark_id": identifier, "scoring_functions": texts],
            optional: [
                "dataset_id": emptyOrIdentifier, "provider_benchmark_id": identifier, "provider_id": emptyOrIdentifier,
                "metadata": anyObject,
            ]),
    ]

    private static let evaluation: JSONObject = [
        "BenchmarkConfiguration": [
            "type": "object", "required": ["eval_candidate"],
            "properties": [
                "eval_candidate": [
                    "anyOf": [
                        candidate(
                            "model", ["model": identifier], ["sampling_params": anyObject, "system_message": [:]]),
                        candidate("agent", ["config": anyObject], [:]),
                    ]
                ],
                "scoring_params": ["type": ["object", "null"], "additionalProperties": nullable("object")],
                "num_examples": ["type": ["integer", "null"], "minimum": 0],
                "by": ["anyOf": [.object(columns), ["type": "null"]]],
                "by_limit": ["type": ["integer", "null"], "minimum": 1, "maximum": 10000],
            ],
        ],
        "JobRequest": object(["benchmark_config": reference("BenchmarkConfiguration")]),
        "Evaluation": object([
            "input_rows": rows, "scoring_functions": texts, "benchmark_config": reference("BenchmarkConfiguration"),
        ]),
        "EvaluationResult": object(
            ["generations": rows, "scores": reference("Results")], optional: ["warnings": texts]),
        "JobStatus": [
            "type": "string", "enum": .array(StoredJob.Status.allCases.map { .string($0.rawValue) }),
        ],
        "Job": object(
            [
                "job_id": text, "status": reference("JobStatus"), "benchmark_id": text,
                "candidate": object(["type": text, "model": nullable("string")]), "dataset_id": nullable("string"),
                "progress": object(
                    ["done": integer, "total": nullable("integer")],
                    optional: ["batches": object(["open": integer, "requests": integer, "answered": integer])]),
                "created_at": text, "started_at": nullable("string"), "finished_at": nullable("string"),
                "error": nullable("string"), "scores": nullable("object"), "generation": nullable("object"),
            ], optional: ["warnings": texts]),
        "ScoringResultPage": object([
            "data": [
                "type": "array",
                "items": object([
                    "id": text, "created_at": text, "dataset_id": text, "results_dataset_id": nullable("string"),
                    "benchmark_id": nullable("string"), "job_id": nullable("string"), "scoring_functions": texts,
                ]),
            ],
            "has_more": ["type": "boolean"],
        ]),
        "JobPage": object(["data": ["type": "array", "items": reference("Job")], "has_more": ["type": "boolean"]]),
        "JobResult": object(
            [
                "job_id": text, "status": reference("JobStatus"), "generations": rows, "scores": reference("Results"),
            ], optional: ["warnings": texts]),
    ]

    private static let comparison: JSONObject = [
        "RunReference": [
            "oneOf": .array(
                ["result_id", "job_id", "dataset_id"].map { name in
                    [
                        "type": "object", "properties": .object([name: identifier]), "required": [.string(name)],
                        "additionalProperties": false,
                    ]
                }),
            "description": "A result, a job, or a dataset of scored rows.",
        ],
        "ComparisonRequest": object(
            ["a": reference("RunReference"), "b": reference("RunReference")],
            optional: [
                "key": names, "functions": names, "cluster": names, "samples": ["type": "boolean"], "by": names,
                "answer_columns": names, "adjust": ["type": "string", "enum": ["holm", "bh", "none"]],
                "level": ["type": "number", "exclusiveMinimum": JSONValue(0.5), "exclusiveMaximum": 1],
                "margin": ["type": "number", "exclusiveMinimum": 0],
                "detect": ["type": "number", "exclusiveMinimum": 0],
                "regressions": ["type": "integer", "minimum": 0, "maximum": 10000],
                "allow": [
                    "type": "array",
                    "items": [
                        "type": "string", "enum": ["data_differs", "function_differs", "judge_differs", "unfinished"],
                    ],
                ],
            ]),
        "Comparison": object(
            ["comparable": ["type": "boolean"], "warnings": ["type": "array", "items": anyObject]],
            optional: [
                "a": anyObject, "b": anyObject, "pairing": anyObject, "functions": anyObject, "adjustment": anyObject,
                "refusals": ["type": "array", "items": reference("Refusal")], "notes": texts,
            ]),
        "Refusal": object([
            "code": text, "function": nullable("string"), "message": text, "pointer": nullable("string"),
        ]),
        "AgreementRequest": object(
            ["runs": ["type": "array", "items": reference("RunReference"), "minItems": 1, "maxItems": 20]],
            optional: [
                "labels": text, "key": names, "functions": names, "threshold": ["type": "number"],
                "map_labels": ["type": "object", "additionalProperties": text],
            ]),
        "Agreement": object(
            ["agreement": anyObject, "warnings": ["type": "array", "items": anyObject]],
            optional: ["alpha": anyObject, "level": text]),
    ]

    /// A name, or several.
    private static let names: JSONValue = [
        "anyOf": [text, ["type": "array", "items": text, "maxItems": 100]]
    ]

    /// The candidate. Without a type, it is a model.
    private static func candidate(_ type: String, _ required: JSONObject, _ optional: JSONObject) -> JSONValue {
        var members = required
        var others = optional
        let name: JSONValue = ["type": "string", "enum": [.string(type)]]
        if type == "model" { others["type"] = name } else { members["type"] = name }
        return object(members, optional: others)
    }

    private static let text: JSONValue = ["type": "string"]
    private static let texts: JSONValue = ["type": "array", "items": text]
    private static let integer: JSONValue = ["type": "integer"]
    private static let identifier: JSONValue = [
        "type": "string", "minLength": 1, "maxLength": 1024, "pattern": "^[^\\u0000-\\u001F\\u007F\\uFFFD]*$",
    ]
    private static let emptyOrIdentifier: JSONValue = ["anyOf": [identifier, ["type": "string", "maxLength": 0]]]
    private static let anyObject: JSONValue = ["type": "object"]
    private static let rows: JSONValue = ["type": "array", "items": anyObject]

    /// Columns by whose values the rows are also aggregated separately.
    private static let columns: JSONObject = [
        "anyOf": [text, ["type": "array", "items": text, "maxItems": 16, "uniqueItems": true]],
        "description": "Columns by whose values the rows are also aggregated separately.",
    ]
    private static let grouping: JSONObject = [
        "by": .object(columns), "by_limit": ["type": "integer", "minimum": 1, "maximum": 10000],
    ]

    private static func nullable(_ type: String) -> JSONValue { ["type": [.string(type), "null"]] }

    private static func reference(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(name)")] }

    private static func list(_ element: JSONValue) -> JSONValue {
        object(["data": ["type": "array", "items": element]])
    }

    /// An object with required members, and with others that may be missing or null.
    private static func object(_ required: JSONObject, optional: JSONObject = [:]) -> JSONValue {
        var properties = required
        for (key, value) in optional.members { properties[key] = ["anyOf": [value, ["type": "null"]]] }
        return [
            "type": "object", "properties": .object(properties), "required": .array(required.keys.map { .string($0) }),
        ]
    }
}
