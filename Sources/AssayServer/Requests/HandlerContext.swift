import Concurrency
import JSON
import Logging

/// A request as a handler sees it.
struct HandlerContext: Sendable {
    var id: String
    /// The path of the request, as it was sent.
    var path: Substring
    /// The parts of the path that the route's template names, decoded.
    var parameters: [String: String]
    var query: [String: String]
    /// The body, if there is one, and `JSONParser.padding` zero bytes behind it.
    var bytes: [UInt8]
    /// The cookies of the request, as its headers have them.
    var cookies: [String]
    var credentials: Credentials
    /// Which form of a response the client reads.
    var generation = APIGeneration.current
    var output: ResponseStream
    /// Is cancelled when the client disconnects.
    var cancellation: Cancellation
    var logger: Logger
    /// Its share of the memory of all requests.
    var hold: AdmissionHold

    /// Reserves memory that is used until the request is answered, for example for the response.
    func reserve(_ bytes: Int) throws(APIError) {
        guard hold.add(bytes: bytes) else {
            throw .busy(
                "the requests in progress use all the memory that is allowed; try again soon, with fewer rows, or use "
                    + "a dataset and score-batch, which needs no memory for rows")
        }
    }

    /// The identifier in the path.
    var identifier: String { parameters["id"] ?? "" }

    func body() throws(APIError) -> RequestBody { try RequestBody(padded: bytes) }

    /// An integer parameter of the query.
    func integer(_ name: String, from least: Int) throws(APIError) -> Int? {
        guard let text = query[name] else { return nil }
        guard let number = Int(text), number >= least else {
            throw .invalid(
                "the parameter \(name) is \(quoted(text)); expected an integer from \(least)",
                code: "invalid_parameter",
                at: name)
        }
        return number
    }
}

extension HandlerContext {
    /// A Boolean parameter of the query; false if it is missing.
    func flag(_ name: String) throws(APIError) -> Bool {
        guard let text = query[name], !text.isEmpty else { return false }
        guard let value = ["true": true, "1": true, "false": false, "0": false][text.lowercased()] else {
            throw .invalid(
                "the parameter \(name) is \(quoted(text)); expected true or false", code: "invalid_parameter",
                at: name)
        }
        return value
    }
}
