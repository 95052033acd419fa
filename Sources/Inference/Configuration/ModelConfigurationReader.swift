import Glibc
public import JSON
import Platform
import Web

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
        do throws(JSONFault) {
            return try models(in: JSONPlace(json))
        } catch {
            throw ConfigurationError(file: file, error)
        }
    }

    private static func models(in root: JSONPlace) throws(JSONFault) -> [ModelConfiguration] {
        try root.checkNames(["models", "server", "agents", "evaluation"])
        var models: [ModelConfiguration] = []
        for element in try root["models"]?.elements() ?? [] {
            let model = try ModelConfiguration(element)
            if models.contains(where: { $0.id == model.id }) {
                throw JSONFault(
                    at: element.pointer.appending("id"), found: quoted(model.id),
                    expected: "an id that no other model has")
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
        do throws(JSONFault) {
            guard let place = JSONPlace(json)["agents"] else { return nil }
            try place.checkNames(["url", "api_key_env", "headers", "limits"])
            return try ModelConfiguration(server: place, id: agentsID)
        } catch {
            throw ConfigurationError(file: file, error)
        }
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

    private init(_ place: JSONPlace) throws(JSONFault) {
        try place.checkNames([
            "id", "url", "model", "api_key_env", "headers", "limits", "price_per_million", "reasoning", "parameters",
            "default_temperature", "api", "stream", "batch",
        ])
        try self.init(server: place, id: place.required("id", .nonEmptyText("the name of the model")))
        if let model = try place.optional("model", .nonEmptyText()) { self.model = model }
        if let price = place["price_per_million"] { self.price = try ModelPrice(price) }
        if let parameters = place["parameters"] { self.parameters = try RequestParameters(parameters) }
        if let temperature = place.member("default_temperature") {
            parameters.defaultTemperature = try temperature.read(.defaultTemperature)
        }
        if let reasoning = place["reasoning"] { self.reasoning = try ReasoningSettings(reasoning) }
        if let batch = place["batch"] {
            self.batch = try BatchSettings(batch)
        }
        api = try place.optional("api", .choice()) ?? .chat
        if batch.form == .anthropic, api != .anthropic, let form = place["batch"]?["api"] {
            throw form.fault(#"openai or together; anthropic needs a model with "api": "anthropic""#)
        }
        isStreaming = try place.optional("stream", .flag) ?? false
    }

    /// Reads a server's address and credentials.
    private init(server place: JSONPlace, id: String) throws(JSONFault) {
        let url = JSONExpectation("a URL that begins with http:// or https://") { value in
            value.string.flatMap { try? ModelAddress(parsing: $0) } == nil ? nil : value.string
        }
        self.init(
            id: id, url: try place.required("url", url),
            apiKeyVariable: try place.optional("api_key_env", .nonEmptyText("the name of a variable")))
        if let headers = place["headers"] { self.headers = try Self.headers(headers) }
        if let limits = place["limits"] { self.limits = try ModelLimits(limits) }
    }

    private static func headers(_ place: JSONPlace) throws(JSONFault) -> [Header] {
        let header = JSONExpectation(#"a string, or {"env": "NAME"}"#) { value -> Header.Value? in
            if let text = value.string { return .literal(text) }
            guard let members = value.object, members.keys == ["env"], let variable = members["env"]?.string,
                !variable.isEmpty
            else { return nil }
            return .environment(variable)
        }
        var headers: [Header] = []
        for (name, member) in try place.members() {
            headers.append(Header(name: name, value: try member.read(header)))
        }
        return headers
    }
}

extension ModelLimits {
    fileprivate init(_ place: JSONPlace) throws(JSONFault) {
        self.init()
        try place.checkNames(["max_concurrency", "timeout_seconds", "max_retries", "requests_per_minute"])
        maxConcurrency = try place.optional("max_concurrency", .integer(1...10_000)) ?? maxConcurrency
        timeout = try place.optional("timeout_seconds", .seconds(upTo: 86_400)) ?? timeout
        maxRetries = try place.optional("max_retries", .integer(0...100)) ?? maxRetries
        requestsPerMinute = try place.optional(
            "requests_per_minute", .number("a number from 0.01 to 1000000") { (0.01...1e6).contains($0) })
    }
}

extension ReasoningSettings {
    /// Reads `{"strip": "</think>" | ["</think>", …] | null, "keep": true}`.
    fileprivate init(_ place: JSONPlace) throws(JSONFault) {
        self.init()
        try place.checkNames(["strip", "keep"])
        let marks = JSONExpectation<Marks>(
            "the text that ends the thinking, such as \"</think>\", a list of such strings, or null"
        ) { value in
            if value == .null { return Marks.none }
            let marks = value.string.map { [$0] } ?? value.array?.compactMap { $0.string } ?? []
            guard !marks.isEmpty, !marks.contains(""), marks.count == value.array?.count ?? 1 else { return nil }
            return .closing(marks)
        }
        if let strip = place.member("strip") { self.marks = try strip.read(marks) }
        isKept = try place.optional("keep", .flag) ?? isKept
    }
}

extension ModelPrice {
    fileprivate init(_ place: JSONPlace) throws(JSONFault) {
        try place.checkNames(["input", "output", "cached_input"])
        let price = JSONExpectation.number("a number from 0, the price of a million tokens") { $0 >= 0 }
        self.init(
            input: try place.required("input", price), output: try place.required("output", price),
            cachedInput: try place.optional("cached_input", price))
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
