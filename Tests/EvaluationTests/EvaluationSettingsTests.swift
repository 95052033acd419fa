import Evaluation
import Inference
import JSON
import Testing

@Suite struct EvaluationSettingsTests {
    @Test func readsAllOfThem() throws {
        let json = try JSONValue(
            parsing: """
                {"models": [], "evaluation": {
                  "nvidia": {"url": "http://nemo:7331", "api_key_env": "KEY", "namespace": "team", "poll_seconds": 0.5},
                  "lm-evaluation-harness": {"command": ["python3", "-m", "lm_eval"], "output_dir": "/data",
                    "timeout_seconds": 60, "allow_custom_tasks": true, "pass_env": ["HF_TOKEN"]}}}
                """)
        var harness = EvaluationSettings.Harness(
            command: ["python3", "-m", "lm_eval"], outputFolder: "/data", timeout: .seconds(60),
            allowsCustomTasks: true, passedVariables: ["HF_TOKEN"])
        harness.isConfigured = true
        #expect(
            try EvaluationSettings(in: json, file: "assay.json")
                == EvaluationSettings(
                    nemo: .init(
                        url: "http://nemo:7331", apiKeyVariable: "KEY", namespace: "team",
                        pollInterval: .seconds(0.5)),
                    harness: harness))
        #expect(try ModelConfiguration.models(in: json, file: "assay.json") == [])
    }

    @Test(arguments: ["{}", #"{"evaluation": null}"#, #"{"evaluation": {}}"#])
    func needsNone(_ json: String) throws {
        let settings = try EvaluationSettings(in: JSONValue(parsing: json), file: "assay.json")
        #expect(settings == EvaluationSettings())
        #expect(settings.nemo == nil)
        #expect(settings.harness.command == ["lm_eval"])
        #expect(!settings.harness.allowsCustomTasks)
    }

    @Test(arguments: [
        ("[]", "/evaluation: found an empty array; expected an object"),
        (
            #"{"nvidea": {}}"#,
            "/evaluation/nvidea: found an unknown member; expected one of nvidia, lm-evaluation-harness"
        ),
        (
            #"{"nvidia": {}}"#,
            #"/evaluation/nvidia/url: found nothing; expected a URL that begins with http:// or https://"#
        ),
        (
            #"{"nvidia": {"url": "nemo:7331"}}"#,
            #"/evaluation/nvidia/url: found "nemo:7331"; expected a URL that begins with http:// or https://"#
        ),
        (
            #"{"nvidia": {"url": "http://nemo", "namespace": "a/b"}}"#,
            #"/evaluation/nvidia/namespace: found "a/b"; expected a name without a slash"#
        ),
        (
            #"{"nvidia": {"url": "http://nemo", "poll_seconds": 0}}"#,
            "/evaluation/nvidia/poll_seconds: found 0; expected a number from 0.01 to 3600"
        ),
        (
            #"{"lm-evaluation-harness": {"command": "lm_eval"}}"#,
            #"/evaluation/lm-evaluation-harness/command: found "lm_eval"; expected an array of strings, the first one a "#
                + "program"
        ),
        (
            #"{"lm-evaluation-harness": {"command": []}}"#,
            "/evaluation/lm-evaluation-harness/command: found an empty array; expected an array of strings, the first one a "
                + "program"
        ),
        (
            #"{"lm-evaluation-harness": {"pass_env": ["HF_TOKEN=x"]}}"#,
            "/evaluation/lm-evaluation-harness/pass_env: found an array; expected an array of names of variables"
        ),
        (
            #"{"lm-evaluation-harness": {"timeout_seconds": -1}}"#,
            "/evaluation/lm-evaluation-harness/timeout_seconds: found -1; expected a number above 0, at most 31536000"
        ),
    ])
    func saysWhatIsWrongAndWhere(_ json: String, _ message: String) throws {
        let value = try JSONValue(parsing: #"{"evaluation": \#(json)}"#)
        let error = #expect(throws: ConfigurationError.self) { try EvaluationSettings(in: value, file: "assay.json") }
        #expect(error?.description == "assay.json: \(message)")
    }
}
