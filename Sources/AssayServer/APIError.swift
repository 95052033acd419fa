import HTTPTypes
import JSON
import ScoringEngine
import Store

/// A request that is answered with an error: `{"error": {"message": …, "type": …, "code": …, "param": …}}`.
struct APIError: Error {
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
    /// Where a browser is sent instead.
    var location: String?

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

    static func tooLarge(_ message: String) -> APIError {
        APIError(
            status: .contentTooLarge, type: "invalid_request_error", code: "too_large", message: message)
    }

    static func busy(_ message: String) -> APIError {
        APIError(
            status: .tooManyRequests, type: "rate_limit_error", code: "too_many_requests", message: message,
            retryAfter: 1)
    }

    static func unavailable(_ message: String) -> APIError {
        APIError(
            status: .serviceUnavailable, type: "server_error", code: "unavailable", message: message, retryAfter: 1)
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
            case .full, .busy: self = .unavailable(error.message)
            default: return nil
            }
        case let error as EngineError:
            switch error.code {
            case .unknownFunction:
                self = .invalid(error.message, code: "unknown_scoring_function", at: "/scoring_functions")
            case .invalidDefinition:
                self = .invalid(error.message, code: "invalid_parameters", at: "/scoring_functions")
            case .missingColumn: self = .invalid(error.message, code: "missing_column")
            case .dataset: self = .invalid(error.message, code: "invalid_dataset")
            case .model: self = .invalid(error.message, code: "model_error")
            case .plugin: self = .invalid(error.message, code: "plugin_error", at: "/scoring_functions")
            case .resources: self = .unavailable(error.message)
            default: return nil
            }
        default: return nil
        }
    }
}
