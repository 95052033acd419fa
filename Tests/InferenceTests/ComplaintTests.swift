import Testing

@testable import Inference

struct ComplaintTests {
    @Test(
        "what a failure means is read from the server's words, where its status says less",
        arguments: [
            (402, "", .account),
            (429, #"{"error": {"message": "x", "code": "insufficient_quota"}}"#, .account),
            (429, #"{"error": {"message": "x", "code": "billing_hard_limit_reached"}}"#, .account),
            (
                400, #"{"type": "error", "error": {"message": "Your credit balance is too low to access the API"}}"#,
                .account
            ),
            (403, #"{"error": {"message": "Key limit exceeded (daily limit)", "code": 403}}"#, .account),
            (429, #"{"error": {"message": "You exceeded your current quota, please check your plan"}}"#, .account),
            // Gemini's limit a minute, in the same words, and its limit a day.
            (
                429,
                #"[{"error": {"code": 429, "message": "You exceeded your current quota, please check your plan", "details": [{"retryDelay": "23s"}]}}]"#,
                .other
            ),
            (
                429,
                #"{"error": {"message": "q", "details": [{"violations": [{"quotaId": "GenerateRequestsPerDayPerProject"}]}, {"retryDelay": "23s"}]}}"#,
                .account
            ),
            (429, #"{"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}"#, .other),
            (403, #"{"error": {"message": "m", "metadata": {"reasons": ["violence"]}}}"#, .moderation),
            (403, #"{"error": {"message": "Your input was flagged by moderation"}}"#, .moderation),
            (400, #"{"error": {"message": "m", "code": "content_filter"}}"#, .moderation),
            (400, #"{"error": {"message": "Invalid prompt: your prompt may violate our usage policy"}}"#, .moderation),
            (403, #"{"error": {"message": "Your key may not use this model"}}"#, .other),
            (401, #"{"error": {"message": "flagged"}}"#, .other),
            (400, #"[{"error": {"message": "API key not valid"}}]"#, .key),
            (404, #"{"error": {"message": "only supported in v1/responses"}}"#, .otherAPI("responses")),
            (
                404, #"{"error": {"message": "This is not a chat model. Did you mean v1/completions?"}}"#,
                .otherAPI("completions")
            ),
            (404, #"{"error": {"message": "model 'x' not found, try pulling it first"}}"#, .unknownModel),
            (404, #"{"detail": "Not Found"}"#, .other),
            (400, #"{"error": {"message": "prompt is too long: 210000 tokens > 200000 maximum"}}"#, .context),
            (500, "flagged", .other),
        ] as [(Int, String, Complaint)])
    func meanings(_ status: Int, body: String, complaint: Complaint) {
        #expect(Complaint(status: status, ServerError(body: body.utf8), hasRetryAfter: false) == complaint)
    }

    @Test(
        "the words of an error are found in whatever form it has",
        arguments: [
            (#"{"error": {"message": "no"}}"#, "no"), (#"[{"error": {"message": "no"}}]"#, "no"),
            (#"{"error": "no"}"#, "no"), (#"{"detail": "no"}"#, "no"), (#"{"message": "no"}"#, "no"),
            (#"{"detail": [{"msg": "no", "loc": ["body", "seed"]}]}"#, "body.seed: no"), ("no", "no"),
            (
                #"{"error": {"message": "Provider returned error", "metadata": {"raw": "{\"error\": {\"message\": \"no\"}}"}}}"#,
                "Provider returned error; no"
            ),
            ("{}", ""), ("", ""),
        ])
    func words(_ body: String, message: String) {
        #expect(ServerError(body: body.utf8).message == message)
    }
}
