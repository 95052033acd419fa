import JSON
import Store
import Testing

@testable import Inference

struct BatchResultTests {
    private static let id = String(repeating: "ab", count: 32)

    private func result(_ rest: String) throws -> BatchResult {
        BatchResult(try JSONValue(parsing: #"{"custom_id": "\#(Self.id)", \#(rest)}"#))
    }

    @Test("a reply is stored exactly as a direct one would be")
    func reply() throws {
        let body =
            #"{"object":"chat.completion","model":"m-1","choices":[{"index":0,"message":{"role":"assistant","content":"7 é"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2},"x":1.50}"#
        guard case .reply(let key, let reply) = try result(#""response": {"status_code": 200, "body": \#(body)}"#)
        else {
            Issue.record("no reply")
            return
        }
        #expect(key.hexadecimal == Self.id)
        #expect(reply.text == "7 é")
        #expect(reply.model == "m-1")
        #expect((reply.inputTokens, reply.outputTokens) == (3, 2))
        #expect(reply.response.contains("1.50"))
        #expect(try InferenceReply(reply.response.utf8, to: .chat).text == "7 é")
    }

    @Test(
        "failures are told apart by whether a new request may be answered",
        arguments: [
            (#""response": {"status_code": 429, "body": {"error": {"message": "slow"}}}"#, "status 429: slow", true),
            (#""response": {"status_code": 500, "body": "oops"}"#, "status 500: oops", true),
            (#""response": {"status_code": 408, "body": null}"#, "status 408: null", true),
            (#""response": {"status_code": 400, "body": {"error": {"message": "bad"}}}"#, "status 400: bad", false),
            (#""response": {"status_code": 422, "body": {"detail": "bad"}}"#, "status 422: bad", false),
            (#""response": null, "error": {"code": "batch_expired", "message": "late"}"#, "late", true),
            (#""result": {"type": "expired"}"#, "the batch expired", true),
            (#""result": {"type": "canceled"}"#, "the batch was cancelled", true),
            (
                #""result": {"type": "errored", "error": {"type": "error", "error": {"type": "invalid_request_error", "message": "bad"}}}"#,
                "status 400: bad", false
            ),
            (#""response": {"status_code": 200, "body": {"choices": []}}"#, "its reply contains no choices", true),
            (#""response": {"status_code": 200, "body": null}"#, "its reply is null; expected an object", true),
        ])
    func failures(line: String, message: String, isTemporary: Bool) throws {
        guard case .failure(_, let failure) = try result(line) else {
            Issue.record("no failure")
            return
        }
        #expect(failure.message == message)
        #expect(failure.isTemporary == isTemporary)
    }

    @Test(
        "lines without a request are ignored, and say why",
        arguments: [
            (#"{"response": {"status_code": 200}}"#, "has no custom_id"), ("[]", "is an array; expected an object"),
            (#"{"custom_id": "row-1", "response": {}}"#, "which is not that of an exported request"),
            (#"{"custom_id": "\#(String(repeating: "zz", count: 32))"}"#, "which is not that of an exported request"),
            (#"{"custom_id": "\#(String(repeating: "ab", count: 32))"}"#, "has neither a response nor an error"),
        ])
    func ignored(line: String, reason: String) throws {
        guard case .ignored(let said) = BatchResult(try JSONValue(parsing: line)) else {
            Issue.record("not ignored")
            return
        }
        #expect(said.contains(reason), "\(said)")
    }
}
