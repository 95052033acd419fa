extension Behaviour {
    /// Answers with an HTTP status and `body`, or an error object in OpenAI's form if there is none.
    ///
    /// With status 200 and a body of one's own this is an answer of any shape.
    public static func status(_ code: Int, retryAfter: RetryAfter? = nil, body: String? = nil) -> Behaviour {
        Behaviour { _ in
            var answer = Answer(body.map { .text($0) } ?? .error("this fake model answers with status \(code)"))
            answer.status = code
            if let retryAfter { answer.headers.append(retryAfter.header) }
            return answer
        }
    }

    /// Answers with status 200 and a stream of events of any shape.
    public static func events(_ stream: String) -> Behaviour {
        Behaviour { _ in Answer(.events(stream)) }
    }

    /// Answers with an error whose message repeats every header of the request: what a careless server does with keys.
    public static func echoingHeaders(status code: Int) -> Behaviour {
        Behaviour { request in
            let headers = request.headers.map { "\($0.name): \($0.value)" }
            var answer = Answer(.error("refused: " + headers.joined(separator: "; ")))
            answer.status = code
            return answer
        }
    }

    /// Closes the connection at a point of the answer. HTTP/2: resets the request's stream.
    public static func drop(_ point: StopPoint) -> Behaviour {
        answer("this answer is cut off").stopping(.drop, at: point)
    }

    /// Sends nothing more from a point of the answer on and keeps the connection, until the client gives up.
    public static func stall(_ point: StopPoint) -> Behaviour {
        answer("this answer stops half way").stopping(.stall, at: point)
    }

    /// Sends bytes that are no HTTP and closes the connection. HTTP/2: closes the connection with all its streams.
    public static var garbage: Behaviour {
        Behaviour { _ in Answer(.garbage) }
    }

    /// Answers with status 200 and a body that is not what it should be.
    public static func malformed(_ malformation: Malformation) -> Behaviour {
        Behaviour { _ in Answer(.malformed(malformation)) }
    }

    /// The same, but what is sent ends at a point, and the connection is kept until the client gives up.
    public func stalling(_ point: StopPoint) -> Behaviour { stopping(.stall, at: point) }

    private func stopping(_ manner: Answer.Stop.Manner, at point: StopPoint) -> Behaviour {
        changing { $0.stop = Answer.Stop(manner: manner, point: point) }
    }
}

/// Where in an answer something happens.
public enum StopPoint: String, Sendable, Hashable, CaseIterable {
    case beforeHead
    case afterHead
    /// After half of the body; the head's Content-Length promised all of it.
    case inBody
}

/// What is wrong with a body that comes with status 200.
public enum Malformation: String, Sendable, Hashable, CaseIterable {
    /// A page of HTML.
    case notJSON
    /// A JSON object of another kind.
    case otherShape
    /// An empty list of choices (of vectors, for embeddings); a turn whose events end before it does.
    case noChoices
    /// The text is null (the vector, for embeddings; the message's content, for turns).
    case nullContent
    /// An error object, as some servers send it with status 200.
    case errorObject
    /// A string in the JSON that is no UTF-8.
    case invalidUTF8
}

/// When a client is asked to come back, in the forms that servers use.
public enum RetryAfter: Sendable, Hashable {
    /// `Retry-After` with a number of seconds.
    case seconds(Int)
    /// `Retry-After` with the HTTP date so many seconds from now (RFC 9110, 5.6.7).
    case date(secondsFromNow: Int)
    /// `retry-after-ms`, as Azure's OpenAI service sends it.
    case milliseconds(Int)
    /// `Retry-After` with this text.
    case text(String)

    var header: Answer.Header {
        switch self {
        case .seconds(let seconds): ("Retry-After", String(seconds))
        case .date(let seconds): ("Retry-After", httpDate(secondsFromNow: seconds))
        case .milliseconds(let milliseconds): ("retry-after-ms", String(milliseconds))
        case .text(let text): ("Retry-After", text)
        }
    }
}
