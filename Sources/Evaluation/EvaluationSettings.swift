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
        guard let place = try ConfigurationPlace(file: file, value: json).member("evaluation") else { return }
        try place.checkNames([NeMoProvider.id, HarnessProvider.id])
        if let nemo = try place.member(NeMoProvider.id) { self.nemo = try NeMo(nemo) }
        if let harness = try place.member(HarnessProvider.id) { self.harness = try Harness(harness) }
    }
}

extension EvaluationSettings.NeMo {
    fileprivate init(_ place: ConfigurationPlace) throws(ConfigurationError) {
        try place.checkNames(["url", "api_key_env", "namespace", "poll_seconds"])
        self.init(
            url: try place.required("url", "a URL that begins with http:// or https://") { value in
                value.string.flatMap { NeMoClient.base($0) == nil ? nil : $0 }
            })
        apiKeyVariable = try place.optional("api_key_env", "the name of a variable") { $0.string.nonEmpty }
        namespace =
            try place.optional("namespace", "a name without a slash") { value in
                value.string.nonEmpty.flatMap { $0.contains("/") ? nil : $0 }
            } ?? namespace
        pollInterval =
            try place.optional("poll_seconds", "a number from 0.01 to 3600") { value in
                value.number.flatMap { (0.01...3600).contains($0.double) ? .seconds($0.double) : nil }
            } ?? pollInterval
    }
}

extension EvaluationSettings.Harness {
    fileprivate init(_ place: ConfigurationPlace) throws(ConfigurationError) {
        try place.checkNames(["command", "output_dir", "timeout_seconds", "allow_custom_tasks", "pass_env"])
        self.init()
        isConfigured = true
        command =
            try place.optional("command", "an array of strings, the first one a program") { value in
                guard let array = value.array, array.first?.string.nonEmpty != nil else { return nil }
                let words = array.compactMap(\.string)
                return words.count == array.count && !words.contains { $0.utf8.contains(0) } ? words : nil
            } ?? command
        outputFolder = try place.optional("output_dir", "the path of a folder") { $0.string.nonEmpty }
        timeout = try place.optional("timeout_seconds", "a number above 0, at most 31536000") { value in
            value.number.flatMap { $0.double > 0 && $0.double <= 31_536_000 ? .seconds($0.double) : nil }
        }
        allowsCustomTasks =
            try place.optional("allow_custom_tasks", "true or false", as: \.bool) ?? allowsCustomTasks
        passedVariables =
            try place.optional("pass_env", "an array of names of variables") { value in
                let names = value.array?.compactMap(\.string)
                let areNames = names?.allSatisfy { !$0.isEmpty && !$0.utf8.contains { $0 == 0 || $0 == 0x3D } }
                return areNames == true && names?.count == value.array?.count ? names : nil
            } ?? passedVariables
    }
}
