import JSON

extension BatchResult.Failure {
    /// Reads what `text` writes.
    init?(text: String) {
        guard let json = try? JSONValue(parsing: text), let message = json["message"]?.string,
            let isTemporary = json["temporary"]?.bool
        else { return nil }
        self.init(
            status: json["status"]?.number?.int, message: message, isTemporary: isTemporary,
            error: json["error"] ?? .null)
    }

    /// As it is kept in the cache.
    ///
    /// - Parameter redaction: removes the secrets that the server's words may hold.
    func text(_ redaction: Redaction) -> String {
        // What somebody looks for in an error is at its start.
        let said = redaction(error.text)
        let isShort = said.utf8.count <= 8192
        let json: JSONValue = [
            "status": status.map { JSONValue($0) } ?? .null, "message": .string(redaction(message)),
            "temporary": .bool(isTemporary), "error": isShort ? (try? JSONValue(parsing: said)) ?? .null : .null,
        ]
        return json.text
    }

    /// Why the request has no reply.
    ///
    /// - Parameters:
    ///   - title: the name of the batch.
    ///   - attempts: how often it was made.
    func error(of model: Model, in title: String, attempts: Int = 1) -> InferenceError {
        let repeated = attempts > 1 ? ", after \(attempts) attempts" : ""
        var failure = InferenceError(.rejected, "\(model): \(message) (batch \(title)\(repeated))", status: status)
        if !isTemporary, error != .null { failure.serverError = ServerError(error) }
        return failure
    }

    /// A request of which a server says nothing.
    static func missing(_ reason: String) -> Self {
        Self(status: nil, message: reason, isTemporary: true)
    }
}

/// "1 request", "20 requests"
func countedRequests(_ count: Int) -> String { counted(count, "request") }

/// "1 batch", "2 batches"
func countedBatches(_ count: Int) -> String { count == 1 ? "1 batch" : "\(count) batches" }

private func counted(_ count: Int, _ noun: String) -> String { count == 1 ? "1 \(noun)" : "\(count) \(noun)s" }
