import JSON
import Logging
import ScorerHost

/// A request on its way through a handler.
struct Call: Sendable {
    var id: String
    /// The parts of the path that the route's template names, decoded.
    var parameters: [String: String]
    var query: [String: String]
    /// The body, if there is one, and `JSONParser.padding` zero bytes behind it.
    var bytes: [UInt8]
    var credentials: Credentials
    var output: ResponseStream
    /// Is cancelled when the client goes away.
    var cancellation: Cancellation
    var logger: Logger

    /// The identifier in the path.
    var identifier: String { parameters["id"] ?? "" }

    func body() throws(APIError) -> RequestBody { try RequestBody(padded: bytes) }

    /// A parameter of the query that is an integer.
    func integer(_ name: String, from least: Int) throws(APIError) -> Int? {
        guard let text = query[name], !text.isEmpty else { return nil }
        guard let number = Int(text), number >= least else {
            throw .invalid(
                "the parameter \(name) is \(quoted(text)); an integer from \(least) was expected",
                code: "invalid_parameter",
                at: name)
        }
        return number
    }
}
