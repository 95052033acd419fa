import HTTPTypes
import JSON

/// A handler's whole response.
struct RouteResponse: Sendable {
    var status = HTTPResponse.Status.ok
    var contentType = RouteResponse.jsonType
    /// Further headers.
    var headers: HTTPFields = [:]
    var bytes: [UInt8]

    static let jsonType = "application/json"

    static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok) -> RouteResponse {
        RouteResponse(status: status, bytes: Array(value.text.utf8))
    }

    static func text(_ text: String, contentType: String) -> RouteResponse {
        RouteResponse(contentType: contentType, bytes: Array(text.utf8))
    }

    /// The response without content.
    static let null = json(.null)
}
