import FakeModel
import JSON
import Store
import Synchronization
import Testing

@testable import Inference

struct AdaptationTests {
    private static let members = #", "temperature": 0, "max_tokens": 9"#

    private func server(_ kind: ServerKind) throws -> FakeModelServer {
        try FakeModelServer(.server(kind, answering: "8", thinking: ""))
    }

    @Test("what one request finds out, the others know; those under way find it out too, and none fails")
    func concurrent() async throws {
        let server = try server(.refusesTemperatureAndMaxTokens)
        let warnings = Mutex<[String]>([])
        var run = ModelRun()
        run.log = { line in warnings.withLock { $0.append(line) } }
        try await run(server.url) { session, model in
            #expect(await session.results(200, model, Self.members).answers.count == 200)
            #expect(session.totalUsage.failed == 0)
            #expect(session.totalUsage.answered == 200)
        }
        #expect(server.totals.answered == 200)
        #expect(server.totals.requests < 250)
        let lines = warnings.withLock { $0 }
        #expect(lines.count == 2, "\(lines)")
        #expect(
            lines.contains {
                $0.contains("refuses temperature, which is not sent from now on")
                    && $0.contains(#""parameters": {"drop": ["temperature"]}"#)
            })
    }

    @Test("a later run knows what an earlier one found out, finds its replies, and says so again")
    func laterRun() async throws {
        let server = try server(.refusesTemperatureAndMaxTokens)
        let folder = try TemporaryFolder()
        for round in 1...2 {
            var run = ModelRun()
            run.cache = try ReplyCache(folder: folder.path)
            try await run(server.url) { session, model in
                let requests = (0..<5).map { chat("question \($0)", Self.members) }
                let found = try session.lookUp(requests.map { ($0, model) }, for: "f")
                #expect(found.compactMap(\.self).count == (round == 1 ? 0 : 5))
                #expect(await session.results(requests, model).answers.count == 5)
                #expect(session.totalUsage.adaptations.count == 2)
            }
        }
        #expect(server.totals.answered == 5)
    }

    @Test("what a configuration says beforehand is the same request as what would be found out")
    func configured() async throws {
        let server = try server(.refusesTemperatureAndMaxTokens)
        let folder = try TemporaryFolder()
        var run = ModelRun()
        run.cache = try ReplyCache(folder: folder.path)
        try await run(server.url) { session, model in
            _ = try await session.text(of: chat("x", Self.members), model)
        }
        let before = server.totals.requests
        run.configuration.parameters = RequestParameters(
            rename: ["max_tokens": "max_completion_tokens"], drop: ["temperature"])
        try await run(server.url) { session, model in
            let reply = try await session.ask(chat("x", Self.members), of: model, for: "f")
            #expect(reply.isCached)
        }
        #expect(server.totals.requests == before)
    }

    @Test("a server that refuses whatever a member is called is asked once for each name, and no more")
    func noLoop() async throws {
        let server = try FakeModelServer(
            .choosing { request in
                let name = request.body.contains("max_completion_tokens") ? "max_completion_tokens" : "max_tokens"
                return .status(
                    400, body: #"{"error": {"message": "Unknown parameter: '\#(name)'.", "param": "\#(name)"}}"#)
            })
        try await ModelRun()(server.url) { session, model in
            let error = try #require(await session.result(of: chat("x", #", "max_tokens": 9"#), model).error)
            #expect(error.message.contains("to send requests without max_completion_tokens"), "\(error.message)")
        }
        #expect(server.totals.requests == 2)
    }

    @Test(
        "a configuration changes what is sent, and a request without need for that keeps its bytes",
        arguments: [
            (#"{"a":1}"#, RequestParameters(), #"{"a":1}"#),
            (
                #"{"messages": "null", "temperature": 1}"#, RequestParameters(),
                #"{"messages": "null", "temperature": 1}"#
            ),
            (#"{"temperature": null, "seed": 1, "response_format": null}"#, RequestParameters(), #"{"seed": 1}"#),
            (
                #"{"a": 1, "max_tokens": 9, "b": 2}"#,
                RequestParameters(rename: ["max_tokens": "max_completion_tokens"]),
                #"{"a": 1, "max_completion_tokens": 9, "b": 2}"#
            ),
            (#"{"x": 1, "y": 2}"#, RequestParameters(rename: ["x": "y"]), #"{"y": 2}"#),
            (#"{"a": 1, "seed": 2}"#, RequestParameters(drop: ["seed"], set: ["a": 3, "c": 4]), #"{"a": 3, "c": 4}"#),
            (#"{"temperature": 0}"#, RequestParameters(defaultTemperature: .unset), "{}"),
            (#"{"temperature": 0.0}"#, RequestParameters(defaultTemperature: .value(1)), #"{"temperature": 1.0}"#),
            (#"{"temperature": 0.7}"#, RequestParameters(defaultTemperature: .unset), #"{"temperature": 0.7}"#),
        ] as [(String, RequestParameters, String)])
    func parameters(_ body: String, parameters: RequestParameters, sent: String) {
        #expect(InferenceRequest(body: body).adapted(to: parameters).body == sent)
        let embedding = InferenceRequest(operation: .embedding, body: body)
        #expect(embedding.adapted(to: parameters) == embedding)
    }

    @Test(
        "the member that a server refuses is found in its words",
        arguments: [
            (
                #"{"error": {"message": "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.", "param": "temperature", "code": "unsupported_value"}}"#,
                "temperature"
            ),
            (#"{"error": {"message": "Unrecognized request argument supplied: seed"}}"#, "seed"),
            (#"{"error": {"message": "property 'stop' is unsupported"}}"#, "stop"),
            (
                #"{"object": "error", "message": "[{'type': 'extra_forbidden', 'loc': ('body', 'top_k'), 'msg': 'Extra inputs are not permitted', 'input': 1}]", "type": "BadRequestError", "param": null, "code": 400}"#,
                "top_k"
            ),
            (#"{"error": "Model grok does not support parameter presencePenalty."}"#, "presence_penalty"),
            (#"{"error": "Argument not supported on this model: stop"}"#, "stop"),
            (#"{"error": "unknown field `min_p`, expected one of `temperature`, `top_p`"}"#, "min_p"),
            (
                #"{"error": {"message": "litellm.UnsupportedParamsError: openai does not support parameters: ['temperature'], for model=o3"}}"#,
                "temperature"
            ),
            (#"{"error": {"message": "invalid temperature: only 1 is allowed for this model"}}"#, "temperature"),
            (#"{"error": {"message": "Extra inputs are not permitted, field: 'top_k', value: 3"}}"#, "top_k"),
            // About something else.
            (#"{"error": {"message": "temperature must be at most 1"}}"#, nil),
            (#"{"error": {"message": "max_tokens is too large: 100000. This model supports at most 16384."}}"#, nil),
            (#"{"error": {"message": "Unsupported role: the user must stop"}}"#, nil),
            (
                #"{"error": {"message": "Unsupported value", "param": "messages[0].role", "code": "unsupported_value"}}"#,
                nil
            ),
            (
                #"{"detail": [{"type": "extra_forbidden", "loc": ["body", "messages", 0, "user", "seed"], "msg": "Extra inputs are not permitted"}]}"#,
                nil
            ),
            ("", nil),
        ] as [(String, String?)])
    func refusedMembers(_ body: String, member: String?) {
        var object: JSONObject = ["messages": []]
        let names = [
            "temperature", "top_p", "seed", "stop", "top_k", "presence_penalty", "min_p", "max_tokens", "user",
        ]
        for name in names { object[name] = 1 }
        #expect(ParameterChange.refusedMember(by: ServerError(body: body.utf8), in: object) == member)
    }
}
