/// What a `FakeModelServer` does with each request to a model.
///
/// A behaviour begins with what is done (`answer`, `status`, `drop`, `stall`, `garbage`, `malformed`) and is changed by
/// modifiers, each of which wraps what stands before it:
///
///     .answer("C").delayed(by: .milliseconds(50)).failing(first: 1, with: .status(503, retryAfter: .seconds(1)))
///
/// Here the first attempt of a body fails at once and the second is answered after 50 ms.
public struct Behaviour: Sendable {
    /// Decides about one request. Called once for each request, when the whole of it has arrived.
    let plan: @Sendable (ReceivedRequest) -> Answer

    init(plan: @escaping @Sendable (ReceivedRequest) -> Answer) {
        self.plan = plan
    }

    /// Decides anew for each request, by its number, body, headers or attempt.
    public static func choosing(_ choose: @escaping @Sendable (ReceivedRequest) -> Behaviour) -> Behaviour {
        Behaviour { request in choose(request).plan(request) }
    }

    /// The n-th request gets the n-th behaviour; those after the last get the last. Nothing at all is a stall.
    public static func sequence(_ behaviours: [Behaviour]) -> Behaviour {
        choosing { request in
            behaviours.isEmpty ? .stall(.beforeHead) : behaviours[min(request.number, behaviours.count) - 1]
        }
    }

    /// The same, with every answer changed by `change`.
    func changing(_ change: @escaping @Sendable (inout Answer) -> Void) -> Behaviour {
        Behaviour { request in
            var answer = plan(request)
            change(&answer)
            return answer
        }
    }
}

// MARK: Answers

extension Behaviour {
    /// Answers every request with `text`. Embeddings get the vector of their input instead, in every kind of answer.
    public static func answer(_ text: String) -> Behaviour {
        Behaviour { _ in Answer(.reply(text)) }
    }

    /// Answers with what `text` makes of the request, mostly of its `prompt`. It runs on the server's event loop.
    public static func answer(_ text: @escaping @Sendable (ReceivedRequest) -> String) -> Behaviour {
        Behaviour { request in Answer(.reply(text(request))) }
    }

    /// Answers with what stands after the last `marker` in the prompt, up to the end of that line, without the spaces
    /// around it; with nothing if the marker is not there.
    public static func answer(after marker: String) -> Behaviour {
        answer { request in textAfterLast(marker, in: request.prompt ?? "") }
    }

    /// Answers with one of `texts`, chosen by the request's body: equal requests get equal answers.
    public static func answer(among texts: [String]) -> Behaviour {
        answer { request in
            texts.isEmpty ? "" : texts[Int(request.bodyHash.value % UInt64(texts.count))]
        }
    }

    /// Waits before the answer begins, whatever it is.
    public func delayed(by delay: Duration) -> Behaviour {
        changing { $0.delay += delay }
    }

    /// Reports other token counts than the estimated ones, or none.
    public func reporting(_ usage: TokenCounts) -> Behaviour {
        changing { $0.usage = usage }
    }

    /// Has an agent retrieve `text` with a tool before it answers. Nothing else than a turn is changed by it.
    public func retrieving(_ text: String) -> Behaviour {
        changing { $0.retrieved = text }
    }

    /// Sends the body one byte at a time, with a pause after each.
    public func dripping(every pause: Duration) -> Behaviour {
        changing { $0.drip = pause }
    }

    /// Fills the body up with spaces to `count` bytes. It stays valid JSON: only its size is wrong.
    public func padded(toBytes count: Int) -> Behaviour {
        changing { $0.paddedSize = count }
    }

    /// Closes the connection after each answer, and says so. HTTP/1.1 only.
    public func closing() -> Behaviour {
        changing { $0.closesConnection = true }
    }
}

/// The token counts that an answer reports.
public enum TokenCounts: Sendable, Hashable {
    /// A quarter of the bytes of the request and of the answer's text.
    case estimated
    /// These.
    case fixed(input: Int, output: Int)
    /// None: the answer has no `usage`.
    case none
}

/// The text behind the last `marker`, up to the end of the line.
private func textAfterLast(_ marker: String, in text: String) -> String {
    let text = Array(text.utf8)
    let marker = Array(marker.utf8)
    guard let first = marker.first, text.count >= marker.count else { return "" }
    for start in stride(from: text.count - marker.count, through: 0, by: -1)
    where text[start] == first && text[start..<start + marker.count].elementsEqual(marker) {
        let line = text[(start + marker.count)...].prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        let space = UInt8(ascii: " ")
        let trimmed = line.drop { $0 == space }.reversed().drop { $0 == space }.reversed()
        return String(decoding: Array(trimmed), as: UTF8.self)
    }
    return ""
}
