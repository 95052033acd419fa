import Glibc
public import JSON
import Platform

extension ModelConfiguration {
    /// Reads the models of a configuration file, a JSON object with the member "models". Without it, there are no models.
    /// "server" is for the HTTP server, "agents" is read by ``agents(in:file:)``, "evaluation" is for evaluations, and other
    /// members are errors.
    ///
    /// - Throws: the first fault.
    public static func models(inFile path: String) throws(ConfigurationError) -> [ModelConfiguration] {
        try models(in: configurationJSON(inFile: path), file: path)
    }

    /// Reads the models of a configuration.
    ///
    /// - Parameter file: the name of the file in errors.
    /// - Throws: the first fault.
    public static func models(in json: JSONValue, file: String) throws(ConfigurationError) -> [ModelConfiguration] {
        let root = ConfigurationPlace(file: file, value: json)
        try root.checkNames(["models", "server", "agents", "evaluation"])
        guard let list = try root.object()["models"] else { return [] }
        var models: [ModelConfiguration] = []
        for element in try root.child("models", list).elements() {
            let model = try ModelConfiguration(element)
            if models.contains(where: { $0.id == model.id }) {
                throw element.child("id", .string(model.id)).fault(expected: "an id that no other model has")
            }
            models.append(model)
        }
        return models
    }

    /// Reads the server for agents from a configuration file, see ``agents(in:file:)``.
    public static func agents(inFile path: String) throws(ConfigurationError) -> ModelConfiguration? {
        try agents(in: configurationJSON(inFile: path), file: path)
    }

    /// Reads the member "agents" of a configuration: a Llama Stack server, whose agents can be asked for turns.
    ///
    /// - Returns: nil if the configuration has none.
    /// - Throws: the first fault.
    public static func agents(in json: JSONValue, file: String) throws(ConfigurationError) -> ModelConfiguration? {
        let root = ConfigurationPlace(file: file, pointer: JSONPointer(), value: json)
        guard let place = try root.member("agents") else { return nil }
        try place.checkNames(["url", "api_key_env", "headers", "limits"])
        return try ModelConfiguration(server: place, id: agentsID)
    }

    /// Why a text is not the URL of a server; nil if it is valid.
    public static func fault(ofURL text: String) -> String? {
        do throws(ModelAddress.Fault) {
            _ = try ModelAddress(parsing: text)
            return nil
        } catch {
            return error.reason
        }
    }

    /// The server for agents at a URL.
    public static func agents(url: String) -> ModelConfiguration {
        ModelConfiguration(id: agentsID, url: url)
    }

    /// What stands in the places of the model's names.
    private static let agentsID = "agents"

    private init(_ place: ConfigurationPlace) throws(ConfigurationError) {
        try place.checkNames([
            "id", "url", "model", "api_key_env", "headers", "limits", "price_per_million", "reasoning", "parameters",
            "default_temperature", "api", "stream",
        ])
        let id = try place.required("id", "the name of the model") { $0.string.nonEmpty }
        try self.init(server: place, id: id)
        if let model = try place.optional("model", "a non-empty string", as: { $0.string.nonEmpty }) {
            self.model = model
        }
        if let price = try place.member("price_per_million") { self.price = try ModelPrice(price) }
        if let parameters = try place.member("parameters") { self.parameters = try RequestParameters(parameters) }
        if let temperature = try place.object()["default_temperature"] {
            parameters.defaultTemperature = try RequestParameters.defaultTemperature(
                temperature, at: place.child("default_temperature", temperature))
        }
        if let reasoning = try place.member("reasoning") { self.reasoning = try ReasoningSettings(reasoning) }
        let apis = ModelAPI.allCases.map { quoted($0.rawValue) }.joined(separator: ", ")
        api = try place.optional("api", "one of \(apis)") { $0.string.flatMap(ModelAPI.init) } ?? .chat
        isStreaming = try place.optional("stream", "true or false", as: \.bool) ?? false
    }

    /// Reads a server's address and credentials.
    private init(server place: ConfigurationPlace, id: String) throws(ConfigurationError) {
        let url = try place.required("url", "a URL that begins with http:// or https://") { value in
            value.string.flatMap { try? ModelAddress(parsing: $0) } == nil ? nil : value.string
        }
        self.init(
            id: id, url: url,
            apiKeyVariable: try place.optional("api_key_env", "the name of a variable") { $0.string.nonEmpty })
        if let headers = try place.member("headers") { self.headers = try Self.headers(headers) }
        if let limits = try place.member("limits") { self.limits = try ModelLimits(limits) }
    }

    private static func headers(_ place: ConfigurationPlace) throws(ConfigurationError) -> [Header] {
        var headers: [Header] = []
        for (name, value) in try place.object().members {
            let child = place.child(name, value)
            if let text = value.string {
                headers.append(Header(name: name, value: .literal(text)))
            } else if let members = value.object, members.keys == ["env"],
                let variable = members["env"]?.string.nonEmpty
            {
                headers.append(Header(name: name, value: .environment(variable)))
            } else {
                throw child.fault(expected: #"a string, or {"env": "NAME"}"#)
            }
        }
        return headers
    }
}

extension ModelLimits {
    fileprivate init(_ place: ConfigurationPlace) throws(ConfigurationError) {
        self.init()
        try place.checkNames(["max_concurrency", "timeout_seconds", "max_retries", "requests_per_minute"])
        maxConcurrency =
            try place.optional("max_concurrency", "an integer from 1 to 10000") { value in
                value.number?.int.flatMap { (1...10_000).contains($0) ? $0 : nil }
            } ?? maxConcurrency
        timeout =
            try place.optional("timeout_seconds", "a number above 0, at most 86400") { value in
                value.number.flatMap { $0.double > 0 && $0.double <= 86_400 ? .seconds($0.double) : nil }
            } ?? timeout
        maxRetries =
            try place.optional("max_retries", "an integer from 0 to 100") { value in
                value.number?.int.flatMap { (0...100).contains($0) ? $0 : nil }
            } ?? maxRetries
        requestsPerMinute = try place.optional("requests_per_minute", "a number from 0.01 to 1000000") { value in
            value.number.flatMap { (0.01...1e6).contains($0.double) ? $0.double : nil }
        }
    }
}

extension ReasoningSettings {
    /// Reads `{"strip": "</think>" | ["</think>", …] | null, "keep": true}`.
    fileprivate init(_ place: ConfigurationPlace) throws(ConfigurationError) {
        self.init()
        try place.checkNames(["strip", "keep"])
        if let strip = try place.object()["strip"] {
            let marks = strip.string.map { [$0] } ?? strip.array?.compactMap { $0.string }
            if strip == .null {
                self.marks = .none
            } else if let marks, !marks.isEmpty, !marks.contains(""), marks.count == strip.array?.count ?? 1 {
                self.marks = .closing(marks)
            } else {
                throw place.child("strip", strip).fault(
                    expected: "the text that ends the thinking, such as \"</think>\", a list of such strings, or null")
            }
        }
        isKept = try place.optional("keep", "true or false", as: \.bool) ?? isKept
    }
}

extension ModelPrice {
    fileprivate init(_ place: ConfigurationPlace) throws(ConfigurationError) {
        try place.checkNames(["input", "output", "cached_input"])
        let expected = "a number from 0, the price of a million tokens"
        func price(_ value: JSONValue) -> Double? {
            value.number.flatMap { $0.double >= 0 && $0.double.isFinite ? $0.double : nil }
        }
        self.init(
            input: try place.required("input", expected, as: price),
            output: try place.required("output", expected, as: price),
            cachedInput: try place.optional("cached_input", expected, as: price))
    }
}

/// The JSON of a configuration file.
package func configurationJSON(inFile path: String) throws(ConfigurationError) -> JSONValue {
    let bytes = try contents(of: path)
    do throws(JSONError) {
        return try JSONValue(parsing: bytes)
    } catch {
        throw ConfigurationError(
            file: path, line: error.line, column: error.column, found: "text that is \(error.message)",
            expected: "a JSON object")
    }
}

/// The bytes of a file of at most 16 MiB.
private func contents(of path: String) throws(ConfigurationError) -> [UInt8] {
    let limit = 16 << 20
    do throws(RegularFile.Fault) {
        return try RegularFile.read(path, limit: limit)
    } catch {
        throw ConfigurationError(
            file: path, found: error.found, expected: "a file of at most \(limit >> 20) MiB")
    }
}
