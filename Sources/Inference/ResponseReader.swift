import JSON

/// Why a response with a status of success is no answer. `reason` goes on in a sentence: "is not valid JSON: …".
struct BadResponse: Error {
    var reason: String
}

extension InferenceReply {
    /// Reads the body of a response with a status of success.
    init(_ body: some Collection<UInt8>, to operation: InferenceRequest.Operation) throws(BadResponse) {
        let bytes = Array(body)
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(parsing: bytes)
        } catch {
            throw BadResponse(reason: bytes.isEmpty ? "is empty" : "is \(error.message)")
        }
        guard let object = json.object else {
            throw BadResponse(reason: "is \(json.kind), where an object was expected")
        }
        let text =
            switch operation {
            case .chat: try Self.message(in: object)
            case .completion: try Self.completion(in: object)
            case .embedding: try Self.noText(in: object)
            case .agentTurn: try Self.answer(in: object)
            }
        self.init(text: text, response: String(decoding: bytes, as: UTF8.self), usage: TokenUsage(of: object))
    }

    private static func message(in object: JSONObject) throws(BadResponse) -> String {
        guard let message = try firstChoice(in: object)["message"]?.object else {
            throw BadResponse(reason: #"has no "message" in its first choice"#)
        }
        // A model that refuses may say so in a member of its own.
        guard let text = message["content"]?.string ?? message["refusal"]?.string else {
            throw BadResponse(reason: "has a message without text")
        }
        return text
    }

    private static func completion(in object: JSONObject) throws(BadResponse) -> String {
        guard let text = try firstChoice(in: object)["text"]?.string else {
            throw BadResponse(reason: #"has no "text" in its first choice"#)
        }
        return text
    }

    private static func noText(in object: JSONObject) throws(BadResponse) -> String {
        guard let items = object["data"]?.array, !items.isEmpty,
            items.allSatisfy({ $0.object?["embedding"]?.array != nil })
        else {
            throw BadResponse(reason: "holds no embeddings")
        }
        return ""
    }

    private static func firstChoice(in object: JSONObject) throws(BadResponse) -> JSONObject {
        guard let choice = object["choices"]?.array?.first?.object else {
            let isError = object["error"].map { $0 != .null } ?? false
            throw BadResponse(reason: isError ? "holds an error instead of choices" : "holds no choices")
        }
        return choice
    }
}

extension TokenUsage {
    /// Reads what a response says that it used, whatever else is in it.
    init?(in body: some Collection<UInt8>) {
        guard let object = try? JSONValue(parsing: Array(body)).object else { return nil }
        self.init(of: object)
    }

    fileprivate init?(of object: JSONObject) {
        // A server of embeddings counts no output.
        guard let usage = object["usage"]?.object, let input = count(usage["prompt_tokens"]),
            let output = count(usage["completion_tokens"] ?? 0)
        else { return nil }
        self.init(input: input, output: output)
    }
}

/// A number of tokens, as far as it can be one: counts that no model can have reached say nothing.
private func count(_ value: JSONValue?) -> Int? {
    value?.number?.int.flatMap { (0...1_000_000_000).contains($0) ? $0 : nil }
}
