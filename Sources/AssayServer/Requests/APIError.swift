import Evaluation
import HTTPTypes
import JSON
import NIOHTTP1
import ScoringEngine
import Store

/// An error response: `{"error": {"message": …, "type": …, "code": …, "param": …}}`.
struct APIError: Error, CustomStringConvertible {
    var status: HTTPResponse.Status
    /// The type of error, as in the OpenAI API: `invalid_request_error`.
    var type: String
    /// The machine-readable code: `unknown_scoring_function`.
    var code: String
    /// What was found, where, and what to do about it.
    var message: String
    /// The place in the request's body as a JSON pointer, or the name of a parameter or header.
    var param: String?
    /// Seconds after which it makes sense to try again.
    var retryAfter: Int?
    /// The methods that the path supports, if the request's method is not one of them.
    var allowedMethods: [String] = []
    /// The address to which a browser is redirected.
    var location: String?

    var description: String { message }

    var json: JSONValue {
        [
            "error": [
                "message": .string(message), "type": .string(type), "code": .string(code),
                "param": param.map { .string($0) } ?? .null,
            ]
        ]
    }

    static func invalid(_ message: String, code: String = "invalid_request", at param: String? = nil) -> APIError {
        APIError(status: .badRequest, type: "invalid_request_error", code: code, message: message, param: param)
    }

    static func notFound(_ message: String, code: String = "not_found") -> APIError {
        APIError(status: .notFound, type: "not_found_error", code: code, message: message)
    }

    /// No object of that kind has the identifier.
    static func unknown(_ noun: String, _ id: String, listedBy path: String) -> APIError {
        let name = noun.split(separator: " ").joined(separator: "_")
        return notFound("there is no \(noun) \(quoted(id)); GET \(path) lists them", code: "unknown_\(name)")
    }

    static func conflict(_ message: String) -> APIError {
        APIError(status: .conflict, type: "conflict_error", code: "conflict", message: message)
    }

    static func tooLarge(_ message: String, at param: String? = nil) -> APIError {
        APIError(
            status: .contentTooLarge, type: "invalid_request_error", code: "too_large", message: message, param: param)
    }

    static func busy(_ message: String) -> APIError {
        APIError(
            status: .tooManyRequests, type: "rate_limit_error", code: "too_many_requests", message: message,
            retryAfter: 1)
    }

    /// The requested object exists, but is not ready.
    static func notReady(_ message: String, code: String) -> APIError {
        APIError(status: .conflict, type: "conflict_error", code: code, message: message)
    }

    static func unavailable(_ message: String) -> APIError {
        APIError(
            status: .serviceUnavailable, type: "server_error", code: "unavailable", message: message, retryAfter: 1)
    }

    /// A request to another server failed.
    static func gateway(_ message: String, code: String) -> APIError {
        APIError(status: .badGateway, type: "server_error", code: code, message: message)
    }

    /// An internal error of the server.
    static func fault(requestID: String) -> APIError {
        APIError(
            status: .internalServerError, type: "server_error", code: "internal_error",
            message: "the server failed; for details, look for request \(requestID) in its log")
    }
}

extension APIError {
    /// The error as it concerns the client; nil for internal errors of the server.
    init?(_ error: any Error) {
        switch error {
        case let error as APIError: self = error
        case let error as StoreError:
            switch error.code {
            case .conflict: self = .conflict(error.message)
            case .gone: self = .notFound(error.message, code: "gone")
            case .tooLarge: self = .tooLarge(error.message)
            case .full, .busy, .notWritable: self = .unavailable(error.message)
            case .noDatabase, .newerVersion, .failed: return nil
            }
        case let error as EngineError:
            let message = error.message + Self.advice(error.remedy)
            switch error.code {
            case .unknownFunction: self = .invalid(message, code: "unknown_scoring_function", at: "/scoring_functions")
            case .invalidDefinition: self = .invalid(message, code: "invalid_parameters", at: "/scoring_functions")
            case .missingColumn: self = .invalid(message, code: "missing_column")
            case .dataset: self = .invalid(message, code: "invalid_dataset")
            case .model: self = .invalid(message, code: "model_error")
            case .plugin: self = .invalid(message, code: "plugin_error", at: "/scoring_functions")
            case .output: self = .unavailable(message)
            }
        case let error as EvaluationError: self.init(error)
        case let error as HTTPParserError: self.init(error)
        case is ConnectionHandler.SlowClient:
            self = APIError(
                status: .requestTimeout, type: "invalid_request_error", code: "request_timeout",
                message: "the body arrived too slowly")
        // An error that is not reported to clients.
        default: return nil
        }
    }

    private init(_ error: EvaluationError) {
        let message = error.description + Self.advice(error.remedy)
        switch error.code {
        case .invalid: self = .invalid(message, code: "invalid_benchmark", at: error.pointer)
        case .unsupported: self = .invalid(message, code: "unsupported", at: error.pointer)
        case .unavailable: self = .invalid(message, code: "unavailable", at: error.pointer)
        case .dataset: self = .invalid(message, code: "invalid_dataset", at: error.pointer)
        // A request with a missing or unknown model would fail again; only failures of a model's server are a 502.
        case .model where error.pointer != nil || error.remedy != nil:
            self = .invalid(message, code: "model_error", at: error.pointer)
        case .model: self = .gateway(message, code: "model_unavailable")
        case .provider: self = .gateway(message, code: "provider_failed")
        case .output, .cancelled: self = .unavailable(message)
        }
    }

    /// Advice for clients, to be appended to the engine's message.
    private static func advice(_ remedy: EngineError.Remedy?) -> String {
        switch remedy {
        case .listFunctions(let near): (near.isEmpty ? "; " : " ") + "GET /v1/scoring-functions lists them"
        case .addModel: "; GET /v1/models lists the configured models, and the server's operator can add others"
        case .addPlugin: "; GET /v1/providers lists them"
        // The message already says what to do.
        case .mapColumn, .mapColumns, .nameJudge, nil: ""
        }
    }

    /// What is wrong with data that is not valid HTTP.
    init(_ error: HTTPParserError) {
        switch error {
        case .headerOverflow:
            self = .invalid("the request's headers are too large", code: "headers_too_large")
            status = .requestHeaderFieldsTooLarge
        case .invalidEOFState: self = .invalid("the request is incomplete", code: "invalid_http")
        default: self = .invalid("this is not valid HTTP/1.1: \(error.debugDescription)", code: "invalid_http")
        }
    }
}
