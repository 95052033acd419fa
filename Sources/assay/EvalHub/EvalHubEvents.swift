import Concurrency
import Encodings
import Glibc
import JSON
import NIOHTTP1
import Platform
import Web

/// Reports to EvalHub what becomes of a job: `POST /api/v1/evaluations/jobs/{id}/events`.
///
/// A status that cannot be reported is only a warning, and the job goes on. Its results must arrive.
struct EvalHubEvents {
    private let job: EvalHubJob
    private let environment: EvalHubEnvironment
    private let client: WebClient
    private let url: String

    init(_ job: EvalHubJob, _ environment: EvalHubEnvironment) throws {
        self.job = job
        self.environment = environment
        var url: WebURL
        do throws(WebURL.Fault) {
            url = try WebURL(parsing: job.callbackURL)
        } catch {
            throw Failure("/callback_url of the job \(error.reason)")
        }
        url.removeTrailingSlashes()
        self.url = "\(url.origin)\(url.path)/api/v1/evaluations/jobs/\(percentEncoded(job.id))/events"
        let certificates = environment.certificates
        do throws(WebClient.Fault) {
            client = try WebClient(
                for: url,
                WebClient.Options { name in
                    name == "SSL_CERT_FILE" ? certificates ?? environmentVariable(name) : environmentVariable(name)
                })
        } catch {
            throw Failure("EvalHub cannot be reached: \(error.reason)")
        }
    }

    /// - Parameter message: why the job ended, and a code for it.
    func report(_ status: String, phase: String? = nil, message: (text: String, code: String)? = nil) {
        var event = base(status)
        if let phase { event["phase"] = .string(phase) }
        if let message { event["error_message"] = Self.message(message.text, message.code) }
        if let fault = send(event, attempts: message == nil ? 2 : 5) {
            printError("warning: EvalHub was not told that the job is \(status): \(fault)")
        }
    }

    /// Reports the results.
    ///
    /// - Throws: if they did not arrive.
    func complete(_ results: EvalHubResults) throws {
        var event = base("completed")
        event["phase"] = "completed"
        event["metrics"] = .object(results.metrics)
        event["completed_at"] = .string(Timestamp.now.text)
        event["additional_info"] = results.details
        if let score = results.overallScore { event["overall_score"] = JSONValue(score) }
        if let warning = results.warning { event["warning_message"] = Self.message(warning, "rows_unscored") }
        if let fault = send(event, attempts: 8) {
            throw Failure("the results could not be reported to EvalHub: \(fault)")
        }
    }

    private func base(_ status: String) -> JSONObject {
        [
            "provider_id": .string(job.providerID), "id": .string(job.benchmarkID),
            "benchmark_index": JSONValue(job.benchmarkIndex), "status": .string(status),
        ]
    }

    private static func message(_ text: String, _ code: String) -> JSONValue {
        ["message": .string(text), "message_code": .string(code), "message_origin": "adapter"]
    }

    /// - Returns: why the event did not arrive; nil if it did.
    private func send(_ event: JSONObject, attempts: Int) -> String? {
        let body: JSONValue = ["benchmark_status_event": .object(event)]
        let request = WebClient.Request(
            url, method: .POST, headers: [("Content-Type", "application/json")] + environment.headers,
            body: Array(body.text.utf8), timeout: .seconds(30), limit: 1 << 20)
        do throws(TransportFailure) {
            let response = try waiting { [client] () throws(TransportFailure) in
                try await client.send(request, WebClient.Retries(attempts: attempts, longestPause: .seconds(20)))
            }
            if response.isSuccess { return nil }
            let said = oneLine(String(decoding: response.body.prefix(500), as: UTF8.self))
            let hint = [401, 403].contains(response.status) ? "; check the token in EVALHUB_AUTH_TOKEN_PATH" : ""
            return "\(url): status \(response.status)\(said.isEmpty ? "" : ": \(said)")\(hint)"
        } catch {
            return "\(url): \(error)"
        }
    }
}
