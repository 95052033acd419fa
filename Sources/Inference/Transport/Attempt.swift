import Glibc
import NIOCore
import NIOHTTP1
import Web

/// What came of one attempt to get an answer.
struct Attempt {
    var result: Result<InferenceReply, InferenceError>
    var outcome: AttemptOutcome
    /// What the failure was, as part of a sentence; empty for an answer.
    var detail = ""
    /// What a response with a status of success used, whatever became of it; nil if the server did not say.
    var usage: TokenUsage?
    /// Whether the server sent a response that it will bill: a reply, or what is no reply and says what it used.
    var hasResponse = false
    /// Whether the server may have written a reply, and bill it, that did not come: the request was sent, and then nothing
    /// came in time, the connection broke, or what came is not readable.
    var mayBeBilled = false
    /// The server's limits, as it states them in the headers of the response.
    var statedLimits: [StatedLimit] = []

    /// What the request is charged with: by what the server says that it used, or else by the length of the reply.
    ///
    /// A cut-off reply without a token count does not tell its length if the model was thinking, so its expected length is
    /// assumed.
    func charge(for request: InferenceRequest, _ model: Model) -> Charge {
        if mayBeBilled { return .presumed }
        guard hasResponse else { return .nothing }
        if let usage { return model.cost(of: usage).map { .reply($0) } ?? .nothing }
        guard let reply = try? result.get() else { return .presumed }
        if reply.finish == .length { return .presumed }
        let output = [reply.text, reply.reasoning, reply.toolCalls].reduce(0) { $0 + estimatedTokens($1 ?? "") }
        let cost = model.cost(of: TokenUsage(input: estimatedTokens(request.body), output: output))
        return cost.map { .reply($0) } ?? .nothing
    }
}

extension Attempt {
    /// Reads a response. Secrets are taken out of all texts.
    init(
        _ response: HTTPTransport.Response, to operation: InferenceRequest.Operation, of model: Model,
        latency: Duration, at now: ContinuousClock.Instant
    ) {
        if let refusal = Attempt(refusedBy: response, of: model, at: now) {
            self = refusal
            return
        }
        do throws(BadResponse) {
            let reply = try InferenceReply(response.body.readableBytesView, to: operation, of: model)
            self.init(reply, of: model, latency: latency)
        } catch {
            self.init(error, in: response.body.readableBytesView, of: model)
        }
    }

    /// Takes the time at which a quota is reset as that at which the server asks for the next request, if it refused this one
    /// and does not say so itself. If a limit of a shorter time is used up as well, that one may be the reason.
    ///
    /// - Parameter tokens: those of the prompt.
    mutating func waitForQuota(tokens: Int, at now: ContinuousClock.Instant) {
        guard case .throttled(let status, nil) = outcome,
            !statedLimits.contains(where: \.isUsedUpForAMoment),
            let seconds = statedLimits.compactMap({ $0.reset(refusing: tokens) }).max()
        else { return }
        outcome = .throttled(status: status, retryAt: now + .seconds(min(seconds, 1e6)))
    }

    /// Takes a reply, without the secrets that it may hold.
    init(_ reply: InferenceReply, of model: Model, latency: Duration) {
        var reply = reply
        reply.redact(model.redaction)
        result = .success(reply)
        outcome = .answered(latency: latency)
        usage = reply.usage
        hasResponse = true
    }

    /// Reads a response with a status of failure; nil for one of success.
    init?(refusedBy response: HTTPTransport.Response, of model: Model, at now: ContinuousClock.Instant) {
        let status = response.status
        if (200..<300).contains(status) { return nil }
        let retryAfter = RetryAfter(
            milliseconds: response.headers.first(name: "retry-after-ms"),
            retryAfter: response.headers.first(name: "Retry-After"), seconds: time(nil))
        let said = ServerError(body: response.body.readableBytesView)
        let location = response.headers.first(name: "Location").map { excerpt(Array($0.utf8), model.redaction) }
        self.init(
            refusal: said, status: status, retryAfter: retryAfter?.pause, of: model, location: location, at: now,
            orElse: response.body.readableBytesView)
    }

    /// Reads what a server says of a failure.
    ///
    /// - Parameters:
    ///   - status: that of the response, or else the one that the error stands for.
    ///   - start: what the message begins with behind the model, where it is not the status.
    ///   - body: what is quoted where the error has no words.
    private init(
        refusal said: ServerError, status: Int, retryAfter: Duration?, of model: Model, location: String? = nil,
        at now: ContinuousClock.Instant, start: String? = nil, orElse body: some Collection<UInt8>
    ) {
        let complaint = Complaint(status: status, said, hasRetryAfter: retryAfter != nil)
        let pause = retryAfter ?? said.retrySeconds.map { .seconds(min($0, 1e6)) }
        outcome =
            complaint.outcome ?? AttemptOutcome(status: status, latency: .zero, retryAt: pause.map { now + $0 })
        let words = excerpt(Array((said.message.nonBlank ?? "").utf8), model.redaction)
        let quoted = words.isEmpty ? excerpt(body, model.redaction) : words
        let whole = (start ?? "status \(status)") + (quoted.isEmpty ? "" : ": \(quoted)")
        // A key that is refused may be called so by a status of another meaning.
        let advice =
            complaint.advice ?? adviceOn(complaint == .key ? 401 : status, of: model, location: location)
        detail = whole
        mayBeBilled = Self.gatewayTimeouts.contains(status)
        if case .hopeless = outcome {
            detail += advice
            result = .failure(
                InferenceError(.unavailable, "\(model) is not available: \(detail)", status: status))
        } else {
            let code: InferenceError.Code = start == nil ? .rejected : .badReply
            var error = InferenceError(code, "\(model): \(whole)\(advice)", status: start == nil ? status : nil)
            error.serverError = said
            result = .failure(error)
        }
    }

    /// Says what is wrong with a response with a status of success.
    init(
        _ fault: BadResponse, in body: some Collection<UInt8>, of model: Model,
        at now: ContinuousClock.Instant = .now
    ) {
        if let said = fault.error, let status = said.impliedStatus, !(200..<300).contains(status) {
            self.init(
                refusal: said, status: status, retryAfter: nil, of: model, at: now, start: "its reply \(fault.reason)",
                orElse: body)
            usage = fault.usage
            hasResponse = usage != nil
            mayBeBilled = false
            return
        }
        let words = fault.error.map { Array($0.message.utf8) } ?? Array(body.prefix(1 << 14))
        let said = excerpt(words, model.redaction)
        let message = "\(model): its reply \(model.redaction(fault.reason))\(said.isEmpty ? "" : ": \(said)")"
        // An error is made again only where its code says that it may pass.
        self.init(
            result: .failure(InferenceError(.badReply, message)), outcome: fault.error == nil ? .failed : .rejected,
            detail: "a reply that " + model.redaction(fault.reason), usage: fault.usage,
            hasResponse: fault.usage != nil, mayBeBilled: fault.usage == nil && fault.error == nil)
    }

    /// Statuses of gateways that waited for the server in vain: 504, and Cloudflare's 524.
    private static let gatewayTimeouts = [504, 524]

    /// Reads a failure to get a response.
    ///
    /// - Parameter isMultiplexed: whether many requests share one connection, so that one who got none came too late
    ///   rather than found nobody.
    init(_ failure: TransportFailure, of model: Model, isMultiplexed: Bool) {
        let code: InferenceError.Code
        (code, outcome) =
            switch failure.kind {
            case .unreachable: (.unreachable, .unreachable)
            case .noConnection: isMultiplexed ? (.timedOut, .timedOut) : (.unreachable, .unreachable)
            case .timedOut: (.timedOut, .timedOut)
            case .dropped: (.dropped, .failed)
            case .badResponse: (.badReply, .failed)
            case .cancelled: (.cancelled, .abandoned)
            }
        mayBeBilled = [.timedOut, .dropped, .badResponse].contains(failure.kind)
        detail = excerpt(Array(failure.reason.utf8), model.redaction)
        let advice = code == .unreachable ? "; check the URL, and that the server is running" : ""
        result = .failure(code == .cancelled ? .cancelled : InferenceError(code, "\(model): \(detail)\(advice)"))
    }
}

extension Model {
    /// An error without what a user of the model itself can do about it.
    func withoutAdvice(_ message: String, onStatus status: Int) -> String {
        let advice = adviceOn(status, of: self, location: nil)
        return [404, 413].contains(status) && message.hasSuffix(advice)
            ? String(message.dropLast(advice.count)) : message
    }
}

/// What a user can do about a status, as the end of a sentence.
private func adviceOn(_ status: Int, of model: Model, location: String?) -> String {
    switch status {
    case 300..<400:
        return location.map { "; the server redirects to \($0): use that as the URL" } ?? ""
    case 401, 403:
        return model.apiKeyVariable.map { "; check the key in the variable \($0)" }
            ?? "; \(model.kind == .agents ? "it" : "the model") has no API key: name the environment variable that holds it"
    case 404 where model.kind == .agents: return "; check that the URL is that of a server with an agents API"
    case 404: return "; check the URL, and the model's name \"\(model.name)\""
    case 413: return "; the request is too long for the server"
    default: return ""
    }
}

/// The first 200 characters of a text that came from outside, on one line and without secrets.
func excerpt(_ bytes: some Collection<UInt8>, _ redaction: Redaction) -> String {
    let text = redaction(String(decoding: bytes.prefix(1 << 14), as: UTF8.self))
    let words = text.unicodeScalars.split { $0.properties.isWhitespace || $0.properties.generalCategory == .control }
    let line = words.map { String($0) }.joined(separator: " ")
    return line.count > 200 ? line.prefix(200) + "…" : line
}
