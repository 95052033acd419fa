import Evaluation
import HTTPTypes
import JSON
import NIOHTTP1
import ScoringEngine
import Store

/// A request that is answered with an error: `{"error": {"message": …, "type": …, "code": …, "param": …}}`.
struct APIError: Error, CustomStringConvertible {
    var status: HTTPResponse.Status
    /// The kind of error, in the words of the OpenAI API: `invalid_request_error`.
    var type: String
    /// What went wrong, for programs: `unknown_scoring_function`.
    var code: String
    /// What was found, where, and what to do about it.
    var message: String
    /// The place in the request's body as a JSON pointer, or the name of a parameter or header.
    var param: String?
    /// Seconds after which it makes sense to try again.
    var retryAfter: Int?
    /// The methods that the path takes, where the request's is none of them.
    var allowedMethods: [String] = []
    /// Where a browser is sent instead.
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

    /// Nothing of that kind has the identifier.
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

    /// What was asked for is there, but not in a state in which it can be had.
    static func notReady(_ message: String, code: String) -> APIError {
        APIError(status: .conflict, type: "conflict_error", code: code, message: message)
    }

    static func unavailable(_ message: String) -> APIError {
        APIError(
            status: .serviceUnavailable, type: "server_error", code: "unavailable", message: message, retryAfter: 1)
    }

    /// What the server asked another one has failed.
    static func gateway(_ message: String, code: String) -> APIError {
        APIError(status: .badGateway, type: "server_error", code: code, message: message)
    }

    /// A fault of the server itself.
    static func fault(requestID: String) -> APIError {
        APIError(
            status: .internalServerError, type: "server_error", code: "internal_error",
            message: "the server failed; its log says more under the request \(requestID)")
    }
}

extension APIError {
    /// What an error means to the one who made the request; nil for faults of the server's own.
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
                message: "the body came too slowly")
        // An error that no client is told of.
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
        // A request that names no model, or one that is not known, would fail again; only a server that fails is a 502.
        case .model where error.pointer != nil || error.remedy != nil:
            self = .invalid(message, code: "model_error", at: error.pointer)
        case .model: self = .gateway(message, code: "model_unavailable")
        case .provider: self = .gateway(message, code: "provider_failed")
        case .output, .cancelled: self = .unavailable(message)
        }
    }

    /// What a client can do about an error of the engine, behind its message.
    private static func advice(_ remedy: EngineError.Remedy?) -> String {
        switch remedy {
        case .listFunctions(let near): (near.isEmpty ? "; " : " ") + "GET /v1/scoring-functions lists all"
        case .addModel: "; GET /v1/models lists those that are, and the server's operator configures others"
        case .addPlugin: "; GET /v1/providers lists them"
        // The message says what a request can do.
        case .mapColumn, .mapColumns, .nameColumns, .nameJudge, nil: ""
        }
    }

    /// What is wrong with what a client sent in the place of HTTP.
    init(_ error: HTTPParserError) {
        switch error {
        case .headerOverflow:
            self = .invalid("the request's headers are larger than is allowed", code: "headers_too_large")
            status = .requestHeaderFieldsTooLarge
        case .invalidEOFState: self = .invalid("the request ends before its end", code: "invalid_http")
        default: self = .invalid("this is no valid HTTP/1.1: \(error.debugDescription)", code: "invalid_http")
        }
    }
}
