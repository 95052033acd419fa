public import Inference
public import JSON

/// Settings of evaluations: the member "evaluation" of the configuration file.
public struct EvaluationSettings: Sendable, Hashable {
    /// The NeMo Evaluator microservice.
    public struct NeMo: Sendable, Hashable {
        /// Its base URL, without `/v1`.
        public var url: String
        /// The environment variable with the key, which is sent as a bearer token.
        public var apiKeyVariable: String?
        /// The namespace of benchmarks; the default is Llama Stack's.
        public var namespace: String
        /// The longest pause between two status requests for a job.
        public var pollInterval: Duration

        public init(
            url: String, apiKeyVariable: String? = nil, namespace: String = "nvidia",
            pollInterval: Duration = .seconds(10)
        ) {
            self.url = url
            self.apiKeyVariable = apiKeyVariable
            self.namespace = namespace
            self.pollInterval = pollInterval
        }
    }

    /// How to run EleutherAI's lm_eval.
    public struct Harness: Sendable, Hashable {
        /// The program and its first arguments, such as `["python3", "-m", "lm_eval"]`.
        public var command: [String]
        /// The parent folder of the jobs' folders, which are kept with all files that lm_eval wrote; nil means temporary folders.
        public var outputFolder: String?
        /// How long a run may take; nil means without limit.
        public var timeout: Duration?
        /// Whether benchmarks may define their own tasks. Those can run any code: lm_eval expands their templates
        /// outside a sandbox.
        public var allowsCustomTasks: Bool
        /// Further environment variables to pass to lm_eval, such as `HF_TOKEN`.
        public var passedVariables: [String]
        /// Whether it was configured explicitly, so that a missing program is reported at the start.
        public var isConfigured = false

        public init(
            command: [String] = ["lm_eval"], outputFolder: String? = nil, timeout: Duration? = nil,
            allowsCustomTasks: Bool = false, passedVariables: [String] = []
        ) {
            self.command = command
            self.outputFolder = outputFolder
            self.timeout = timeout
            self.allowsCustomTasks = allowsCustomTasks
            self.passedVariables = passedVariables
        }
    }

    public var nemo: NeMo?
    public var harness: Harness

    public init(nemo: NeMo? = nil, harness: Harness = Harness()) {
        self.nemo = nemo
        self.harness = harness
    }

    /// Reads the settings of a configuration file; without the member "evaluation", all settings have their defaults.
    ///
    /// - Throws: the first fault.
    public init(inFile path: String) throws(ConfigurationError) {
        try self.init(in: configurationJSON(inFile: path), file: path)
    }

    /// Reads the settings of a configuration.
    ///
    /// - Parameter file: the name of the file in errors.
    /// - Throws: the first fault.
    public init(in json: JSONValue, file: String) throws(ConfigurationError) {
        self.init()
        do throws(JSONFault) {
            guard let place = JSONPlace(json)["evaluation"] else { return }
            try place.checkNames([NeMoProvider.id, HarnessProvider.id])
            if let nemo = place[NeMoProvider.id] { self.nemo = try NeMo(nemo) }
            if let harness = place[HarnessProvider.id] { self.harness = try Harness(harness) }
        } catch {
            throw ConfigurationError(file: file, error)
        }
    }
}

extension EvaluationSettings.NeMo {
    fileprivate init(_ place: JSONPlace) throws(JSONFault) {
        try place.checkNames(["url", "api_key_env", "namespace", "poll_seconds"])
        let url = JSONExpectation("a URL that begins with http:// or https://") { value in
            value.string.flatMap { NeMoClient.base($0) == nil ? nil : $0 }
        }
        let namespace = JSONExpectation("a name without a slash") { value in
            value.string.flatMap { $0.isEmpty || $0.contains("/") ? nil : $0 }
        }
        let pause = JSONExpectation.number("a number from 0.01 to 3600") { (0.01...3600).contains($0) }
        self.init(url: try place.required("url", url))
        apiKeyVariable = try place.optional("api_key_env", .nonEmptyText("the name of a variable"))
        self.namespace = try place.optional("namespace", namespace) ?? self.namespace
        pollInterval = try place.optional("poll_seconds", pause).map { .seconds($0) } ?? pollInterval
    }
}

extension EvaluationSettings.Harness {
    fileprivate init(_ place: JSONPlace) throws(JSONFault) {
        try place.checkNames(["command", "output_dir", "timeout_seconds", "allow_custom_tasks", "pass_env"])
        let words = JSONExpectation("an array of strings, the first one a program") { value in
            value.texts.flatMap { words in
                words.first ?? "" == "" || words.contains { $0.utf8.contains(0) } ? nil : words
            }
        }
        let variables = JSONExpectation("an array of names of variables") { value in
            value.texts.flatMap { names in
                names.allSatisfy { !$0.isEmpty && !$0.utf8.contains { $0 == 0 || $0 == 0x3D } } ? names : nil
            }
        }
        self.init()
        isConfigured = true
        command = try place.optional("command", words) ?? command
        outputFolder = try place.optional("output_dir", .nonEmptyText("the path of a folder"))
        timeout = try place.optional("timeout_seconds", .seconds(upTo: 31_536_000))
        allowsCustomTasks = try place.optional("allow_custom_tasks", .flag) ?? allowsCustomTasks
        passedVariables = try place.optional("pass_env", variables) ?? passedVariables
    }
}
