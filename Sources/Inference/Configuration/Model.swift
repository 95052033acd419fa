import Encodings
import Web

/// A model, with everything that a request to it needs. Its secrets cannot be read from outside.
public struct Model: Sendable, CustomStringConvertible {
    /// The name that scoring functions and options use for the model.
    public let id: String
    /// The name that is sent to the server.
    public let name: String
    public let price: ModelPrice?
    let address: ModelAddress
    /// The headers from the model's configuration.
    let headers: [SentHeader]
    let limits: ModelLimits
    let api: ModelAPI
    /// Whether replies to chats are requested as streams.
    let isStreaming: Bool
    /// Removes the model's secrets from texts.
    let redaction: Redaction
    /// How to separate its thinking from its answer.
    let reasoning: ReasoningSettings
    /// Changes to the requests to it.
    let parameters: RequestParameters
    /// How its requests are sent in batches.
    let batch: BatchSettings
    /// The price of a reply in a batch, as a part of that of one that is requested by itself.
    public var batchPriceFactor: Double { batch.priceFactor }
    /// The environment variable of the key, for messages about a refused key.
    let apiKeyVariable: String?

    /// The address of the API, without user name, password and query.
    public var url: String { address.shown }

    public var description: String { "\(kind.title(id)) at \(url)" }

    /// What stands behind the address.
    let kind: Kind

    enum Kind: Hashable {
        case model
        /// A server of agents, each of which names a model of its own.
        case agents

        func title(_ id: String) -> String { self == .agents ? "the agents' server" : "model \"\(id)\"" }
    }

    struct SentHeader: Hashable, Sendable {
        var name: String
        var value: Secret
        /// Whether the value is written in the configuration itself, so that it belongs to a reply's identity.
        var isLiteral: Bool
    }

    /// Reads the secrets from the environment.
    init(
        _ configuration: ModelConfiguration, kind: Kind = .model, environment: (String) -> String?
    ) throws(InferenceError) {
        let prefix = "\(kind.title(configuration.id)): "
        func variable(_ name: String) throws(InferenceError) -> String {
            guard name.isVariableName else {
                // Not shown, because it may be the key itself.
                let message =
                    "the name of the environment variable "
                    + "for the key, in its configuration, is not valid"
                throw InferenceError(.invalidModel, prefix + message)
            }
            // A key read from a file often ends with a line break.
            guard let value = environment(name)?.trimmed, !value.isEmpty else {
                let message = "the environment variable \(name), which its configuration names, is not set"
                throw InferenceError(.invalidModel, prefix + message)
            }
            guard value.isHeaderValue else {
                let message =
                    "the environment variable \(name) contains a character that is not allowed in an HTTP header"
                throw InferenceError(.invalidModel, prefix + message)
            }
            return value
        }
        do throws(ModelAddress.Fault) {
            address = try ModelAddress(parsing: configuration.url)
        } catch {
            throw InferenceError(.invalidModel, "\(prefix)its URL \(error.reason)")
        }
        var headers: [SentHeader] = []
        var secrets: [Secret] = []
        for header in configuration.headers {
            guard header.name.isHeaderName else {
                throw InferenceError(.invalidModel, "\(prefix)\"\(header.name)\" cannot be the name of an HTTP header")
            }
            switch header.value {
            case .literal(let text):
                guard text.isHeaderValue else {
                    let message = "the header \(header.name) contains a character that is not allowed in an HTTP header"
                    throw InferenceError(.invalidModel, prefix + message)
                }
                headers.append(SentHeader(name: header.name, value: Secret(text), isLiteral: true))
            case .environment(let name):
                let value = Secret(try variable(name))
                headers.append(SentHeader(name: header.name, value: value, isLiteral: false))
                secrets.append(value)
            }
        }
        var authorization: Secret?
        if let basic = address.basicAuthorization, let userInfo = address.url.userInfo {
            let password = String(userInfo.value.drop { $0 != ":" }.dropFirst())
            secrets += [basic, Secret(password), Secret(leniently(percentDecoded: password))]
            authorization = basic
        }
        // Some servers take their key in the query.
        secrets += address.url.query.split { "?&=".contains($0) }.flatMap { part in
            [Secret(String(part)), Secret(leniently(percentDecoded: String(part)))]
        }
        func isGiven(_ name: String) -> Bool { headers.contains { $0.name.lowercased() == name } }
        if let name = configuration.apiKeyVariable {
            let key = try variable(name)
            secrets.append(Secret(key))
            if configuration.api == .anthropic {
                if !isGiven("x-api-key") {
                    headers.append(SentHeader(name: "x-api-key", value: Secret(key), isLiteral: false))
                }
            } else {
                authorization = Secret("Bearer " + key)
            }
        }
        if configuration.api == .anthropic, !isGiven("anthropic-version") {
            headers.append(SentHeader(name: "anthropic-version", value: Secret("2023-06-01"), isLiteral: true))
        }
        // A header that the configuration gives itself goes before the one that would be made of the key.
        if let authorization, !isGiven("authorization") {
            headers.append(SentHeader(name: "Authorization", value: authorization, isLiteral: false))
        }
        self.kind = kind
        id = configuration.id
        name = configuration.model
        price = configuration.price
        limits = configuration.limits
        api = configuration.api
        isStreaming = configuration.isStreaming
        reasoning = configuration.reasoning
        parameters = configuration.parameters
        batch = configuration.batch
        apiKeyVariable = configuration.apiKeyVariable
        self.headers = headers
        redaction = Redaction(secrets)
    }
}

extension String {
    fileprivate var trimmed: String {
        let spaces: Set<Character> = [" ", "\t", "\n", "\r", "\r\n"]
        let start = drop { spaces.contains($0) }
        return String(start.dropLast(start.reversed().prefix { spaces.contains($0) }.count))
    }

    fileprivate var isVariableName: Bool {
        utf8.first.map { !(0x30...0x39).contains($0) } ?? false
            && utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF) || byte == 0x5F
            }
    }

    /// RFC 9110, section 5.5: no control characters but the tab.
    fileprivate var isHeaderValue: Bool { utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 } }

    /// RFC 9110, section 5.6.2: a token.
    fileprivate var isHeaderName: Bool {
        let marks = Array("!#$%&'*+-.^_`|~".utf8)
        return !isEmpty
            && utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF) || marks.contains(byte)
            }
    }
}
