import Encodings
import JSON
import NIOCore
import NIOHTTP1
import Synchronization

/// Runs turns of agents on one Llama Stack server.
///
/// An agent is created once for each configuration and shared by all turns; each turn has its own session, which is
/// deleted afterwards, however the turn ended. Agents are deleted when the endpoint is shut down, and so are the
/// sessions of turns after which the server could not be reached. With `enable_session_persistence` in the
/// configuration, nothing is deleted.
///
/// The routes and what the server sends are those of Llama Stack 0.2.23: POST `/agents`, `/agents/ID/session` and
/// `/agents/ID/session/ID/turn`.
final class AgentExchange: Sendable {
    /// Why there is no reply.
    private struct Failure: Error {
        var attempt: Attempt
        /// Whether the server does not know the agent or the session that it was asked about.
        var isForgotten = false
        /// Whether the server has answered.
        var hasResponse = true
        /// What the server said, where the failure is the turn's.
        var said: String?

        /// Whether the server puts the failure down to something with this id.
        func names(_ id: String) -> Bool {
            guard case .failure(let error) = attempt.result, error.code == .rejected else { return false }
            return (said ?? error.serverError?.message ?? "").contains(id)
        }
    }

    private typealias Creation = Result<String, Failure>

    private let model: Model
    private let transport: HTTPTransport
    private let clock = ContinuousClock()
    /// The agents by their configuration, JSON.
    private let agents = Mutex<[String: String]>([:])
    private let creations = SingleFlight<String, Creation>()
    /// The paths of sessions that are to be deleted when the endpoint is shut down.
    private let leftSessions = Mutex<[String]>([])

    /// How long a deletion may take.
    private static let farewell = TimeAmount.seconds(1)
    /// More could not be deleted in that time.
    private static let leftSessionLimit = 1_000

    init(_ model: Model, _ transport: HTTPTransport) {
        self.model = model
        self.transport = transport
    }

    /// Makes an attempt at a turn, within one timeout.
    ///
    /// - Parameter body: that of an ``InferenceRequest`` for a turn.
    func attempt(_ body: String) async -> Attempt {
        guard let request = TurnRequest(body) else {
            let message = "\(model): the body of the request is not a JSON object with agent_config and messages"
            return Attempt(result: .failure(InferenceError(.invalidRequest, message)), outcome: .abandoned)
        }
        do throws(Failure) {
            return try await turn(request)
        } catch {
            return error.attempt
        }
    }

    /// Deletes the agents and the remaining sessions, without waiting long for the server.
    func deleteAll() async {
        let deadline = NIODeadline.now() + Self.farewell
        let sessions = leftSessions.withLock { sessions in
            defer { sessions = [] }
            return sessions
        }
        let ids = agents.withLock { agents in
            defer { agents = [:] }
            return agents.filter { TurnRequest.isDeletable(configuration: $0.key) }.values
        }
        // Sessions first: the server finds them by their agents.
        await withTaskGroup(of: Void.self) { tasks in
            for session in sessions { tasks.addTask { await self.delete(session, by: deadline) } }
        }
        for id in ids { await delete("/\(id)", by: deadline) }
    }

    private func turn(_ request: TurnRequest) async throws(Failure) -> Attempt {
        let start = clock.now
        let deadline = transport.deadline
        let (agent, session) = try await openSession(request.configuration, by: deadline)
        let path = "/\(agent)/session/\(session)"
        var isLeft = request.isDeletable
        do throws(Failure) {
            let response = try await post(request.turn, path + "/turn", by: deadline)
            let latency = clock.now - start
            if isLeft { await delete(path, by: .now() + Self.farewell) }
            isLeft = false
            return try read(response, latency: latency)
        } catch {
            // The server has been restarted since the session was opened: the next attempt opens another one.
            var failure = error
            failure.isForgotten = failure.isForgotten || failure.names(agent) || failure.names(session)
            if failure.isForgotten {
                forget(agent, request.configuration)
                failure.attempt.outcome = .failed
            } else if isLeft, failure.hasResponse {
                await delete(path, by: .now() + Self.farewell)
            } else if isLeft {
                // It could not be reached now either, or nobody is waiting for it any longer.
                leftSessions.withLock { if $0.count < Self.leftSessionLimit { $0.append(path) } }
            }
            throw failure
        }
    }

    private func read(_ response: HTTPTransport.Response, latency: Duration) throws(Failure) -> Attempt {
        let end: TurnEnd
        do throws(BadResponse) {
            end = try TurnEnd(events: response.body.readableBytesView)
        } catch {
            throw Failure(attempt: Attempt(error, in: response.body.readableBytesView, of: model))
        }
        switch end {
        case .complete(let reply):
            return Attempt(reply, of: model, latency: latency)
        case .awaitingInput(let tools):
            let message =
                "the turn ended with a call of \(model.redaction(tools)) instead of an answer: either the tool must "
                + "run on the client, or max_infer_iters is too low"
            // Another attempt would end like this one.
            throw Failure(attempt: Attempt(.badReply, message, of: model, outcome: .rejected))
        case .failed(let said, let status):
            let message = "the turn failed: \(excerpt(Array(said.utf8), model.redaction))"
            let outcome = status.map { AttemptOutcome(status: $0, latency: latency, retryAt: nil) } ?? .failed
            throw Failure(
                attempt: Attempt(.rejected, message, of: model, outcome: outcome, status: status), said: said)
        case .none:
            let message = "the stream of events ended before the turn was complete"
            throw Failure(attempt: Attempt(.dropped, message, of: model, outcome: .failed))
        }
    }
}

// MARK: Agents and sessions

extension AgentExchange {
    /// Opens a session of an agent with the configuration, creating the agent if need be.
    private func openSession(
        _ configuration: String, by deadline: NIODeadline
    ) async throws(Failure) -> (agent: String, session: String) {
        func open() async throws(Failure) -> (agent: String, session: String) {
            let agent = try await agent(configuration, by: deadline)
            do throws(Failure) {
                let body = #"{"session_name": "assay"}"#
                return (agent, try await create("session_id", body, "/\(agent)/session", by: deadline))
            } catch {
                var failure = error
                failure.isForgotten = failure.isForgotten || failure.names(agent)
                if failure.isForgotten { forget(agent, configuration) }
                throw failure
            }
        }
        do throws(Failure) {
            return try await open()
        } catch {
            guard error.isForgotten else { throw error }
            return try await open()
        }
    }

    /// The agent with the configuration. If it is being created, the caller waits for it.
    private func agent(_ configuration: String, by deadline: NIODeadline) async throws(Failure) -> String {
        if let known = agents.withLock({ $0[configuration] }) { return known }
        switch await creations.join(configuration) {
        case .shares(.success(let creation)): return try creation.get()
        case .shares(.failure): throw Failure(attempt: .cancelled)
        case .asks:
            var creation: Creation
            do throws(Failure) {
                // Another may just have created it.
                if let known = agents.withLock({ $0[configuration] }) {
                    creation = .success(known)
                } else {
                    let body = #"{"agent_config": \#(configuration)}"#
                    let new = try await create("agent_id", body, "", by: deadline)
                    agents.withLock { $0[configuration] = new }
                    creation = .success(new)
                }
            } catch {
                creation = .failure(error)
            }
            if case .failure(let failure) = creation, case .abandoned = failure.attempt.outcome {
                creations.land(configuration, .failure(.cancelled))
            } else {
                creations.land(configuration, .success(creation))
            }
            return try creation.get()
        }
    }

    private func forget(_ agent: String, _ configuration: String) {
        agents.withLock { agents in
            if agents[configuration] == agent { agents[configuration] = nil }
        }
    }

    /// Creates something and returns its id, the member `name` of the response, as part of a URL's path.
    private func create(
        _ name: String, _ body: String, _ path: String, by deadline: NIODeadline
    ) async throws(Failure) -> String {
        let response = try await post(body, path, by: deadline)
        let bytes = Array(response.body.readableBytesView)
        guard let id = (try? JSONValue(parsing: bytes))?[name]?.string, !id.isEmpty, id.utf8.count <= 256 else {
            throw Failure(attempt: Attempt(BadResponse(reason: "has no \(quoted(name))"), in: bytes, of: model))
        }
        return percentEncoded(id)
    }

    private func post(
        _ body: String, _ path: String, by deadline: NIODeadline
    ) async throws(Failure) -> HTTPTransport.Response {
        let response: HTTPTransport.Response
        do throws(TransportFailure) {
            response = try await transport.send(.POST, body, to: .agentTurn, path, by: deadline)
        } catch {
            let attempt = Attempt(error, of: model, isMultiplexed: transport.isMultiplexed)
            throw Failure(attempt: attempt, hasResponse: false)
        }
        if let refusal = Attempt(refusedBy: response, of: model, at: clock.now) {
            throw Failure(attempt: refusal, isForgotten: response.status == 404 && !path.isEmpty)
        }
        return response
    }

    /// Deletes an agent or a session. One that stays takes memory of the server's, and does no other harm.
    private func delete(_ path: String, by deadline: NIODeadline) async {
        _ = try? await transport.send(.DELETE, to: .agentTurn, path, by: deadline)
    }
}

extension Attempt {
    fileprivate static var cancelled: Attempt { Attempt(result: .failure(.cancelled), outcome: .abandoned) }

    fileprivate init(
        _ code: InferenceError.Code, _ message: String, of model: Model, outcome: AttemptOutcome, status: Int? = nil
    ) {
        self.init(
            result: .failure(InferenceError(code, "\(model): \(message)", status: status)), outcome: outcome,
            detail: message)
    }
}
